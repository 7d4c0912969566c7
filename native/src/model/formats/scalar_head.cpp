#include "model/formats/scalar_head.h"

#include <algorithm>

#include "base/error.h"

namespace px {

std::vector<std::string> scalar_head_names(const JsonReader& config) {
  std::vector<std::string> names{"score", "value_head", "v_head.summary"};
  const std::string own = config.string(kHeadPrefixKey, "");
  if (!own.empty() && std::ranges::find(names, own) == names.end()) names.push_back(own);
  return names;
}

std::string find_scalar_head(const TensorFiles& files, const std::vector<std::string>& names) {
  std::string found;
  for (const std::string& name : names) {
    const TensorFiles::Entry* entry = files.find(name + ".weight");
    if (entry == nullptr) continue;
    check(found.empty(), PX_UNSUPPORTED, *entry->file, ": tensors '", found, ".weight' and '", name,
          ".weight': this version reads models with one scalar head; remove the other");
    found = name;
  }
  return found;
}

void read_scalar_head(const TensorFiles& files, const std::string& name, Weights& weights) {
  const int64_t hidden = weights.descriptor().hidden;
  const std::string weight = name + ".weight";
  const TensorFiles::Entry& entry = files.required(weight, {1, hidden});
  weights.file_score_name = name;
  weights.file_score_head.resize(static_cast<size_t>(hidden));
  TensorFiles::read(entry, weight, weights.file_score_head.data());
  const std::string bias = name + ".bias";
  if (files.find(bias) == nullptr) return;
  const TensorFiles::Entry& bias_entry = files.required(bias, {1});
  TensorFiles::read(bias_entry, bias, &weights.file_score_bias);
}

}  // namespace px
