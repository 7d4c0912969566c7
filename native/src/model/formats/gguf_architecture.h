// The architectures of GGUF files: what their metadata says as a config.json, and what their tensors are called.
// Names after llama.cpp's gguf-py (constants.py, tensor_mapping.py).
#pragma once

#include <string>

#include "model/descriptor.h"
#include "model/formats/gguf.h"
#include "model/formats/gguf_keys.h"
#include "model/formats/json.h"

namespace px {

struct GgufArchitecture;

// What the rotary frequencies are divided by, one number each; beside the weights.
inline constexpr const char* kGgufRopeFactors = "rope_freqs.weight";

// PX_UNSUPPORTED, naming the architecture, when this version does not read it, and for a part of a split file.
const GgufArchitecture& gguf_architecture(const GgufKeys& keys);

// The architecture as which a family is written, and its name.
const GgufArchitecture& gguf_architecture_of(FamilyId family);
std::string gguf_name(const GgufArchitecture& architecture);

// The config.json that transformers has for the model. PX_CORRUPT_DATA and PX_UNSUPPORTED name the key.
Json gguf_config(const GgufArchitecture& architecture, const GgufFile& gguf, GgufKeys& keys);

// Where a tensor of transformers' name is in the file.
struct GgufPlace {
  std::string name;
  bool transposed = false;  // [in, out] in transformers' layout (Conv1D), [out, in] in the file
  bool neighbours = false;  // a query or key projection whose rows lie in llama.cpp's rotary order
  bool query = false;
};

GgufPlace gguf_place(const GgufArchitecture& architecture, const std::string& name);

// A tensor of the file that holds no weight of its own: the rotary factors, which the config has.
bool gguf_ignores(const std::string& name);

}  // namespace px
