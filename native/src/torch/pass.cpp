#include "torch/pass.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "torch/packed_attention.h"
#include "torch/tensors.h"
#include "torch/transformer.h"

namespace px::torch_backend {
namespace {

at::Tensor gathered(const float* upstream, const std::vector<int64_t>& entries) {
  if (upstream == nullptr) return {};
  const at::Tensor values = at::empty({static_cast<int64_t>(entries.size())}, at::kFloat);
  gather(upstream, entries, values.data_ptr<float>());
  return values;
}

void add_to(float* gradient, const at::Tensor& addend) {
  at::from_blob(gradient, addend.sizes(), at::TensorOptions().dtype(at::kFloat)).add_(addend);
}

}  // namespace

Pass::Pass(const Model& model, const Batch& batch, double temperature, PositionTable& positions, bool with_gradient)
    : model_(model),
      batch_(batch),
      temperature_(temperature),
      with_gradient_(with_gradient),
      parameters_(model, with_gradient),
      targets_(batch, model.head() == PX_HEAD_SCALAR) {
  const at::AutoGradMode mode(with_gradient);
  PackedAttention attention(model.descriptor(), batch.offsets);
  hidden_ = transformer(model.descriptor(), parameters_, int64_tensor(batch.tokens), positions.places(batch.positions),
                        attention);
}

void Pass::forward(const ForwardOutputs& outputs) {
  const at::NoGradGuard no_gradient;
  if (outputs.hidden != nullptr) std::ranges::copy(floats(hidden_), outputs.hidden);
  target_rows_ = int64_tensor(std::span<const int64_t>(targets_.rows));
  rows_ = at::index_select(hidden_.detach(), 0, target_rows_);
  if (model_.head() == PX_HEAD_LM)
    language_forward(outputs);
  else
    scalar_forward(outputs);
}

void Pass::language_forward(const ForwardOutputs& outputs) {
  language_head_ = std::make_unique<LanguageHead>(rows_, int64_tensor(std::span<const int32_t>(targets_.tokens)),
                                                  parameters_.head(), temperature_);
  if (outputs.logprob == nullptr && outputs.entropy == nullptr) return;
  language_head_->forward(outputs.entropy != nullptr, with_gradient_);
  scatter(floats(language_head_->logprob()), targets_.entries, batch_.count(), outputs.logprob);
  if (outputs.entropy != nullptr)
    scatter(floats(language_head_->entropy()), targets_.entries, batch_.count(), outputs.entropy);
}

void Pass::scalar_forward(const ForwardOutputs& outputs) {
  const at::Tensor values = scalar_head(rows_, parameters_.head());
  scatter(floats(values), targets_.entries, batch_.count(), outputs.value);
  scatter(floats(values).subspan(targets_.entries.size()), targets_.sequences, batch_.sequences(), outputs.score);
}

HeadGradient Pass::head_backward(const OutputGradients& upstream) const {
  if (model_.head() == PX_HEAD_LM)
    return language_head_->backward(gathered(upstream.logprob, targets_.entries),
                                    gathered(upstream.entropy, targets_.entries));
  const at::Tensor values = at::empty({static_cast<int64_t>(targets_.rows.size())}, at::kFloat);
  gather(upstream.value, targets_.entries, values.data_ptr<float>());
  gather(upstream.score, targets_.sequences, values.data_ptr<float>() + targets_.entries.size());
  return scalar_head_backward(rows_, parameters_.head(), values);
}

void Pass::backward(const OutputGradients& upstream, GradientArena& gradients) const {
  const bool any = upstream.logprob != nullptr || upstream.entropy != nullptr || upstream.value != nullptr ||
                   upstream.score != nullptr;
  if (!any || targets_.rows.empty()) return;
  HeadGradient head;
  at::Tensor d_hidden;
  {
    const at::NoGradGuard no_gradient;
    head = head_backward(upstream);
    d_hidden = at::zeros(hidden_.sizes(), at::kFloat).index_copy_(0, target_rows_, head.rows);
  }
  std::vector<at::Tensor> inputs;
  for (const Parameters::Leaf& leaf : parameters_.leaves()) inputs.push_back(leaf.tensor);
  const auto trunk = torch::autograd::grad({hidden_}, inputs, {d_hidden});

  const at::NoGradGuard no_gradient;
  gradients.partial = true;
  for (size_t i = 0; i < trunk.size(); ++i) add_to(gradients.data() + parameters_.leaves()[i].offset, trunk[i]);
  add_to(gradients.data() + parameters_.head_offset(), head.weight);
  gradients.partial = false;
}

}  // namespace px::torch_backend
