#include "torch/packed_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/_softmax_backward_data.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tril.h>
#include <ATen/ops/triu.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "torch/tensors.h"

namespace px::torch_backend {
namespace {

constexpr int64_t kTileElements = int64_t{1} << 23;  // scores of a tile: 32 MiB
constexpr int64_t kKeptElements = int64_t{1} << 26;  // probabilities that all layers keep: 256 MiB
constexpr int64_t kSmallestTile = 16;

// A sequence joins a block while at most a quarter of its places, or a few, would be padding.
bool similar(int64_t length, int64_t longest) { return longest - length <= std::max<int64_t>(8, longest / 4); }

// One block's tensors with batch and key/value head as the leading dimension, as matrix products want them.
struct Padded {
  at::Tensor query;  // [B KV, G, T, D], scaled
  at::Tensor key;    // [B KV, T, D]
  at::Tensor value;  // [B KV, T, D]
};

// [B T, heads, D] -> [B KV, G, T, D]
at::Tensor by_head(const at::Tensor& rows, const PackedPlan& plan, const PackedPlan::Block& block, int64_t heads) {
  const int64_t group = heads / plan.kv_heads;
  return rows.view({block.sequences, block.longest, plan.kv_heads, group, plan.head_size})
      .permute({0, 2, 3, 1, 4})
      .contiguous()
      .view({block.sequences * plan.kv_heads, group, block.longest, plan.head_size});
}

// The way back: writes [B KV, G, T, D] into rows [B T, heads, D].
void into_rows(const at::Tensor& rows, const at::Tensor& heads, const PackedPlan& plan,
               const PackedPlan::Block& block) {
  const int64_t group = heads.size(1);
  rows.unflatten(0, {block.sequences, block.longest})
      .unflatten(2, {plan.kv_heads, group})
      .copy_(
          heads.view({block.sequences, plan.kv_heads, group, block.longest, plan.head_size}).permute({0, 3, 1, 2, 4}));
}

Padded pad_block(const at::Tensor& query_key, const at::Tensor& value, const PackedPlan& plan,
                 const PackedPlan::Block& block) {
  const int64_t rows = block.sequences * block.longest;
  const at::Tensor qk = query_key.narrow(0, block.first_place, rows);
  const double scale = 1.0 / std::sqrt(static_cast<double>(plan.head_size));
  return {by_head(qk.narrow(1, 0, plan.heads).contiguous(), plan, block, plan.heads).mul_(scale),
          by_head(qk.narrow(1, plan.heads, plan.kv_heads).contiguous(), plan, block, plan.kv_heads).squeeze(1),
          by_head(value.narrow(0, block.first_place, rows), plan, block, plan.kv_heads).squeeze(1)};
}

// Query rows [start, start + rows) and the keys [first_key, start + rows) that any of them sees.
struct Tile {
  int64_t start;
  int64_t rows;
  int64_t window;  // 0: none
  int64_t first_key() const { return window > 0 ? std::max<int64_t>(0, start - window + 1) : 0; }
  int64_t keys() const { return start + rows - first_key(); }
  // [B KV, G, T, D] -> [B KV, G rows, D]
  at::Tensor of(const at::Tensor& heads) const { return heads.narrow(2, start, rows).flatten(1, 2); }
  at::Tensor seen(const at::Tensor& keys_or_values) const { return keys_or_values.narrow(1, first_key(), keys()); }

