#include "model/core/transformer.h"

#include <cmath>

namespace px::core {
namespace {

RowStatistics take_statistics(Plan& plan, const Descriptor& d, int64_t count) {
  return {d.norm == NormKind::kLayer ? plan.take<float>(count) : nullptr, plan.take<float>(count)};
}

// What `keep` says to keep goes to the layer's own rows, the rest to what the layers share.
void plan_streams(Plan& plan, const Descriptor& d, int64_t count, Keep keep, LayerRows& rows, bool own) {
  if ((keep >= Keep::kInputs) == own) {
    rows.input_statistics = take_statistics(plan, d, count);
    rows.output = plan.take<float>(count * d.hidden);
  }
  if ((keep >= Keep::kStreams) == own) {
    rows.middle_statistics = take_statistics(plan, d, count);
    rows.middle = plan.take<float>(count * d.hidden);
  }
}

void plan_inner(Plan& plan, const Descriptor& d, int64_t count, px_dtype dtype, bool backward, LayerRows& rows) {
  rows.qkv = plan.take<float>(count * projected(d));
  rows.attended = plan.take_values(count * d.heads * d.head_size, dtype);
  // Without a backward pass gelu is the product's own business.
  if (backward || d.feed_forward != FeedForward::kGelu) rows.gate_up = plan.take_values(count * features(d), dtype);
  if (!backward) return;
  rows.lse = plan.take<float>(count * d.heads);
  if (!d.head_norm) return;
  rows.projected = plan.take<float>(count * projected(d));
  rows.head_rstd = plan.take<float>(count * (d.heads + d.kv_heads));
}

}  // namespace

TransformerRows plan_rows(Plan& plan, const Descriptor& d, int64_t count, px_dtype dtype, Keep keep,
                          const Attention& attention) {
  TransformerRows rows;
  rows.count = count;
  rows.normed = plan.take_values(count * d.hidden, dtype);
  rows.activated = plan.take_values(count * d.intermediate, dtype);
  rows.attention = plan.take<std::byte>(static_cast<int64_t>(attention.forward_bytes()));
  float* stream = plan.take<float>(count * d.hidden);
  LayerRows shared;
  if (keep != Keep::kAll) plan_inner(plan, d, count, dtype, keep != Keep::kNothing, shared);
  if (keep == Keep::kNothing) {
    shared.middle = shared.output = stream;
  } else {
    rows.final_statistics = take_statistics(plan, d, count);
    plan_streams(plan, d, count, keep, shared, false);
  }
  for (int64_t l = 0; l < d.layers; ++l) {
    LayerRows layer = shared;
    if (keep == Keep::kAll) plan_inner(plan, d, count, dtype, true, layer);
    if (keep != Keep::kNothing) plan_streams(plan, d, count, keep, layer, true);
    layer.input = stream;
    stream = layer.output;
    rows.layers.push_back(layer);
  }
  rows.final_input = stream;
  return rows;
}

kernels::AttentionShape attention_shape(const Descriptor& d, px_dtype dtype) {
  return {d.heads, d.kv_heads, d.head_size, dtype};
}

void Transformer::forward(const Tokens& tokens, const TransformerRows& rows, Attention& attention) const {
  embed(tokens, const_cast<float*>(rows.layers.empty() ? rows.final_input : rows.layers.front().input));
  for (size_t l = 0; l < rows.layers.size(); ++l) {
    attend(l, tokens, rows, attention);
    close_attention(l, rows);
    open_feed_forward(l, rows);
    close_feed_forward(l, rows);
  }
}

void Transformer::attend(size_t l, const Tokens& tokens, const TransformerRows& rows, Attention& attention) const {
  const LayerRows& r = rows.layers[l];
  const LayerOffsets& o = weights_.offsets().layers[l];
  normalise(r.input, rows.count, o.input_norm, o.input_norm_bias, rows.normed, r.input_statistics);
  ops_.project(packed_.layers()[l].query_key_value, rows.normed, rows.count, nullptr,
               {r.projected != nullptr ? r.projected : r.qkv});
  turn(tokens, o, r);
  attention.forward(attention_rows(l, r), rows.attention);
}

AttentionRows Transformer::attention_rows(size_t l, const LayerRows& rows) const {
  const auto layer = static_cast<int64_t>(l);
  return {layer,
          static_cast<float>(1.0 / std::sqrt(static_cast<double>(d_.head_size))),
          d_.window(layer),
          rows.qkv,
          rows.attended,
          rows.lse};
}

void Transformer::close_attention(size_t l, const TransformerRows& rows) const {
  const LayerRows& r = rows.layers[l];
  ops_.project(packed_.layers()[l].output, r.attended, rows.count, r.input, {r.middle});
}

void Transformer::open_feed_forward(size_t l, const TransformerRows& rows) const {
  const LayerRows& r = rows.layers[l];
  const LayerOffsets& o = weights_.offsets().layers[l];
  normalise(r.middle, rows.count, o.post_norm, o.post_norm_bias, rows.normed, r.middle_statistics);
  const Linear& linear = packed_.layers()[l].gate_up;
  if (r.gate_up.data() == nullptr)
    ops_.project_gelu(linear, rows.normed, rows.count, rows.activated);
  else
    ops_.project(linear, rows.normed, rows.count, nullptr, r.gate_up);
}

void Transformer::close_feed_forward(size_t l, const TransformerRows& rows) const {
  const LayerRows& r = rows.layers[l];
  if (r.gate_up.data() != nullptr) activate(r, rows.count, rows.activated);
  ops_.project(packed_.layers()[l].down, rows.activated, rows.count, r.middle, {r.output});
}

void Transformer::final_norm(const float* x, int64_t count, Values out, const RowStatistics& statistics) const {
  const TrunkOffsets& o = weights_.offsets();
  normalise(x, count, o.final_norm, o.final_norm_bias, out, statistics);
}

void Transformer::embed(const Tokens& tokens, float* out) const {
  auto args = make_args<px_embedding_args>();
  args.rows = tokens.count;
  args.hidden = d_.hidden;
  args.vocabulary = d_.vocabulary;
  args.token = tokens.token;
  args.table = weights_.data() + weights_.offsets().embedding;
  if (d_.position == PositionKind::kLearned) {
    args.positions = d_.context;
    args.position = tokens.position;
    args.position_table = weights_.data() + weights_.offsets().position_embedding;
  }
  args.out = out;
  ops_.embedding(args);
}

void Transformer::normalise(const float* x, int64_t count, int64_t weight, int64_t bias, Values out,
                            const RowStatistics& statistics) const {
  const auto fill = [&](auto args) {
    args.rows = count;
    args.hidden = d_.hidden;
    args.x = x;
    args.weight = weights_.data() + weight;
    args.epsilon = d_.norm_epsilon;
    args.out = out.f32;
    args.out_bf16 = out.bf16;
    args.rstd = statistics.rstd;
    return args;
  };
  if (d_.norm == NormKind::kRms) return ops_.rmsnorm(fill(make_args<px_rmsnorm_args>()));
  px_layernorm_args args = fill(make_args<px_layernorm_args>());
  args.bias = weights_.data() + bias;
  args.mean = statistics.mean;
  ops_.layernorm(args);
}

void Transformer::turn(const Tokens& tokens, const LayerOffsets& layer, const LayerRows& rows) const {
  if (d_.position != PositionKind::kRotary) return;
  auto args = make_args<px_rope_args>();
  args.rows = tokens.count;
  args.heads = d_.heads;
  args.kv_heads = d_.kv_heads;
  args.head_size = d_.head_size;
  args.positions = positions_.count();
  args.x = rows.projected != nullptr ? rows.projected : rows.qkv;
  args.position = tokens.position;
  args.cos = positions_.cos();
  args.sin = positions_.sin();
  if (d_.head_norm) {
    args.query_norm = weights_.data() + layer.query_norm;
    args.key_norm = weights_.data() + layer.key_norm;
    args.epsilon = d_.norm_epsilon;
    args.rstd = rows.head_rstd;
  }
  args.out = rows.qkv;
  ops_.rope(args);
}

void Transformer::activate(const LayerRows& rows, int64_t count, Values out) const {
  if (d_.feed_forward == FeedForward::kGelu) {
    auto args = make_args<px_gelu_args>();
    args.count = count * d_.intermediate;
    args.x = rows.gate_up.f32;
    args.x_bf16 = rows.gate_up.bf16;
    args.out = out.f32;
    args.out_bf16 = out.bf16;
    return ops_.gelu(args);
  }
  auto args = make_args<px_swiglu_args>();
  args.rows = count;
  args.features = d_.intermediate;
  args.gate_up = rows.gate_up.f32;
  args.gate_up_bf16 = rows.gate_up.bf16;
  args.out = out.f32;
  args.out_bf16 = out.bf16;
  ops_.swiglu(args);
}

}  // namespace px::core
