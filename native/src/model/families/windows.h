// Sliding windows in config.json.
#pragma once

#include <cstdint>
#include <vector>

#include "model/descriptor.h"
#include "model/formats/json.h"

namespace px {

// For a family without: refuses a window that a sequence can outgrow.
void refuse_windows(const JsonReader& config, int64_t context);

// Mistral: sliding_window for all layers, 4096 when the key is missing, none when it is null.
std::vector<int64_t> read_mistral_windows(const JsonReader& config, int64_t layers);
void write_mistral_windows(const Descriptor& descriptor, Json& config);

// Qwen: sliding_window in the layers that layer_types names or, without it, from max_window_layers on; none unless
// use_sliding_window.
std::vector<int64_t> read_qwen_windows(const JsonReader& config, int64_t layers);
void write_qwen_windows(const Descriptor& descriptor, Json& config);

}  // namespace px
