// Causal grouped-query attention over sequences that are packed end to end.
//
// Everything but attention runs on packed rows. Attention itself takes sequences of similar length together as a padded
// block [sequences, longest], so that many short sequences cost a handful of ATen calls. Padding stands at the end,
// where the causal mask hides it from every real row. Scores are made a tile of query rows at a time: memory is
// bounded, and tiles do not compute the keys after them, nor those that are before a layer's window.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <span>
#include <vector>

#include "model/descriptor.h"
#include "torch/transformer.h"

namespace px::torch_backend {

// Which packed row goes to which padded place. Shared by all layers of a pass.
struct PackedPlan final : torch::CustomClassHolder {
  PackedPlan(const Descriptor& descriptor, std::span<const int64_t> offsets);

  struct Block {
    int64_t first_place;
    int64_t sequences;  // B
    int64_t longest;    // T
    int64_t tile;       // query rows at a time
  };

  int64_t heads;
  int64_t kv_heads;
  int64_t head_size;
  std::vector<Block> blocks;
  int64_t places = 0;       // P, padding included
  bool in_order = false;    // packed rows are the padded places as they are
  at::Tensor row_of_place;  // [P] padding repeats the sequence's last row
  at::Tensor place_of_row;  // [N]
  bool keep_probabilities;  // for the backward pass; else they are computed again there

  at::Tensor pad(const at::Tensor& packed) const;    // [N, ...] -> [P, ...]
  at::Tensor unpad(const at::Tensor& padded) const;  // [P, ...] -> [N, ...]
  at::Tensor pad_with_zeros(const at::Tensor& packed) const;
};

class PackedAttention final : public AttentionContext {
 public:
  PackedAttention(const Descriptor& descriptor, std::span<const int64_t> offsets);
  at::Tensor attend(int64_t layer, const at::Tensor& query_key, const at::Tensor& value) override;

 private:
  c10::intrusive_ptr<PackedPlan> plan_;
  std::vector<int64_t> windows_;  // by layer; empty: none
};

}  // namespace px::torch_backend
