// Where a model's tensors lie in its arena.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/descriptor.h"

namespace px {

struct TensorSpec {
  std::string name;            // as transformers writes it, e.g. model.layers.0.self_attn.q_proj.weight
  std::vector<int64_t> shape;  // as transformers writes it: matrices are [out, in], those of a Conv1D [in, out]
  int64_t offset = 0;          // elements into the arena
  int64_t elements = 0;
  bool transposed = false;  // a matrix [in, out]
};

// Places in the arena, in elements; -1: absent. Matrices are [in, out] where the descriptor says transposed.
struct LayerOffsets {
  int64_t input_norm = -1;  // [H]
  int64_t input_norm_bias = -1;
  int64_t query = -1;  // [heads * D, H]
  int64_t key = -1;    // [kv_heads * D, H]
  int64_t value = -1;  // [kv_heads * D, H]
  int64_t query_key_value =
      -1;               // [(heads + 2 kv_heads) * D, H]: instead of the three, where a family keeps them in one
  int64_t output = -1;  // [H, heads * D]
  int64_t query_bias = -1;
  int64_t key_bias = -1;
  int64_t value_bias = -1;
  int64_t query_key_value_bias = -1;
  int64_t output_bias = -1;
  int64_t query_norm = -1;  // [D]
  int64_t key_norm = -1;    // [D]
  int64_t post_norm = -1;   // [H]
  int64_t post_norm_bias = -1;
  int64_t gate = -1;  // [F, H], of a gated feed-forward
  int64_t up = -1;    // [F, H]
  int64_t down = -1;  // [H, F]
  int64_t gate_bias = -1;
  int64_t up_bias = -1;
  int64_t down_bias = -1;
};

struct TrunkOffsets {
  int64_t embedding = -1;           // [V, H]
  int64_t position_embedding = -1;  // [context, H]
  std::vector<LayerOffsets> layers;
  int64_t final_norm = -1;  // [H]
  int64_t final_norm_bias = -1;
  int64_t lm_head = -1;  // [V, H]; the embedding's place when tied; -1: none
};

struct Layout {
  std::vector<TensorSpec> tensors;  // the trunk's, then lm_head.weight when untied
  TrunkOffsets offsets;
  int64_t trunk_elements = 0;  // without an untied LM head
  int64_t elements = 0;        // with it
};

// Gives tensors their places, one after the other.
class LayoutBuilder {
 public:
  explicit LayoutBuilder(bool transposed = false) : transposed_(transposed) {}

  int64_t add(const std::string& name, std::vector<int64_t> shape, bool transposed = false) {
    int64_t elements = 1;
    for (const int64_t size : shape) elements *= size;
    const int64_t offset = layout_.elements;
    layout_.tensors.push_back({name, std::move(shape), offset, elements, transposed});
    layout_.elements += elements;
    return offset;
  }

  // A layer's matrix from `in` to `out` and its bias [out], which is absent (-1) unless wanted.
  void add_linear(const std::string& name, int64_t out, int64_t in, bool with_bias, int64_t& weight, int64_t& bias) {
    weight = add(name + ".weight", transposed_ ? std::vector{in, out} : std::vector{out, in}, transposed_);
    if (with_bias) bias = add(name + ".bias", {out});
  }

  // Ends the trunk and adds the LM head that the descriptor wants.
  Layout finish(const Descriptor& d, TrunkOffsets offsets) {
    layout_.trunk_elements = layout_.elements;
    if (d.tied) offsets.lm_head = offsets.embedding;
    if (d.untied_head()) offsets.lm_head = add("lm_head.weight", {d.vocabulary, d.hidden});
    layout_.offsets = std::move(offsets);
    return std::move(layout_);
  }

 private:
  bool transposed_;
  Layout layout_;
};

}  // namespace px
