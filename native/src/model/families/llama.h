// The Llama family: how its config maps to the descriptor, and the names and order of its weights.
#pragma once

#include <string>

#include "model/formats/json.h"
#include "model/layout.h"

namespace px {

// Reads the keys of transformers 4 and 5. Throws PX_CORRUPT_DATA (a required key is missing or its value absurd) and
// PX_UNSUPPORTED (a key that changes the mathematics in a way this version does not compute), naming the key.
Descriptor llama_descriptor(const JsonReader& config);

// The config's rope in the keys of transformers 5 ("rope_parameters"), and in those that transformers 4 reads.
void write_llama_rope(const Rope& rope, Json& config);

// Tensors in the order of transformers' state dict, the LM head last when there is an untied one.
Layout llama_layout(const Descriptor& descriptor);

// A tensor that checkpoints may hold and that says nothing new: rotary_emb.inv_freq is computed from the config.
bool llama_ignores(const std::string& name);

}  // namespace px
