#include "model/formats/peft.h"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/families/family.h"
#include "model/formats/huggingface.h"
#include "model/formats/mapped_file.h"
#include "model/formats/peft_config.h"
#include "model/formats/tensor_files.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigName = "adapter_config.json";
constexpr std::string_view kPrefix = "base_model.model.";
constexpr std::string_view kFirst = ".lora_A.weight";
constexpr std::string_view kSecond = ".lora_B.weight";
constexpr std::string_view kWeight = ".weight";

bool is_model(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "config.json", error);
}

// A path as it stands is tried last: an adapter that travels with its base finds it whatever the current folder is.
fs::path find_base(const fs::path& folder, const AdapterConfig& config) {
  const fs::path name(config.base());
  const fs::path beside = folder / ".." / (name.has_filename() ? name.filename() : name.parent_path().filename());
  const std::vector<fs::path> places =
      name.is_absolute() ? std::vector<fs::path>{name, beside} : std::vector<fs::path>{folder / name, beside, name};
  std::string tried;
  for (const fs::path& place : places) {
    if (is_model(place)) {
      check(!is_adapter(place), PX_UNSUPPORTED, (folder / kConfigName).string(),
            ": key 'base_model_name_or_path': expected a model, got another adapter in ", place.string(),
            "; merge that one into its base first");
      return place;
    }
    tried += (tried.empty() ? "" : ", ") + place.string();
  }
  fail(PX_IO, (folder / kConfigName).string(), ": key 'base_model_name_or_path': no model folder at ", tried,
       "; put the base model ", in_quotes(config.base()), " beside the adapter, or its path into the key");
}

// "base_model.model.MODULE.lora_A.weight" -> MODULE
std::string module_of(const std::string& name, const std::string& file) {
  const std::string_view view(name);
  for (const std::string_view end : {kFirst, kSecond})
    if (view.starts_with(kPrefix) && view.ends_with(end) && view.size() > kPrefix.size() + end.size())
      return name.substr(kPrefix.size(), name.size() - kPrefix.size() - end.size());
  fail(PX_UNSUPPORTED, file, ": tensor ", in_quotes(name),
       ": this version applies LoRA to matrices: expected base_model.model.MODULE.lora_A.weight or .lora_B.weight; "
       "merge the adapter with PEFT (merge_and_unload) and load the merged model");
}

std::vector<float> read_matrix(const TensorFiles& files, const std::string& name, int64_t rows, int64_t columns) {
  const TensorFiles::Entry* entry = files.find(name);
  check(entry != nullptr, PX_CORRUPT_DATA, files.where(), ": tensor '", name,
        "' is missing; copy the adapter's folder again");
  const std::vector<int64_t> shape{rows, columns};
  check(entry->tensor->shape == shape, PX_CORRUPT_DATA, *entry->file, ": tensor '", name, "': expected shape ",
        shape_text(shape), " (its rank in adapter_config.json and the base model), got ",
        shape_text(entry->tensor->shape), "; take the adapter's own base model and config");
  std::vector<float> values(static_cast<size_t>(rows * columns));
  TensorFiles::read(*entry, name, values.data());
  return values;
}

// An adapter and the matrix it belongs to.
class Merger {
 public:
  Merger(const AdapterConfig& config, const TensorFiles& files, Weights& weights)
      : config_(config), files_(files), weights_(weights) {}

  void merge(const std::string& module, const TensorSpec& spec) const {
    const int64_t out = spec.shape[spec.transposed ? 1 : 0];
    const int64_t in = spec.shape[spec.transposed ? 0 : 1];
    const int64_t rank = config_.rank(module);
    const std::vector<float> first = read_matrix(files_, text(kPrefix, module, kFirst), rank, in);
    const std::vector<float> second = read_matrix(files_, text(kPrefix, module, kSecond), out, rank);
    const double scale = config_.scale(module);
    float* matrix = weights_.data() + spec.offset;
    std::vector<double> row(static_cast<size_t>(in));
    for (int64_t o = 0; o < out; ++o) {
      row.assign(row.size(), 0.0);
      for (int64_t r = 0; r < rank; ++r) {
        const double b = second[static_cast<size_t>(o * rank + r)];
        for (int64_t i = 0; i < in; ++i)
          row[static_cast<size_t>(i)] += b * static_cast<double>(first[static_cast<size_t>(r * in + i)]);
      }
      for (int64_t i = 0; i < in; ++i) {
        float& value = matrix[spec.transposed ? i * out + o : o * in + i];
        // NUMERICS: rounded once, where PEFT rounds the product, too.
        value = static_cast<float>(static_cast<double>(value) + scale * row[static_cast<size_t>(i)]);
      }
    }
    check_finite_matrix(spec, matrix);
  }

