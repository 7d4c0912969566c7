// The model through LibTorch.
#pragma once

#include <memory>

#include "base/backend.h"
#include "torch/rope.h"

namespace px::torch_backend {

class TorchBackend final : public Backend {
 public:
  explicit TorchBackend(int32_t threads);
  std::string describe() const override;
  void forward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs) override;
  void forward_backward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs,
                        const Upstream& upstream, Recompute recompute, GradientArena& gradients) override;
  std::unique_ptr<Decoder> decoder(const Model& model, int64_t slots) override;
  double measure_gemm(int64_t n, int32_t repeats) override;

 private:
  std::shared_ptr<PositionTable> positions_for(const Descriptor& descriptor);

  int32_t threads_;
  std::shared_ptr<PositionTable> positions_;  // of the model used last
};

}  // namespace px::torch_backend
