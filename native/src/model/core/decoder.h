// Decoding over paged caches, with the forward pass of training. What sequences have in common at their beginning is
// computed once: whole pages, and whole prompts that begin in the same step.
#pragma once

#include <vector>

#include "base/backend.h"
#include "model/core/cache.h"
#include "model/core/packed_model.h"
#include "model/core/positions.h"
#include "model/core/transformer.h"

namespace px::core {

class CoreDecoder final : public Decoder {
 public:
  CoreDecoder(Ops& ops, const Model& model, std::shared_ptr<PackedModel> packed, int64_t slots);
  void limit(uint64_t bytes) override { pool_.limit(bytes); }
  uint64_t bytes_of(int64_t tokens) const override;
  size_t reserve(std::span<const Extension> extensions) override;
  void extend(std::span<const Extension> extensions, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
              std::span<TokenScore> scores) override;
  void drop(int64_t slot) override;
  uint64_t bytes() const override { return pool_.bytes(); }
  DecoderCounts counts() const override { return counts_; }

 private:
  // Rows of some extensions: what one pass computes.
  struct Rows;

  PageTable& table_of(const Extension& extension) { return slots_[static_cast<size_t>(extension.slot)]; }
  void follow_weights();
  std::vector<size_t> leaders_of(std::span<const Extension> extensions) const;
  void compute(std::span<const Extension> extensions, const std::vector<size_t>& leaders, float* last);
  void pass(const Rows& step, float* last);
  void draw(const float* last, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
            std::span<TokenScore> scores);
  void follow(const Extension& leader, const Extension& extension);

  Ops& ops_;
  const Model& model_;
  const std::shared_ptr<PackedModel> packed_;
  PositionTable positions_;
  PagePool pool_;
  std::vector<PageTable> slots_;
  int64_t version_ = -1;  // of the weights that the texts of the pool come from
  DecoderCounts counts_;
  Buffer rows_;
  Buffer last_;
};

}  // namespace px::core
