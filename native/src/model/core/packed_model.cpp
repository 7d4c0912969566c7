#include "model/core/packed_model.h"

namespace px::core {
namespace {

Linear linear_of(std::vector<Piece> pieces, int64_t in, bool transposed, px_dtype dtype) {
  Linear linear;
  for (const Piece& piece : pieces) linear.out += piece.out;
  linear.pieces = std::move(pieces);
  linear.in = in;
  linear.transposed = transposed;
  linear.dtype = dtype;
  return linear;
}

Linear query_key_value(const Descriptor& d, const LayerOffsets& l, px_dtype dtype) {
  const int64_t query = d.heads * d.head_size;
  const int64_t key = d.kv_heads * d.head_size;
  if (l.query_key_value >= 0)
    return linear_of({{l.query_key_value, l.query_key_value_bias, query + 2 * key}}, d.hidden, d.transposed, dtype);
  return linear_of({{l.query, l.query_bias, query}, {l.key, l.key_bias, key}, {l.value, l.value_bias, key}}, d.hidden,
                   d.transposed, dtype);
}

Linear gate_up(const Descriptor& d, const LayerOffsets& l, px_dtype dtype) {
  const Piece up{l.up, l.up_bias, d.intermediate};
  if (d.feed_forward == FeedForward::kGelu) return linear_of({up}, d.hidden, d.transposed, dtype);
  return linear_of({{l.gate, l.gate_bias, d.intermediate}, up}, d.hidden, d.transposed, dtype);
}

Layer layer_of(const Descriptor& d, const LayerOffsets& l, px_dtype dtype) {
  return {query_key_value(d, l, dtype),
          linear_of({{l.output, l.output_bias, d.hidden}}, d.heads * d.head_size, d.transposed, dtype),
          gate_up(d, l, dtype), linear_of({{l.down, l.down_bias, d.hidden}}, d.intermediate, d.transposed, dtype)};
}

}  // namespace

PackedModel::PackedModel(Ops& ops, const Weights& weights, px_dtype dtype) : ops_(ops), dtype_(dtype), memory_(ops) {
  const Descriptor& d = weights.descriptor();
  for (const LayerOffsets& l : weights.offsets().layers) layers_.push_back(layer_of(d, l, dtype));
  if (weights.offsets().lm_head >= 0)
    head_ = linear_of({{weights.offsets().lm_head, -1, d.vocabulary}}, d.hidden, false, dtype);
}

// visit(linear, whether it is wanted by columns too)
template <class Visit>
void PackedModel::for_each_linear(const Visit& visit) {
  for (Layer& layer : layers_)
    for (Linear* linear : {&layer.query_key_value, &layer.output, &layer.gate_up, &layer.down}) visit(*linear, false);
  if (wanted_.head) visit(head_, wanted_.head_gradients);
}

void PackedModel::refresh(const Weights& weights, Wanted wanted) {
  const bool more = (wanted.head && !wanted_.head) || (wanted.head_gradients && !wanted_.head_gradients);
  if (version_ == weights.version() && !more) return;
  version_ = -1;  // until all is packed: memory may be missing for it
  wanted_ = {wanted_.head || wanted.head, wanted_.head_gradients || wanted.head_gradients};
  uint64_t bytes = 0;
  for_each_linear([&](const Linear& linear, bool by_columns) { bytes += ops_.packed_bytes(linear, by_columns); });
  std::byte* memory = memory_.reserve(bytes);
  for_each_linear([&](Linear& linear, bool by_columns) {
    ops_.pack(weights.data(), linear, by_columns, memory);
    memory += ops_.packed_bytes(linear, by_columns);
  });
  version_ = weights.version();
}

}  // namespace px::core
