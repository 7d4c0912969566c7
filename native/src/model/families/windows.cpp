#include "model/families/windows.h"

#include <algorithm>

#include "base/error.h"
#include "model/families/config_keys.h"

namespace px {
namespace {

// The defaults of transformers' MistralConfig and Qwen2Config.
constexpr int64_t kDefaultWindow = 4096;
constexpr int64_t kDefaultFirstWindowLayer = 28;

constexpr const char* kSliding = "sliding_attention";
constexpr const char* kFull = "full_attention";

// A key that is missing has the default, null means none.
int64_t read_window(const JsonReader& config) {
  if (!config.object().contains("sliding_window")) return kDefaultWindow;
  return config.integer("sliding_window", 1, kMaxContext, 0);
}

bool slides(const JsonReader& config, const Json& type) {
  if (type != kSliding && type != kFull)
    fail_unsupported(config, "layer_types", type, "'full_attention' and 'sliding_attention'");
  return type == kSliding;
}

std::vector<int64_t> windows_by_type(const JsonReader& config, const Json& types, int64_t layers, int64_t window) {
  check(types.is_array() && static_cast<int64_t>(types.size()) == layers, PX_CORRUPT_DATA, config.where(),
        ": key 'layer_types': expected a list of 'num_hidden_layers' (", layers, ") texts, got ", shown(types),
        "; correct it");
  std::vector<int64_t> windows;
  for (const Json& type : types) {
    const bool sliding = slides(config, type);
    check(!sliding || window > 0, PX_CORRUPT_DATA, config.where(),
          ": key 'layer_types': a layer is 'sliding_attention', but 'sliding_window' or 'use_sliding_window' says that "
          "there is no window; correct one of them");
    windows.push_back(sliding ? window : 0);
  }
  return windows;
}

// Full attention everywhere is written as no windows.
std::vector<int64_t> simplified(std::vector<int64_t> windows) {
  return std::ranges::count(windows, 0) == static_cast<int64_t>(windows.size()) ? std::vector<int64_t>{} : windows;
}

Json window_or_null(const Descriptor& d) {
  const int64_t window = d.windows.empty() ? 0 : *std::ranges::max_element(d.windows);
  return window > 0 ? Json(window) : Json();
}

}  // namespace

void refuse_windows(const JsonReader& config, int64_t context) {
  const Json* window = config.find("sliding_window");
  if (window != nullptr && config.boolean("use_sliding_window", true) &&
      !(window->is_number_integer() && window->get<int64_t>() >= context))
    fail_unsupported(config, "sliding_window", *window, "full attention");
  const Json* types = config.find("layer_types");
  if (types == nullptr) return;
  for (const Json& type : *types)
    if (type != kFull) fail_unsupported(config, "layer_types", type, "'full_attention'");
}

std::vector<int64_t> read_mistral_windows(const JsonReader& config, int64_t layers) {
  return simplified(std::vector<int64_t>(static_cast<size_t>(layers), read_window(config)));
}

void write_mistral_windows(const Descriptor& d, Json& config) { config["sliding_window"] = window_or_null(d); }

std::vector<int64_t> read_qwen_windows(const JsonReader& config, int64_t layers) {
  const int64_t window = config.boolean("use_sliding_window", false) ? read_window(config) : 0;
  if (const Json* types = config.find("layer_types"))
    return simplified(windows_by_type(config, *types, layers, window));
  const int64_t first = config.integer("max_window_layers", 0, kMaxContext, kDefaultFirstWindowLayer);
  std::vector<int64_t> windows(static_cast<size_t>(layers), 0);
  std::fill(windows.begin() + std::min(first, layers), windows.end(), window);
  return simplified(std::move(windows));
}

void write_qwen_windows(const Descriptor& d, Json& config) {
  Json types = Json::array();
  for (int64_t layer = 0; layer < d.layers; ++layer) types.push_back(d.window(layer) > 0 ? kSliding : kFull);
  config["layer_types"] = types;
  config["use_sliding_window"] = !d.windows.empty();
  config["sliding_window"] = window_or_null(d);
}

}  // namespace px
