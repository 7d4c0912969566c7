// Models in GGUF files.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "model/weights.h"

namespace px {

// Reads a GGUF file's weights as fp32, tensor by tensor: no second copy of them is ever in memory.
std::shared_ptr<Weights> load_gguf(const std::shared_ptr<Engine>& engine, const std::string& path);

// The GGUF file of a folder that has no safetensors; nullopt when it has none. PX_UNSUPPORTED when it has several.
std::optional<std::string> gguf_of_folder(const std::filesystem::path& folder);

}  // namespace px
