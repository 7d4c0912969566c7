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

// A linear's pieces as one matrix: as they lie, or gathered where they do not lie one behind the other.
class Matrix {
 public:
  Matrix(const Weights& weights, const Linear& linear)
      : data_(weights.data() + linear.pieces.front().offset), linear_(linear), transposed_(linear.transposed) {
    if (!together()) gather(weights);
  }

  kernels::Unpacked by_rows() const { return {data_, PX_DTYPE_F32, row_stride(), column_stride()}; }      // [out, in]
  kernels::Unpacked by_columns() const { return {data_, PX_DTYPE_F32, column_stride(), row_stride()}; }  // [in, out]

 private:
  int64_t row_stride() const { return transposed_ ? 1 : linear_.in; }
  int64_t column_stride() const { return transposed_ ? linear_.out : 1; }

  bool together() const {
    int64_t end = linear_.pieces.front().offset;
    for (const Piece& piece : linear_.pieces) {
      if (piece.offset != end) return false;
      end += piece.out * linear_.in;
    }
    return linear_.pieces.size() == 1 || !linear_.transposed;
  }

  void gather(const Weights& weights) {
    gathered_.resize(static_cast<size_t>(linear_.out * linear_.in));
    float* to = gathered_.data();
    for (const Piece& piece : linear_.pieces) {
      const float* from = weights.data() + piece.offset;
      for (int64_t o = 0; o < piece.out; ++o)
        for (int64_t i = 0; i < linear_.in; ++i)
          *to++ = transposed_ ? from[i * piece.out + o] : from[o * linear_.in + i];
    }
    data_ = gathered_.data();
    transposed_ = false;
  }

  const float* data_;
  const Linear& linear_;
  bool transposed_;
  std::vector<float> gathered_;
};

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
  const bool more = (wanted.head && !wanted_.head) || (wanted.head_transposed && !wanted_.head_transposed);
  if (version_ == weights.version() && !more) return;
  wanted_ = {wanted_.head || wanted.head, wanted_.head_transposed || wanted.head_transposed};
  int64_t all_words = 0, biases = 0;
  for_each_linear([&](const Linear& linear) {
    all_words += kernels::packed_words(linear.out, linear.in, dtype_);
    if (linear.has_bias()) biases += linear.out;
  });
  auto* words = reinterpret_cast<uint32_t*>(words_.reserve(static_cast<uint64_t>(all_words) * sizeof(uint32_t)));
  auto* bias = reinterpret_cast<float*>(biases_.reserve(static_cast<uint64_t>(biases) * sizeof(float)));
  for_each_linear([&](Linear& linear) {
    const Matrix matrix(weights, linear);
    linear.packed = kernels::gemm_pack(cpu, matrix.by_rows(), {nullptr, linear.out, linear.in, dtype_}, words);
    words += kernels::packed_words(linear.out, linear.in, dtype_);
    linear.bias = linear.has_bias() ? bias : nullptr;
    for (const Piece& piece : linear.pieces)
      if (piece.bias >= 0) bias = std::copy_n(weights.data() + piece.bias, piece.out, bias);
  });
  if (wanted_.head_transposed) {
    const auto bytes = static_cast<uint64_t>(transposed_words(head_)) * sizeof(uint32_t);
    head_transposed_ = transpose(cpu, weights, head_, reinterpret_cast<uint32_t*>(transposed_.reserve(bytes)));
  }
  version_ = weights.version();
}

kernels::Packed PackedModel::transpose(const Cpu& cpu, const Weights& weights, const Linear& linear,
                                       uint32_t* words) const {
  const Matrix matrix(weights, linear);
  return kernels::gemm_pack(cpu, matrix.by_columns(), {nullptr, linear.in, linear.out, dtype_}, words);
}

}  // namespace px::core