  // [rows, keys]: -infinity where a row does not see a key, else 0.
  at::Tensor mask() const {
    const at::Tensor hidden = at::full({rows, keys()}, -std::numeric_limits<float>::infinity(), at::kFloat);
    const int64_t diagonal = start - first_key();  // the column of row 0's own key
    const at::Tensor after = hidden.triu(diagonal + 1);
    return window > 0 ? after + hidden.tril(diagonal - window) : after;
  }
};

std::vector<Tile> tiles_of(const PackedPlan::Block& block, int64_t window) {
  std::vector<Tile> tiles;
  for (int64_t start = 0; start < block.longest; start += block.tile)
    tiles.push_back({start, std::min(block.tile, block.longest - start), window});
  return tiles;
}

// softmax(q k^T + mask): [B KV, G rows, keys]
at::Tensor probabilities(const Padded& padded, const Tile& tile) {
  at::Tensor scores = at::bmm(tile.of(padded.query), tile.seen(padded.key).transpose(1, 2));
  scores.view({-1, tile.rows, tile.keys()}).add_(tile.mask());
  return at::softmax(scores, -1);
}

struct Attention : torch::autograd::Function<Attention> {
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& query_key, const at::Tensor& value,
                            const c10::intrusive_ptr<PackedPlan>& shared_plan, int64_t window) {
    const PackedPlan& plan = *shared_plan;
    const at::Tensor query_key_rows = plan.pad(query_key);
    const at::Tensor value_rows = plan.pad(value);
    const at::Tensor output = at::empty({plan.places, plan.heads, plan.head_size}, at::kFloat);
    torch::autograd::variable_list saved{query_key, value};
    for (const auto& block : plan.blocks) {
      const Padded padded = pad_block(query_key_rows, value_rows, plan, block);
      const at::Tensor mixed = at::empty_like(padded.query);
      for (const Tile& tile : tiles_of(block, window)) {
        const at::Tensor p = probabilities(padded, tile);
        const at::Tensor rows = at::bmm(p, tile.seen(padded.value));  // [B KV, G rows, D]
        mixed.narrow(2, tile.start, tile.rows).copy_(rows.unflatten(1, {mixed.size(1), tile.rows}));
        if (plan.keep_probabilities) saved.push_back(p);
      }
      into_rows(output.narrow(0, block.first_place, block.sequences * block.longest), mixed, plan, block);
    }
    context->save_for_backward(std::move(saved));
    context->saved_data["plan"] = c10::IValue::make_capsule(shared_plan);
    context->saved_data["window"] = window;
    return plan.unpad(output).flatten(1);
  }

  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto shared_plan = c10::static_intrusive_pointer_cast<PackedPlan>(context->saved_data["plan"].toCapsule());
    const PackedPlan& plan = *shared_plan;
    const int64_t window = context->saved_data["window"].toInt();
    const auto saved = context->get_saved_variables();
    size_t kept = 2;
    const at::Tensor query_key_rows = plan.pad(saved[0]);
    const at::Tensor value_rows = plan.pad(saved[1]);
    const at::Tensor upstream = plan.pad_with_zeros(gradients[0].unflatten(1, {plan.heads, plan.head_size}));
    const at::Tensor query_key_gradient = at::empty_like(query_key_rows);
    const at::Tensor value_gradient = at::empty_like(value_rows);
    for (const auto& block : plan.blocks) {
      const int64_t rows = block.sequences * block.longest;
      const Padded padded = pad_block(query_key_rows, value_rows, plan, block);
      const at::Tensor mixed = by_head(upstream.narrow(0, block.first_place, rows), plan, block, plan.heads);
      const at::Tensor d_query = at::empty_like(padded.query);
      const at::Tensor d_key = at::zeros_like(padded.key);
      const at::Tensor d_value = at::zeros_like(padded.value);
      for (const Tile& tile : tiles_of(block, window)) {
        const at::Tensor p = plan.keep_probabilities ? saved[kept++] : probabilities(padded, tile);
        const at::Tensor d_mixed = tile.of(mixed);
        const at::Tensor d_p = at::bmm(d_mixed, tile.seen(padded.value).transpose(1, 2));
        const at::Tensor d_scores = at::_softmax_backward_data(d_p, p, -1, at::kFloat);
        d_query.narrow(2, tile.start, tile.rows)
            .copy_(at::bmm(d_scores, tile.seen(padded.key)).unflatten(1, {d_query.size(1), tile.rows}));
        tile.seen(d_key).add_(at::bmm(d_scores.transpose(1, 2), tile.of(padded.query)));
        tile.seen(d_value).add_(at::bmm(p.transpose(1, 2), d_mixed));
      }
      const at::Tensor query_key_block = query_key_gradient.narrow(0, block.first_place, rows);
      const double scale = 1.0 / std::sqrt(static_cast<double>(plan.head_size));
      into_rows(query_key_block.narrow(1, 0, plan.heads), d_query.mul_(scale), plan, block);
      into_rows(query_key_block.narrow(1, plan.heads, plan.kv_heads), d_key.unsqueeze(1), plan, block);
      into_rows(value_gradient.narrow(0, block.first_place, rows), d_value.unsqueeze(1), plan, block);
    }
    return {plan.unpad(query_key_gradient), plan.unpad(value_gradient), at::Tensor(), at::Tensor()};
  }
};

