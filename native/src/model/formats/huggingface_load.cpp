#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "model/families/llama.h"
#include "model/formats/huggingface.h"
#include "model/formats/mapped_file.h"
#include "model/formats/tensor_files.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeadName = "lm_head.weight";
constexpr const char* kScoreName = "score.weight";
constexpr const char* kEmbeddingName = "model.embed_tokens.weight";

// --- config.json ---

bool is_classifier(const JsonReader& config) {
  const Json* architectures = config.find("architectures");
  if (architectures == nullptr) return false;
  check(architectures->is_array() && architectures->size() == 1 && architectures->front().is_string(), PX_CORRUPT_DATA,
        config.where(), ": key 'architectures': expected a list of one text, got ", shown(*architectures),
        "; correct it");
  const auto name = architectures->front().get<std::string>();
  check(name == "LlamaForCausalLM" || name == "LlamaForSequenceClassification", PX_UNSUPPORTED, config.where(),
        ": key 'architectures': this version reads LlamaForCausalLM and LlamaForSequenceClassification, got ",
        in_quotes(name), "; take another model");
  return name == "LlamaForSequenceClassification";
}

[[noreturn]] void fail_labels(const std::string& where, const std::string& got) {
  fail(PX_UNSUPPORTED, where, ": this version reads classifiers with one label (rewards), got ", got,
       "; take a reward model");
}

void check_one_label(const JsonReader& config) {
  const int64_t labels = config.integer("num_labels", 0, INT32_MAX, 1);
  if (labels != 1) fail_labels(config.where() + ": key 'num_labels'", std::to_string(labels));
  const Json* names = config.find("id2label");
  if (names != nullptr && names->size() != 1) fail_labels(config.where() + ": key 'id2label'", shown(*names));
}

// --- the model's tensors among them ---

const TensorFiles::Entry& required(const TensorFiles& files, const std::string& name,
                                   const std::vector<int64_t>& shape) {
  const TensorFiles::Entry* entry = files.find(name);
  check(entry != nullptr, PX_CORRUPT_DATA, files.where(), ": tensor '", name, "' is missing (config.json wants it as ",
        shape_text(shape), "); copy config.json and safetensors of the same model again");
  check(entry->tensor->shape == shape, PX_CORRUPT_DATA, *entry->file, ": tensor '", name, "': config.json wants shape ",
        shape_text(shape), ", got ", shape_text(entry->tensor->shape),
        "; copy config.json and safetensors of the same model again");
  float_dtype(*entry->tensor, *entry->file, name);
  return *entry;
}

bool same_tensor(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::ranges::equal(a.data, b.data);
}

// transformers 4 and 5 disagree about which one counts when they differ.
void check_redundant_head(const TensorFiles& files) {
  const TensorFiles::Entry* head = files.find(kHeadName);
  const TensorFiles::Entry* embedding = files.find(kEmbeddingName);
  check(head == nullptr || same_tensor(*head->tensor, *embedding->tensor), PX_CORRUPT_DATA, files.where(), ": tensor '",
        kHeadName, "' differs from '", kEmbeddingName,
        "', though config.json says 'tie_word_embeddings': true; set it to false or remove the tensor");
}

// A tensor that this version would leave out of the mathematics is refused, not passed over.
void check_nothing_foreign(const TensorFiles& files, const Layout& layout, const FolderConfig& config) {
  std::set<std::string> known;
  for (const TensorSpec& spec : layout.tensors) known.insert(spec.name);
  if (config.descriptor.tied) known.insert(kHeadName);
  if (config.classifier) known.insert(kScoreName);
  for (const auto& [name, entry] : files.entries())
    check(known.contains(name) || llama_ignores(name), PX_UNSUPPORTED, *entry.file, ": tensor ", in_quotes(name),
          " is no part of a Llama model with this config.json (a bias that 'attention_bias' and 'mlp_bias' do not "
          "mention, or another family); correct config.json or take another model");
}

void read_score(const TensorFiles& files, Weights& weights) {
  const int64_t hidden = weights.descriptor().hidden;
  const TensorFiles::Entry* found = files.find(kScoreName);
  if (found != nullptr && found->tensor->shape.size() == 2 && found->tensor->shape[0] != 1)
    fail_labels(*found->file + ": tensor '" + kScoreName + "'", shape_text(found->tensor->shape));
  const TensorFiles::Entry& entry = required(files, kScoreName, {1, hidden});
  weights.file_score_head.resize(static_cast<size_t>(hidden));
  read_floats(*entry.tensor, *entry.file, kScoreName, weights.file_score_head.data());
}

}  // namespace

FolderConfig read_config(std::string_view text, const std::string& where) {
  const Json object = parse_object(text, where);
  const JsonReader config(object, where);
  const std::string type = config.string("model_type", "");
  check(!type.empty(), PX_CORRUPT_DATA, where,
        ": key 'model_type' is missing: expected 'llama'; add it or copy the original file again");
  check(type == "llama", PX_UNSUPPORTED, where, ": key 'model_type': this version reads 'llama', got ", in_quotes(type),
        "; take a Llama model");
  FolderConfig result;
  result.classifier = is_classifier(config);
  if (result.classifier) check_one_label(config);
  result.descriptor = llama_descriptor(config);
  return result;
}

std::shared_ptr<Weights> load_huggingface(const std::shared_ptr<Engine>& engine, const std::string& directory) {
  const fs::path folder(directory);
  std::error_code error;
  check(!fs::exists(folder / "adapter_config.json", error), PX_UNSUPPORTED, (folder / "adapter_config.json").string(),
        ": this version does not read adapters; merge the adapter into its base model and load that");
  const MappedFile config_file((folder / "config.json").string());
  FolderConfig config = read_config(config_file.text(), config_file.path());

  const TensorFiles files(folder);
  if (config.classifier) config.descriptor.lm_head = files.find(kHeadName) != nullptr;
  const Layout layout = llama_layout(config.descriptor);
  // Every tensor is found and measured before memory is taken for any.
  for (const TensorSpec& spec : layout.tensors) required(files, spec.name, spec.shape);
  check_nothing_foreign(files, layout, config);
  if (config.descriptor.tied) check_redundant_head(files);

  auto weights = std::make_shared<Weights>(engine, config.descriptor, std::string(config_file.text()));
  for (const TensorSpec& spec : weights->tensors()) {
    const TensorFiles::Entry& entry = *files.find(spec.name);
    read_floats(*entry.tensor, *entry.file, spec.name, weights->data() + spec.offset);
  }
  const TensorFiles::Entry& embedding = *files.find(kEmbeddingName);
  weights->storage_dtype = float_dtype(*embedding.tensor, *embedding.file, kEmbeddingName);
  if (config.classifier) read_score(files, *weights);
  return weights;
}

}  // namespace px
