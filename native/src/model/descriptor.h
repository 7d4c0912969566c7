// What a decoder-only transformer of the supported families is made of. A family's file says how its config maps to it.
#pragma once

#include <cstdint>

#include "proximal/model.h"

namespace px {

enum class RopeScaling { kNone, kLinear, kLlama3 };

struct Rope {
  double theta = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;
  double low_frequency_factor = 1.0;   // llama3
  double high_frequency_factor = 4.0;  // llama3
  int64_t original_context = 0;        // llama3

  bool operator==(const Rope&) const = default;
};

struct Descriptor {
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  int64_t intermediate = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_size = 0;
  int64_t context = 0;
  double norm_epsilon = 0.0;
  Rope rope;
  bool tied = false;    // the LM head is the embedding
  bool lm_head = true;  // false: the file is a classifier's and holds none
  bool qkv_bias = false;
  bool output_bias = false;  // attention's o_proj
  bool mlp_bias = false;

  bool untied_head() const { return lm_head && !tied; }
};

}  // namespace px
