// What a GGUF file says of a model's shape: the keys of its architecture, and its rotary factors.
#pragma once

#include <vector>

#include "model/descriptor.h"
#include "model/formats/gguf_metadata.h"

namespace px {

// Appends general.architecture and the architecture's own keys, which gguf_config() reads back. PX_UNSUPPORTED names
// what llama.cpp's architecture has no key for.
void describe_gguf(const Descriptor& descriptor, GgufMetadata& metadata);

// What each rotary frequency is divided by, where no key says it (llama3's scaling); empty: nothing is.
std::vector<float> gguf_rope_factors(const Descriptor& descriptor);

}  // namespace px
