#include "model/core/backward.h"

#include <algorithm>

namespace px::core {

struct Backward::Memory {
  int64_t count = 0;            // N
  float* d_stream = nullptr;    // [N, H]
  Values d_stream_values;       // the same in the dtype of the products
  float* d_normed = nullptr;    // [N, H]
  float* d_attended = nullptr;  // [N, Hq D]
  float* d_qkv = nullptr;       // [N, (Hq + 2 Hkv) D]
  Values d_qkv_values;
  float* d_activated = nullptr;   // [N, F]
  Values d_gate_up;               // [N, 2 F]
  std::byte* products = nullptr;  // workspace of the linears' gradients
  std::byte* scratch = nullptr;   // of attention and of the norms' weight gradients
  uint64_t scratch_bytes = 0;
  Values normed;
  Values activated;
};

Backward::Memory Backward::plan(Plan& plan, int64_t n) const {
  const px_dtype dtype = packed_.dtype();
  const bool typed = dtype != PX_DTYPE_F32;
  Memory m;
  m.count = n;
  m.d_stream = plan.take<float>(n * d_.hidden);
  m.d_normed = plan.take<float>(n * d_.hidden);
  m.d_attended = plan.take<float>(n * d_.heads * d_.head_size);
  m.d_qkv = plan.take<float>(n * projected(d_));
  m.d_activated = plan.take<float>(n * d_.intermediate);
  m.d_gate_up = plan.take_values(n * features(d_), dtype);
  m.d_stream_values = typed ? plan.take_values(n * d_.hidden, dtype) : Values{m.d_stream, nullptr};
  m.d_qkv_values = typed ? plan.take_values(n * projected(d_), dtype) : Values{m.d_qkv, nullptr};
  uint64_t products = 0;
  for (const Layer& layer : packed_.layers())
    for (const Linear* linear : {&layer.query_key_value, &layer.output, &layer.gate_up, &layer.down})
      products = std::max(products, ops_.project_backward_bytes(*linear, n));
  m.products = plan.take<std::byte>(static_cast<int64_t>(products));
  m.scratch_bytes = std::max({attention_.backward_bytes(),
                              d_.norm == NormKind::kRms ? ops_.rmsnorm_backward_bytes(n, d_.hidden)
                                                        : ops_.layernorm_backward_bytes(n, d_.hidden),
                              ops_.rope_backward_bytes(n, d_.heads, d_.kv_heads, d_.head_size)});
  m.scratch = plan.take<std::byte>(static_cast<int64_t>(m.scratch_bytes));
  return m;
}

uint64_t Backward::bytes(int64_t count) const {
  Plan sizes;
  plan(sizes, count);
  return sizes.bytes();
}

void Backward::run(const Tokens& tokens, const TransformerRows& rows, float* d_hidden, std::byte* workspace) const {
  Plan memory(workspace);
  Memory m = plan(memory, rows.count);
  m.normed = rows.normed;
  m.activated = rows.activated;
  const TrunkOffsets& o = weights_.offsets();
  norm(rows.final_input, rows.final_statistics, o.final_norm, o.final_norm_bias, false, d_hidden, m);
  for (size_t l = rows.layers.size(); l-- > 0;) layer(l, tokens, rows, m);
  auto args = make_args<px_embedding_backward_args>();
  args.rows = rows.count;
  args.hidden = d_.hidden;
  args.vocabulary = d_.vocabulary;
  args.token = tokens.token;
  args.d_out = m.d_stream;
  args.d_table = gradient_ + o.embedding;
  ops_.embedding_backward(args);
  if (d_.position != PositionKind::kLearned) return;
  args.vocabulary = d_.context;
  args.token = tokens.position;
  args.d_table = gradient_ + o.position_embedding;
  ops_.embedding_backward(args);
}

void Backward::layer(size_t l, const Tokens& tokens, const TransformerRows& rows, const Memory& m) const {
  if (kept_ == Keep::kInputs) {
    transformer_.attend(l, tokens, rows, attention_);
    transformer_.close_attention(l, rows);
  }
  if (kept_ != Keep::kAll) transformer_.open_feed_forward(l, rows);
  feed_forward(l, rows.layers[l], m);
  if (kept_ == Keep::kStreams) transformer_.attend(l, tokens, rows, attention_);
  attention(l, tokens, rows.layers[l], m);
}

void Backward::feed_forward(size_t l, const LayerRows& rows, const Memory& m) const {
  const Layer& layer = packed_.layers()[l];
  const LayerOffsets& o = weights_.offsets().layers[l];
  transformer_.activate(rows, m.count, m.activated);
  linear(layer.down, m.activated, m.d_stream_values, m.d_activated, m);
  activate_back(rows, m);
  transformer_.normalise(rows.middle, m.count, o.post_norm, o.post_norm_bias, m.normed, {});
  linear(layer.gate_up, m.normed, m.d_gate_up, m.d_normed, m);
  norm(rows.middle, rows.middle_statistics, o.post_norm, o.post_norm_bias, true, m.d_normed, m);
}

void Backward::activate_back(const LayerRows& rows, const Memory& m) const {
  if (d_.feed_forward == FeedForward::kGelu) {
    auto args = make_args<px_gelu_backward_args>();
    args.count = m.count * d_.intermediate;
    args.x = rows.gate_up.f32;
    args.x_bf16 = rows.gate_up.bf16;
    args.d_out = m.d_activated;
    args.d_x = m.d_gate_up.f32;
    args.d_x_bf16 = m.d_gate_up.bf16;
    return ops_.gelu_backward(args);
  }
  auto args = make_args<px_swiglu_backward_args>();
  args.rows = m.count;
  args.features = d_.intermediate;
  args.gate_up = rows.gate_up.f32;
  args.gate_up_bf16 = rows.gate_up.bf16;
  args.d_out = m.d_activated;
  args.d_gate_up = m.d_gate_up.f32;
  args.d_gate_up_bf16 = m.d_gate_up.bf16;
  ops_.swiglu_backward(args);
}

void Backward::attention(size_t l, const Tokens& tokens, const LayerRows& rows, const Memory& m) const {
  const Layer& layer = packed_.layers()[l];
  const LayerOffsets& o = weights_.offsets().layers[l];
  linear(layer.output, rows.attended, m.d_stream_values, m.d_attended, m);
  attention_.backward(transformer_.attention_rows(l, rows), m.d_attended, m.d_qkv, m.scratch);
  turn_back(o, rows, tokens, m);
  transformer_.normalise(rows.input, m.count, o.input_norm, o.input_norm_bias, m.normed, {});
  linear(layer.query_key_value, m.normed, m.d_qkv_values, m.d_normed, m);
  norm(rows.input, rows.input_statistics, o.input_norm, o.input_norm_bias, true, m.d_normed, m);
}

void Backward::turn_back(const LayerOffsets& layer, const LayerRows& rows, const Tokens& tokens,
                         const Memory& m) const {
  if (d_.position != PositionKind::kRotary) {
    if (m.d_qkv_values.bf16 != nullptr) ops_.cast(m.d_qkv, m.count * projected(d_), m.d_qkv_values.bf16);
    return;
  }
  auto args = make_args<px_rope_backward_args>();
  args.rows = m.count;
  args.heads = d_.heads;
  args.kv_heads = d_.kv_heads;
  args.head_size = d_.head_size;
  args.positions = positions_.count();
  args.d_out = m.d_qkv;
  args.position = tokens.position;
  args.cos = positions_.cos();
  args.sin = positions_.sin();
  if (d_.head_norm) {
    args.query_norm = weights_.data() + layer.query_norm;
    args.key_norm = weights_.data() + layer.key_norm;
    args.x = rows.projected;
    args.rstd = rows.head_rstd;
    args.d_query_norm = gradient_ + layer.query_norm;
    args.d_key_norm = gradient_ + layer.key_norm;
    args.workspace = m.scratch;
    args.workspace_bytes = m.scratch_bytes;
  }
  args.d_x = m.d_qkv_values.f32;
  args.d_x_bf16 = m.d_qkv_values.bf16;
  ops_.rope_backward(args);
}

void Backward::norm(const float* x, const RowStatistics& statistics, int64_t weight, int64_t bias, bool add,
                    const float* d_out, const Memory& m) const {
  const auto fill = [&](auto args) {
    args.rows = m.count;
    args.hidden = d_.hidden;
    args.x = x;
    args.weight = weights_.data() + weight;
    args.rstd = statistics.rstd;
    args.d_out = d_out;
    args.d_x = m.d_stream;
    args.d_x_bf16 = m.d_stream_values.bf16;
    args.d_weight = gradient_ + weight;
    args.workspace = m.scratch;
    args.workspace_bytes = m.scratch_bytes;
    return args;
  };
  if (d_.norm == NormKind::kRms) {
    px_rmsnorm_backward_args args = fill(make_args<px_rmsnorm_backward_args>());
    args.flags = add ? PX_RMSNORM_ADD : 0;
    return ops_.rmsnorm_backward(args);
  }
  px_layernorm_backward_args args = fill(make_args<px_layernorm_backward_args>());
  args.flags = add ? PX_LAYERNORM_ADD : 0;
  args.mean = statistics.mean;
  args.d_bias = gradient_ + bias;
  ops_.layernorm_backward(args);
}

void Backward::linear(const Linear& linear, Values x, Values d_y, float* d_x, const Memory& m) const {
  ops_.project_backward(weights_.data(), linear, x, d_y, m.count, d_x, gradient_, m.products);
}

}  // namespace px::core