// Longest first, in the order of the batch among equals.
std::vector<int64_t> by_length(std::span<const int64_t> offsets) {
  std::vector<int64_t> order(offsets.size() - 1);
  std::iota(order.begin(), order.end(), int64_t{0});
  const auto length = [&](int64_t s) { return offsets[static_cast<size_t>(s) + 1] - offsets[static_cast<size_t>(s)]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return length(a) > length(b); });
  return order;
}

}  // namespace

PackedPlan::PackedPlan(const Descriptor& descriptor, std::span<const int64_t> offsets)
    : heads(descriptor.heads), kv_heads(descriptor.kv_heads), head_size(descriptor.head_size) {
  std::vector<int64_t> rows;                                                    // by place
  std::vector<int64_t> place(static_cast<size_t>(offsets.back()), int64_t{0});  // by row
  int64_t scores = 0;
  for (const int64_t sequence : by_length(offsets)) {
    const int64_t begin = offsets[static_cast<size_t>(sequence)];
    const int64_t length = offsets[static_cast<size_t>(sequence) + 1] - begin;
    const bool fits = !blocks.empty() && similar(length, blocks.back().longest) &&
                      (blocks.back().sequences + 1) * heads * blocks.back().longest *
                              std::min(blocks.back().longest, 4 * kSmallestTile) <=
                          kTileElements;
    if (!fits) blocks.push_back({static_cast<int64_t>(rows.size()), 0, length, 0});
    Block& block = blocks.back();
    ++block.sequences;
    for (int64_t t = 0; t < block.longest; ++t) {
      const int64_t row = begin + std::min(t, length - 1);
      if (t < length) place[static_cast<size_t>(row)] = static_cast<int64_t>(rows.size());
      rows.push_back(row);
    }
  }
  for (Block& block : blocks) {
    const int64_t row_elements = block.sequences * heads * block.longest;
    block.tile = std::min(block.longest, std::max(kSmallestTile, kTileElements / row_elements));
    scores += row_elements * block.longest;
  }
  places = static_cast<int64_t>(rows.size());
  in_order = std::is_sorted(rows.begin(), rows.end()) && rows.size() == place.size();
  row_of_place = int64_tensor(std::span<const int64_t>(rows));
  place_of_row = int64_tensor(std::span<const int64_t>(place));
  keep_probabilities = scores * descriptor.layers <= kKeptElements;
}

at::Tensor PackedPlan::pad(const at::Tensor& packed) const {
  return in_order ? packed.contiguous() : at::index_select(packed, 0, row_of_place);
}

at::Tensor PackedPlan::unpad(const at::Tensor& padded) const {
  return in_order ? padded : at::index_select(padded, 0, place_of_row);
}

at::Tensor PackedPlan::pad_with_zeros(const at::Tensor& packed) const {
  if (in_order) return packed.contiguous();
  return at::zeros({places, packed.size(1), packed.size(2)}, at::kFloat).index_copy_(0, place_of_row, packed);
}

PackedAttention::PackedAttention(const Descriptor& descriptor, std::span<const int64_t> offsets)
    : plan_(c10::make_intrusive<PackedPlan>(descriptor, offsets)), windows_(descriptor.windows) {}

at::Tensor PackedAttention::attend(int64_t layer, const at::Tensor& query_key, const at::Tensor& value) {
  return Attention::apply(query_key, value, plan_, windows_.empty() ? 0 : windows_[static_cast<size_t>(layer)]);
}

}  // namespace px::torch_backend
