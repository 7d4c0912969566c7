// A family of models: how its config.json maps to the descriptor, and the names and order of its weights. Folders,
// GGUF files and weights go through this table; what is computed is one forward, told by the descriptor alone.
#pragma once

#include <string>

#include "model/formats/json.h"
#include "model/layout.h"

namespace px {

struct Family {
  FamilyId id;
  const char* name;            // for messages
  const char* model_type;      // of config.json
  const char* language_model;  // classes of transformers, of config.json's "architectures"
  const char* classifier;
  const char* embedding;  // the name of the token embedding

  // Reads the keys of transformers 4 and 5. Throws PX_CORRUPT_DATA (a required key is missing or its value absurd) and
  // PX_UNSUPPORTED (a key that changes the mathematics in a way this version does not compute), naming the key.
  Descriptor (*descriptor)(const JsonReader& config);

  // Sets all keys that descriptor() reads, for transformers 5 and, where they differ, for 4 too.
  void (*write_config)(const Descriptor& descriptor, Json& config);

  // Tensors in the order of transformers' state dict, the LM head last when there is an untied one.
  Layout (*layout)(const Descriptor& descriptor);

  // A checkpoint's name as transformers 5 writes it.
  std::string (*modern_name)(const std::string& name);

  // A tensor that checkpoints may hold and that says nothing new: a buffer computed from the config.
  bool (*ignores)(const std::string& name);
};

const Family& family_of(FamilyId id);

// nullptr: none has this model_type.
const Family* find_family(const std::string& model_type);

// "'llama', 'mistral', ..." for messages.
std::string family_names();

inline Layout layout_of(const Descriptor& descriptor) { return family_of(descriptor.family).layout(descriptor); }

}  // namespace px
