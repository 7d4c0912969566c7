// Hugging Face model folders: config.json and safetensors, one file or shards with an index.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/formats/safetensors.h"
#include "model/weights.h"

namespace px {

// What a config.json says.
struct FolderConfig {
  Descriptor descriptor;
  bool classifier = false;                     // ...ForSequenceClassification with one label, or OpenRLHF's classes
  std::vector<std::string> scalar_head_names;  // what a scalar head may be called
};

// `where` names the file in messages. Throws PX_CORRUPT_DATA and PX_UNSUPPORTED, naming the key.
FolderConfig read_config(std::string_view text, const std::string& where);

// A folder of a model, or of an adapter, which is merged into the model that it names.
std::shared_ptr<Weights> load_huggingface(const std::shared_ptr<Engine>& engine, const std::string& directory);

// A folder of a model.
std::shared_ptr<Weights> load_model_folder(const std::shared_ptr<Engine>& engine, const std::filesystem::path& folder);

// Writes the folder. `config` is the text that the weights were loaded with; its unknown keys are kept.
void save_huggingface(const std::string& directory, const std::string& config, const Descriptor& descriptor,
                      px_head head, std::span<const TensorSource> tensors, const px_save_options& options);

}  // namespace px
