#include "model/core/backward.h"

#include <algorithm>

#include "kernels/attention/attention.h"
#include "kernels/cast/cast.h"
#include "kernels/embedding/embedding.h"
#include "kernels/gelu/gelu.h"
#include "kernels/layernorm/layernorm.h"
#include "kernels/reduce/reduce.h"
#include "kernels/rmsnorm/rmsnorm.h"
#include "kernels/rope/rope.h"
#include "kernels/swiglu/swiglu.h"

namespace px::core {
namespace {

// Rows whose products make a part of a weight's gradient: what is packed of them stays in the second cache.
constexpr int64_t kGradientRows = 1024;

kernels::PackedSequences sequences_of(std::span<const int64_t> offsets) {
  return {offsets.data(), static_cast<int64_t>(offsets.size()) - 1};
}

}  // namespace

struct Backward::Memory {
  int64_t count = 0;            // N
  float* d_stream = nullptr;    // [N, H]
  Values d_stream_values;       // the same in the dtype of the products
  float* d_normed = nullptr;    // [N, H]
  float* d_attended = nullptr;  // [N, Hq D]
  float* d_qkv = nullptr;       // [N, (Hq + 2 Hkv) D]
  Values d_qkv_values;
  float* d_activated = nullptr;  // [N, F]
  Values d_gate_up;              // [N, 2 F]
  uint32_t* pairs = nullptr;     // a gradient's rows side by side, for weight gradients
  uint32_t* packed = nullptr;    // a linear's input or gradient, likewise
  uint32_t* weights = nullptr;   // a linear's, as [in, out]
  std::byte* attention = nullptr;  // workspace of a forward pass through attention
  std::byte* scratch = nullptr;  // of attention and of the norms' weight gradients
  uint64_t scratch_bytes = 0;
  Values normed;
  Values activated;
};

Backward::Memory Backward::plan(Plan& plan, int64_t n, std::span<const int64_t> offsets) const {
  const px_dtype dtype = packed_.dtype();
  const bool typed = dtype != PX_DTYPE_F32;
  Memory m;
  m.count = n;
  m.d_stream = plan.take<float>(n * d_.hidden);
  m.d_normed = plan.take<float>(n * d_.hidden);
  m.d_attended = plan.take<float>(n * d_.heads * d_.head_size);
  m.d_qkv = plan.take<float>(n * projected(d_));
  m.d_activated = plan.take<float>(n * d_.intermediate);
  m.d_gate_up = take_values(plan, n * features(d_), dtype);
  m.d_stream_values = typed ? take_values(plan, n * d_.hidden, dtype) : Values{m.d_stream, nullptr};
  m.d_qkv_values = typed ? take_values(plan, n * projected(d_), dtype) : Values{m.d_qkv, nullptr};
  const int64_t rows = std::min(n, kGradientRows);
  const int64_t widest = std::max({features(d_), projected(d_), d_.hidden, d_.heads * d_.head_size, d_.intermediate});
  if (typed) m.pairs = plan.take<uint32_t>((rows + 1) / 2 * widest);
  m.packed = plan.take<uint32_t>(kernels::packed_words(widest, rows, dtype));
  int64_t words = 0;
  for (const Layer& layer : packed_.layers())
    for (const Linear* linear : {&layer.query_key_value, &layer.output, &layer.gate_up, &layer.down})
      words = std::max(words, packed_.transposed_words(*linear));
  m.weights = plan.take<uint32_t>(words);
  if (kept_ != Keep::kAll)
    m.attention = plan.take<std::byte>(static_cast<int64_t>(PackedContext(cpu_, d_, dtype, offsets).bytes()));
  m.scratch_bytes = std::max({kernels::packed_attention_backward_workspace(attention_shape(d_, dtype),
                                                                           sequences_of(offsets), cpu_.pool.threads()),
                              d_.norm == NormKind::kRms ? kernels::rmsnorm_backward_workspace(n, d_.hidden)
                                                        : kernels::layernorm_backward_workspace(n, d_.hidden),
                              kernels::rope_backward_workspace(n, d_.heads, d_.kv_heads, d_.head_size)});
  m.scratch = plan.take<std::byte>(static_cast<int64_t>(m.scratch_bytes));
  return m;
}

uint64_t Backward::bytes(int64_t count, std::span<const int64_t> offsets) const {
  Plan sizes;
  plan(sizes, count, offsets);
  return sizes.bytes();
}

void Backward::run(std::span<const int32_t> tokens, std::span<const int32_t> positions,
                   std::span<const int64_t> offsets, const TransformerRows& rows, float* d_hidden,
                   std::byte* workspace) const {
  Plan memory(workspace);
  Memory m = plan(memory, rows.count, offsets);
  m.normed = rows.normed;
  m.activated = rows.activated;
  const TrunkOffsets& o = weights_.offsets();
  norm(rows.final_input, rows.final_statistics, o.final_norm, o.final_norm_bias, false, d_hidden, m);
  PackedContext context(cpu_, d_, packed_.dtype(), offsets);
  context.set_workspace(m.attention);
  for (size_t l = rows.layers.size(); l-- > 0;) layer(l, positions, offsets, rows, context, m);
  auto args = make_args<px_embedding_backward_args>();
  args.rows = rows.count;
  args.hidden = d_.hidden;
  args.vocabulary = d_.vocabulary;
  args.token = tokens.data();
  args.d_out = m.d_stream;
  args.d_table = gradient_ + o.embedding;
  kernels::embedding_backward(cpu_, args);
  if (d_.position != PositionKind::kLearned) return;
  args.vocabulary = d_.context;
  args.token = positions.data();
  args.d_table = gradient_ + o.position_embedding;
  kernels::embedding_backward(cpu_, args);
}

void Backward::layer(size_t l, std::span<const int32_t> positions, std::span<const int64_t> offsets,
                     const TransformerRows& rows, PackedContext& context, const Memory& m) const {
  const Layer& layer = packed_.layers()[l];
  const LayerOffsets& places = weights_.offsets().layers[l];
  if (kept_ == Keep::kInputs) {
    transformer_.attend(l, positions, rows, context);
    transformer_.close_attention(l, rows);
  }
  if (kept_ != Keep::kAll) transformer_.open_feed_forward(l, rows);
  feed_forward(layer, places, rows.layers[l], m);
  if (kept_ == Keep::kStreams) transformer_.attend(l, positions, rows, context);
  attention(layer, places, static_cast<int64_t>(l), rows.layers[l], positions, offsets, m);
}

void Backward::feed_forward(const Layer& layer, const LayerOffsets& offsets, const LayerRows& rows,
                            const Memory& m) const {
  transformer_.activate(rows, m.count, m.activated);
  linear(layer.down, m.activated, m.d_stream_values, m.d_activated, m);
  activate_back(rows, m);
  transformer_.normalise(rows.middle, m.count, offsets.post_norm, offsets.post_norm_bias, m.normed, {});
  linear(layer.gate_up, m.normed, m.d_gate_up, m.d_normed, m);
  norm(rows.middle, rows.middle_statistics, offsets.post_norm, offsets.post_norm_bias, true, m.d_normed, m);
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
    return kernels::gelu_backward(cpu_, args);
  }
  auto args = make_args<px_swiglu_backward_args>();
  args.rows = m.count;
  args.features = d_.intermediate;
  args.gate_up = rows.gate_up.f32;
  args.gate_up_bf16 = rows.gate_up.bf16;
  args.d_out = m.d_activated;
  args.d_gate_up = m.d_gate_up.f32;
  args.d_gate_up_bf16 = m.d_gate_up.bf16;
  kernels::swiglu_backward(cpu_, args);
}

