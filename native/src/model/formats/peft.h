// LoRA adapters as PEFT saves them: adapter_config.json and adapter_model.safetensors (Hu et al., arXiv 2106.09685).
#pragma once

#include <filesystem>
#include <memory>

#include "model/weights.h"

namespace px {

// The folder holds adapter_config.json.
bool is_adapter(const std::filesystem::path& folder);

// The model that the adapter names, with W += scale · B A, computed in double and rounded once. The name is a path from
// here or from the adapter's folder, or of a folder beside it. Throws PX_UNSUPPORTED for anything but plain LoRA, by
// name of the key; PX_CORRUPT_DATA when config, tensors and model do not fit each other; PX_IO.
std::shared_ptr<Weights> load_adapter(const std::shared_ptr<Engine>& engine, const std::filesystem::path& folder);

// The same on the model at `base`, whatever the adapter names: a folder or file that load_weights() reads.
std::shared_ptr<Weights> load_adapter(const std::shared_ptr<Engine>& engine, const std::filesystem::path& folder,
                                      const std::string& base);

}  // namespace px
