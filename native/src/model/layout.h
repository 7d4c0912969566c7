// Where a model's tensors lie in its arena.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/descriptor.h"

namespace px {

struct TensorSpec {
  std::string name;            // as transformers writes it, e.g. model.layers.0.self_attn.q_proj.weight
  std::vector<int64_t> shape;  // matrices are [out, in]
  int64_t offset = 0;          // elements into the arena
  int64_t elements = 0;
};

// Places in the arena, in elements; -1: absent.
struct LayerOffsets {
  int64_t input_norm = -1;  // [H]
  int64_t query = -1;       // [heads * D, H]
  int64_t key = -1;         // [kv_heads * D, H]
  int64_t value = -1;       // [kv_heads * D, H]
  int64_t output = -1;      // [H, heads * D]
  int64_t query_bias = -1;
  int64_t key_bias = -1;
  int64_t value_bias = -1;
  int64_t output_bias = -1;
  int64_t post_norm = -1;  // [H]
  int64_t gate = -1;       // [F, H]
  int64_t up = -1;         // [F, H]
  int64_t down = -1;       // [H, F]
  int64_t gate_bias = -1;
  int64_t up_bias = -1;
  int64_t down_bias = -1;
};

struct TrunkOffsets {
  int64_t embedding = -1;  // [V, H]
  std::vector<LayerOffsets> layers;
  int64_t final_norm = -1;  // [H]
  int64_t lm_head = -1;     // [V, H]; the embedding's place when tied; -1: none
};

struct Layout {
  std::vector<TensorSpec> tensors;  // the trunk's, then lm_head.weight when untied
  TrunkOffsets offsets;
  int64_t trunk_elements = 0;  // without an untied LM head
  int64_t elements = 0;        // with it
};

}  // namespace px
