// What Llama, Mistral, Qwen2 and Qwen3 share: the config keys of their sizes, the names and order of their weights.
#pragma once

#include <cstdint>
#include <string>

#include "model/formats/json.h"
#include "model/layout.h"

namespace px {

// What a family's class in transformers takes for a key that is missing, where they differ. 0: what follows from the
// other sizes.
struct ShapeDefaults {
  int64_t context;
  int64_t kv_heads;
  int64_t head_size;
};

// Sizes, norms and rope; without biases and windows, which differ by family. `family` is for messages.
Descriptor read_llama_shape(const JsonReader& config, const std::string& family, const ShapeDefaults& defaults);

void write_llama_shape(const Descriptor& descriptor, Json& config);

Layout llama_layout(const Descriptor& descriptor);

// Names have not changed.
std::string llama_name(const std::string& name);

// rotary_emb.inv_freq is computed from the config.
bool llama_ignores(const std::string& name);

}  // namespace px