void Backward::attention(const Layer& layer, const LayerOffsets& offsets, int64_t index, const LayerRows& rows,
                         std::span<const int32_t> positions, std::span<const int64_t> sequences,
                         const Memory& m) const {
  linear(layer.output, rows.attended, m.d_stream_values, m.d_attended, m);
  const kernels::AttentionArgs forward = attention_args(d_, packed_.dtype(), index, rows, nullptr);
  kernels::AttentionGradientArgs args;
  args.shape = forward.shape;
  args.scale = forward.scale;
  args.window = forward.window;
  args.qkv = forward.qkv;
  args.qkv_stride = args.d_qkv_stride = forward.qkv_stride;
  args.out = forward.out;
  args.out_bf16 = forward.out_bf16;
  args.out_stride = args.d_out_stride = forward.out_stride;
  args.lse = forward.lse;
  args.d_out = m.d_attended;
  args.d_qkv = m.d_qkv;
  args.workspace = m.scratch;
  kernels::packed_attention_backward(cpu_, args, sequences_of(sequences));
  turn_back(offsets, rows, positions, m);
  transformer_.normalise(rows.input, m.count, offsets.input_norm, offsets.input_norm_bias, m.normed, {});
  linear(layer.query_key_value, m.normed, m.d_qkv_values, m.d_normed, m);
  norm(rows.input, rows.input_statistics, offsets.input_norm, offsets.input_norm_bias, true, m.d_normed, m);
}

