#include "torch/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>

namespace px::torch_backend {
namespace {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  return x * at::rsqrt(at::mean(x * x, {-1}, true) + epsilon) * weight;
}

at::Tensor swiglu(const at::Tensor& gate_up, int64_t intermediate) {
  return at::silu(gate_up.narrow(1, 0, intermediate)) * gate_up.narrow(1, intermediate, intermediate);
}

}  // namespace

at::Tensor transformer(const Descriptor& d, const Parameters& parameters, const at::Tensor& tokens,
                       const Rotation& rotation, AttentionContext& attention) {
  const int64_t count = tokens.size(0);
  const int64_t rotated_heads = d.heads + d.kv_heads;
  at::Tensor x = at::embedding(parameters.embedding(), tokens);  // [N, H]
  for (size_t i = 0; i < parameters.layers().size(); ++i) {
    const LayerParameters& layer = parameters.layers()[i];
    const at::Tensor projected = project(layer.query_key_value, rms_norm(x, layer.input_norm, d.norm_epsilon))
                                     .view({count, rotated_heads + d.kv_heads, d.head_size});
    const at::Tensor query_key = rotate(projected.narrow(1, 0, rotated_heads), rotation);
    const at::Tensor value = projected.narrow(1, rotated_heads, d.kv_heads);
    x = add_projected(x, layer.output, attention.attend(static_cast<int64_t>(i), query_key, value));
    const at::Tensor gate_up = project(layer.gate_up, rms_norm(x, layer.post_norm, d.norm_epsilon));  // [N, 2F]
    x = add_projected(x, layer.down, swiglu(gate_up, d.intermediate));
  }
  return rms_norm(x, parameters.final_norm(), d.norm_epsilon);
}

}  // namespace px::torch_backend
