// The engine's own backend: its forward and backward over its kernels.
#pragma once

#include <map>
#include <memory>

#include "base/backend.h"
#include "model/core/packed_model.h"
#include "model/core/pass.h"
#include "model/core/positions.h"

namespace px::core {

class CoreBackend final : public Backend {
 public:
  CoreBackend(Ops& ops, px_dtype dtype) : ops_(ops), dtype_(dtype), memory_(ops) {}

  std::string describe() const override;
  void forward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs) override;
  void forward_backward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs,
                        const Upstream& upstream, Recompute recompute, GradientArena& gradients) override;
  std::unique_ptr<Decoder> decoder(const Model& model, int64_t slots) override;
  double measure_gemm(int64_t n, int32_t repeats) override;

 private:
  std::shared_ptr<PackedModel> packed_of(const Model& model);
  PositionTable& positions_for(const Descriptor& descriptor);

  Ops& ops_;
  const px_dtype dtype_;
  Descriptor described_;  // of the table at hand
  std::unique_ptr<PositionTable> positions_;
  PassMemory memory_;
};

}  // namespace px::core