void Backward::turn_back(const LayerOffsets& layer, const LayerRows& rows, std::span<const int32_t> positions,
                         const Memory& m) const {
  if (d_.position != PositionKind::kRotary) {
    if (m.d_qkv_values.bf16 != nullptr) kernels::cast(cpu_, m.d_qkv, m.count * projected(d_), m.d_qkv_values.bf16);
    return;
  }
  auto args = make_args<px_rope_backward_args>();
  args.rows = m.count;
  args.heads = d_.heads;
  args.kv_heads = d_.kv_heads;
  args.head_size = d_.head_size;
  args.positions = positions_.count();
  args.d_out = m.d_qkv;
  args.position = positions.data();
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
  kernels::rope_backward(cpu_, args);
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
    return kernels::rmsnorm_backward(cpu_, args);
  }
  px_layernorm_backward_args args = fill(make_args<px_layernorm_backward_args>());
  args.flags = add ? PX_LAYERNORM_ADD : 0;
  args.mean = statistics.mean;
  args.d_bias = gradient_ + bias;
  kernels::layernorm_backward(cpu_, args);
}

void Backward::linear(const Linear& linear, Values x, Values d_y, float* d_x, const Memory& m) const {
  weight_gradient(linear, x, d_y, m);
  bias_gradient(linear, d_y, m.count);
  kernels::GemmArgs args;
  args.x = kernels::rows_of(d_y.data(), m.count, linear.out, packed_.dtype());
  args.weights = packed_.transpose(cpu_, weights_, linear, m.weights);
  args.out = d_x;
  args.out_stride = linear.in;
  kernels::gemm(cpu_, args);
}

// Of a matrix [out, in]: columns of d_y times x. Of one that lies [in, out]: columns of x times d_y.
void Backward::weight_gradient(const Linear& linear, Values x, Values d_y, const Memory& m) const {
  const px_dtype dtype = packed_.dtype();
  const int64_t across = linear.transposed ? linear.in : linear.out;
  const int64_t along = linear.transposed ? linear.out : linear.in;
  const Values columns = linear.transposed ? x : d_y;
  const Values rows = linear.transposed ? d_y : x;
  for (int64_t first = 0; first < m.count; first += kGradientRows) {
    const int64_t count = std::min(kGradientRows, m.count - first);
    const auto at = [first](Values v, int64_t width) {
      return Values{v.f32 != nullptr ? v.f32 + first * width : nullptr,
                    v.bf16 != nullptr ? v.bf16 + first * width : nullptr};
    };
    const void* words = at(columns, across).data();
    if (dtype == PX_DTYPE_BF16) {
      kernels::gemm_interleave(cpu_, words, dtype, count, across, across, m.pairs);
      words = m.pairs;
    }
    kernels::GemmArgs args;
    args.weights =
        kernels::gemm_pack(cpu_, {at(rows, along).data(), dtype, 1, along}, {nullptr, along, count, dtype}, m.packed);
    args.out_stride = along;
    const auto* from = static_cast<const uint32_t*>(words);
    for (const Piece& piece : linear.pieces) {
      const int64_t height = linear.transposed ? linear.in : piece.out;
      args.x = kernels::columns_of(from, height, across);
      args.out = gradient_ + piece.offset;
      args.residual = args.out;
      kernels::gemm(cpu_, args);
      from += height;
    }
  }
}

void Backward::bias_gradient(const Linear& linear, Values d_y, int64_t count) const {
  if (!linear.has_bias()) return;
  int64_t column = 0;
  for (const Piece& piece : linear.pieces) {
    kernels::add_column_sums(cpu_, d_y.f32, d_y.bf16, count, linear.out, column, piece.out, gradient_ + piece.bias);
    column += piece.out;
  }
}

}  // namespace px::core
