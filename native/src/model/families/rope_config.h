// Rotary embedding in config.json: rope_parameters (transformers 5), rope_theta and rope_scaling (4).
#pragma once

#include "model/descriptor.h"
#include "model/formats/json.h"

namespace px {

// `context` is the config's max_position_embeddings. Types default, linear, dynamic, llama3 and yarn, and longrope whose
// factors do not depend on the length; others are PX_UNSUPPORTED.
Rope read_rope(const JsonReader& config, int64_t context);

// In the keys of transformers 5, and in those that transformers 4 reads, into a config with max_position_embeddings.
void write_rope(const Rope& rope, Json& config);

}  // namespace px