 private:
  void check_finite_matrix(const TensorSpec& spec, const float* matrix) const {
    for (int64_t i = 0; i < spec.elements; ++i)
      check(std::isfinite(matrix[i]), PX_NOT_FINITE, files_.where(), ": the adapter makes element ", i, " of '",
            spec.name, "' ", matrix[i], "; it diverged in training: take another one");
  }

  const AdapterConfig& config_;
  const TensorFiles& files_;
  Weights& weights_;
};

// The matrices that an adapter may be on, by module: all but embeddings. A tied LM head is none of its own.
std::map<std::string, const TensorSpec*> matrices_of(const Weights& weights) {
  const TrunkOffsets& o = weights.offsets();
  std::map<std::string, const TensorSpec*> matrices;
  for (const TensorSpec& spec : weights.tensors())
    if (spec.shape.size() == 2 && spec.offset != o.embedding && spec.offset != o.position_embedding)
      matrices.emplace(spec.name.substr(0, spec.name.size() - kWeight.size()), &spec);
  return matrices;
}

void merge_all(const AdapterConfig& config, const TensorFiles& files, const std::string& where, Weights& weights) {
  const auto matrices = matrices_of(weights);
  std::set<std::string> adapted;
  for (const auto& [name, entry] : files.entries()) adapted.insert(module_of(name, *entry.file));
  for (const std::string& module : adapted)
    check(matrices.contains(module), PX_UNSUPPORTED, files.where(), ": module ", in_quotes(module),
          " is no matrix of its own of the base model (a tied lm_head, an embedding, or another family); merge the "
          "adapter with PEFT (merge_and_unload) or take its own base model");
  for (const auto& [module, spec] : matrices) {
    const bool wanted = config.targets(module);
    check(wanted || !adapted.contains(module), PX_CORRUPT_DATA, files.where(), ": module ", in_quotes(module),
          " has an adapter, though 'target_modules' of ", where, " does not name it; copy the folder again");
    check(!wanted || adapted.contains(module) || !config.complete(), PX_CORRUPT_DATA, files.where(), ": module ",
          in_quotes(module), ", which 'target_modules' of ", where, " names, has no adapter; copy the folder again");
  }
  check(!adapted.empty(), PX_CORRUPT_DATA, files.where(), ": the adapter holds no tensors; copy the folder again");
  const Merger merger(config, files, weights);
  for (const std::string& module : adapted) merger.merge(module, *matrices.at(module));
}

template <class Base>
std::shared_ptr<Weights> merged(const fs::path& folder, const Base& base) {
  const MappedFile config_file((folder / kConfigName).string());
  const AdapterConfig config(config_file.text(), config_file.path());
  const TensorFiles files(folder, "adapter_model", "adapter_model.bin");
  const std::shared_ptr<Weights> weights = base(config);
  merge_all(config, files, config_file.path(), *weights);
  return weights;
}

}  // namespace

bool is_adapter(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / kConfigName, error);
}

std::shared_ptr<Weights> load_adapter(const std::shared_ptr<Engine>& engine, const fs::path& folder) {
  return merged(folder, [&](const AdapterConfig& config) { return load_model_folder(engine, find_base(folder, config)); });
}

std::shared_ptr<Weights> load_adapter(const std::shared_ptr<Engine>& engine, const fs::path& folder,
                                      const std::string& base) {
  check(!is_adapter(base), PX_UNSUPPORTED, base, ": expected a base model, got another adapter; merge that one into its "
        "base first");
  return merged(folder, [&](const AdapterConfig&) { return load_weights(engine, base); });
}

}  // namespace px
