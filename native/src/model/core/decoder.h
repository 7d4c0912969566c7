// Decoding over paged caches, with the forward pass of training.
#pragma once

#include <vector>

#include "base/backend.h"
#include "base/cpu.h"
#include "model/core/cache.h"
#include "model/core/packed_model.h"
#include "model/core/positions.h"
#include "model/core/transformer.h"

namespace px::core {

class CoreDecoder final : public Decoder {
 public:
  CoreDecoder(const Cpu& cpu, const Model& model, std::shared_ptr<PackedModel> packed, int64_t slots);
  void extend(std::span<const Extension> extensions, float* logits) override;
  float logprob(const float* logits, double temperature, int32_t token) const override;
  void drop(int64_t slot) override;
  uint64_t bytes() const override { return pool_.bytes(); }

 private:
  const Cpu cpu_;
  const Model& model_;
  const std::shared_ptr<PackedModel> packed_;
  PositionTable positions_;
  PagePool pool_;
  std::vector<PageTable> slots_;
  Buffer rows_;
  Buffer workspace_;
};

}  // namespace px::core
