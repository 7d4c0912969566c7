#include "model/core/packed_model.h"

#include <algorithm>

namespace px::core {
namespace {

Linear linear_of(std::vector<Piece> pieces, int64_t in, bool transposed) {
  Linear linear;
  for (const Piece& piece : pieces) linear.out += piece.out;
  linear.pieces = std::move(pieces);
  linear.in = in;
  linear.transposed = transposed;
  return linear;
}

Linear query_key_value(const Descriptor& d, const LayerOffsets& l) {
  const int64_t query = d.heads * d.head_size;
  const int64_t key = d.kv_heads * d.head_size;
  if (l.query_key_value >= 0)
    return linear_of({{l.query_key_value, l.query_key_value_bias, query + 2 * key}}, d.hidden, d.transposed);
  return linear_of({{l.query, l.query_bias, query}, {l.key, l.key_bias, key}, {l.value, l.value_bias, key}}, d.hidden,
                   d.transposed);
}

Linear gate_up(const Descriptor& d, const LayerOffsets& l) {
  const Piece up{l.up, l.up_bias, d.intermediate};
  if (d.feed_forward == FeedForward::kGelu) return linear_of({up}, d.hidden, d.transposed);
  return linear_of({{l.gate, l.gate_bias, d.intermediate}, up}, d.hidden, d.transposed);
}

// The pieces as one matrix in memory, where they lie so already or when there is one alone.
bool together(const Linear& linear) {
  int64_t end = linear.pieces.front().offset;
  for (const Piece& piece : linear.pieces) {
    if (piece.offset != end) return false;
    end += piece.out * linear.in;
  }
  return linear.pieces.size() == 1 || !linear.transposed;
}

}  // namespace

PackedModel::PackedModel(const Weights& weights, px_dtype dtype) : dtype_(dtype) {
  const Descriptor& d = weights.descriptor();
  for (const LayerOffsets& l : weights.offsets().layers)
    layers_.push_back({query_key_value(d, l),
                       linear_of({{l.output, l.output_bias, d.hidden}}, d.heads * d.head_size, d.transposed),
                       gate_up(d, l), linear_of({{l.down, l.down_bias, d.hidden}}, d.intermediate, d.transposed)});
  if (weights.offsets().lm_head >= 0)
    head_ = linear_of({{weights.offsets().lm_head, -1, d.vocabulary}}, d.hidden, false);
}

template <class Visit>
void PackedModel::for_each_linear(const Visit& visit) {
  for (Layer& layer : layers_)
    for (Linear* linear : {&layer.query_key_value, &layer.output, &layer.gate_up, &layer.down}) visit(*linear);
  if (wanted_.head) visit(head_);
}

void PackedModel::refresh(const Cpu& cpu, const Weights& weights, Wanted wanted) {
  const bool more = (wanted.head && !wanted_.head) || (wanted.backward && !wanted_.backward);
  if (version_ == weights.version() && !more) return;
  wanted_ = {wanted_.head || wanted.head, wanted_.backward || wanted.backward};
  int64_t forward_words = 0, backward_words = 0, biases = 0;
  for_each_linear([&](const Linear& linear) {
    forward_words += kernels::packed_words(linear.out, linear.in, dtype_);
    backward_words += kernels::packed_words(linear.in, linear.out, dtype_);
    if (linear.has_bias()) biases += linear.out;
  });
  auto* forward = reinterpret_cast<uint32_t*>(forward_.reserve(static_cast<uint64_t>(forward_words) * 4));
  auto* backward = wanted_.backward
                       ? reinterpret_cast<uint32_t*>(backward_.reserve(static_cast<uint64_t>(backward_words) * 4))
                       : nullptr;
  auto* bias = reinterpret_cast<float*>(biases_.reserve(static_cast<uint64_t>(biases) * sizeof(float)));
  for_each_linear([&](Linear& linear) {
    linear.forward = {forward, linear.out, linear.in, dtype_};
    forward += kernels::packed_words(linear.out, linear.in, dtype_);
    if (wanted_.backward) {
      linear.backward = {backward, linear.in, linear.out, dtype_};
      backward += kernels::packed_words(linear.in, linear.out, dtype_);
    }
    linear.bias = linear.has_bias() ? bias : nullptr;
    for (const Piece& piece : linear.pieces)
      if (piece.bias >= 0) bias = std::copy_n(weights.data() + piece.bias, piece.out, bias);
    pack(cpu, weights, linear);
  });
  version_ = weights.version();
}

void PackedModel::pack(const Cpu& cpu, const Weights& weights, Linear& linear) {
  const float* matrix = weights.data() + linear.pieces.front().offset;
  std::vector<float> gathered;  // pieces that do not lie one behind the other
  bool transposed = linear.transposed;
  if (!together(linear)) {
    gathered.resize(static_cast<size_t>(linear.out * linear.in));
    float* to = gathered.data();
    for (const Piece& piece : linear.pieces) {
      const float* from = weights.data() + piece.offset;
      for (int64_t o = 0; o < piece.out; ++o)
        for (int64_t i = 0; i < linear.in; ++i) *to++ = transposed ? from[i * piece.out + o] : from[o * linear.in + i];
    }
    matrix = gathered.data();
    transposed = false;
  }
  const int64_t out_stride = transposed ? 1 : linear.in;
  const int64_t in_stride = transposed ? linear.out : 1;
  kernels::gemm_pack(cpu, {matrix, PX_DTYPE_F32, out_stride, in_stride}, linear.forward,
                     const_cast<uint32_t*>(linear.forward.words));
  if (linear.backward.words != nullptr)
    kernels::gemm_pack(cpu, {matrix, PX_DTYPE_F32, in_stride, out_stride}, linear.backward,
                       const_cast<uint32_t*>(linear.backward.words));
}

}  // namespace px::core
