#include "torch/transformer.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>

namespace px::torch_backend {
namespace {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  return x * at::rsqrt(at::mean(x * x, {-1}, true) + epsilon) * weight;
}

at::Tensor normalise(const at::Tensor& x, const Norm& norm, const Descriptor& d) {
  if (d.norm == NormKind::kLayer) return at::layer_norm(x, {d.hidden}, norm.weight, norm.bias, d.norm_epsilon);
  return rms_norm(x, norm.weight, d.norm_epsilon);
}

// One weight for all query heads, one for all key heads: [heads + kv_heads, D].
at::Tensor normalise_heads(const at::Tensor& query_key, const LayerParameters& layer, const Descriptor& d) {
  const at::Tensor weight =
      at::cat({layer.query_norm.expand({d.heads, d.head_size}), layer.key_norm.expand({d.kv_heads, d.head_size})});
  return rms_norm(query_key, weight, d.norm_epsilon);
}

at::Tensor embed(const Descriptor& d, const Parameters& parameters, const at::Tensor& tokens, const Places& places) {
  const at::Tensor embedded = at::embedding(parameters.embedding(), tokens);
  if (d.position == PositionKind::kRotary) return embedded;
  return embedded + at::embedding(parameters.position_embedding(), places.index);
}

at::Tensor self_attention(const Descriptor& d, const LayerParameters& layer, int64_t index, const at::Tensor& x,
                          const Places& places, AttentionContext& attention) {
  const int64_t turned_heads = d.heads + d.kv_heads;
  const at::Tensor projected = project(layer.query_key_value, normalise(x, layer.input_norm, d))
                                   .view({x.size(0), turned_heads + d.kv_heads, d.head_size});
  at::Tensor query_key = projected.narrow(1, 0, turned_heads);
  if (d.head_norm) query_key = normalise_heads(query_key, layer, d);
  if (d.position == PositionKind::kRotary) query_key = rotate(query_key, places.rotation);
  return attention.attend(index, query_key, projected.narrow(1, turned_heads, d.kv_heads));
}

// [N, F]
at::Tensor feed_forward(const Descriptor& d, const LayerParameters& layer, const at::Tensor& x) {
  const at::Tensor up = project(layer.gate_up, normalise(x, layer.post_norm, d));
  if (d.feed_forward == FeedForward::kGelu) return at::gelu(up, "tanh");
  return at::silu(up.narrow(1, 0, d.intermediate)) * up.narrow(1, d.intermediate, d.intermediate);
}

}  // namespace

at::Tensor transformer(const Descriptor& d, const Parameters& parameters, const at::Tensor& tokens,
                       const Places& places, AttentionContext& attention) {
  at::Tensor x = embed(d, parameters, tokens, places);  // [N, H]
  for (size_t i = 0; i < parameters.layers().size(); ++i) {
    const LayerParameters& layer = parameters.layers()[i];
    x = add_projected(x, layer.output, self_attention(d, layer, static_cast<int64_t>(i), x, places, attention));
    x = add_projected(x, layer.down, feed_forward(d, layer, x));
  }
  return normalise(x, parameters.final_norm(), d);
}

}  // namespace px::torch_backend
