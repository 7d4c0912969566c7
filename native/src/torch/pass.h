// One forward pass over a batch, and the backward pass through it.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "base/backend.h"
#include "model/targets.h"
#include "torch/heads.h"
#include "torch/parameters.h"
#include "torch/rope.h"

namespace px::torch_backend {

class Pass {
 public:
  Pass(const Model& model, const Batch& batch, double temperature, PositionTable& positions, bool with_gradient);

  // Computes and writes what is asked for.
  void forward(const ForwardOutputs& outputs);

  // Adds to the gradients once everything is computed.
  void backward(const OutputGradients& upstream, GradientArena& gradients) const;

 private:
  void language_forward(const ForwardOutputs& outputs);
  void scalar_forward(const ForwardOutputs& outputs);
  HeadGradient head_backward(const OutputGradients& upstream) const;

  const Model& model_;
  const Batch& batch_;
  double temperature_;
  bool with_gradient_;
  Parameters parameters_;
  at::Tensor hidden_;  // [N, H]
  Targets targets_;
  at::Tensor target_rows_;  // targets_.rows as a tensor
  at::Tensor rows_;         // hidden_ at targets_.rows
  std::unique_ptr<LanguageHead> language_head_;
};

}  // namespace px::torch_backend
