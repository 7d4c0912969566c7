#include <algorithm>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "model/families/llama.h"
#include "model/formats/huggingface.h"
#include "model/formats/mapped_file.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeadName = "lm_head.weight";
constexpr const char* kScoreName = "score.weight";
constexpr const char* kEmbeddingName = "model.embed_tokens.weight";

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

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

// --- tensors of one file or of shards ---

class TensorFiles {
 public:
  struct Entry {
    const TensorView* tensor;
    const std::string* file;
  };

  explicit TensorFiles(const fs::path& directory) {
    const fs::path single = directory / "model.safetensors";
    const fs::path index = directory / "model.safetensors.index.json";
    // transformers takes the single file first, too.
    if (is_there(single) || !is_there(index))
      open_single(directory, single);
    else
      open_shards(directory, index);
  }

  size_t count() const { return entries_.size(); }
  const std::map<std::string, Entry>& entries() const { return entries_; }

  const Entry* find(const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
  }

  const std::string& where() const { return where_; }

 private:
  void open_single(const fs::path& directory, const fs::path& single) {
    where_ = single.string();
    check(is_there(single) || !is_there(directory / "pytorch_model.bin"), PX_UNSUPPORTED,
          (directory / "pytorch_model.bin").string(),
          ": this version reads safetensors; save the model with safe_serialization=True");
    add(single.string());
  }

  void open_shards(const fs::path& directory, const fs::path& path) {
    where_ = path.string();
    const MappedFile file(path.string());
    const Json index = parse_object(text_of(file), path.string());
    const auto map = index.find("weight_map");
    check(map != index.end() && map->is_object() && !map->empty(), PX_CORRUPT_DATA, path.string(),
          ": key 'weight_map': expected the file of each tensor by name; copy the index again");
    for (const auto& [name, shard] : map->items()) {
      check(shard.is_string() && is_file_name(shard.get<std::string>()), PX_CORRUPT_DATA, path.string(),
            ": weight_map: tensor ", in_quotes(name), ": expected a file name of the same folder, got ", shown(shard));
      const std::string shard_path = (directory / shard.get<std::string>()).string();
      if (!files_.contains(shard_path)) add(shard_path);
      const auto& [opened, table] = *files_.at(shard_path);
      check(table.contains(name), PX_CORRUPT_DATA, path.string(), ": weight_map: tensor ", in_quotes(name),
            " is not in ", shard_path, "; index and shards do not belong together: copy the folder again");
    }
    check(entries_.size() == map->size(), PX_CORRUPT_DATA, path.string(), ": weight_map names ", map->size(),
          " tensors, the shards hold ", entries_.size(),
          "; index and shards do not belong together: copy the folder again");
  }

  static bool is_file_name(const std::string& name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
           name.find('\0') == std::string::npos;
  }

  void add(const std::string& path) {
    auto& opened = files_[path];
    opened = std::make_unique<Opened>(path);
    for (const auto& [name, tensor] : opened->table)
      check(entries_.emplace(name, Entry{&tensor, &opened->file.path()}).second, PX_CORRUPT_DATA, path, ": tensor ",
            in_quotes(name), " is also in another shard; copy the folder again");
  }

  struct Opened {
    explicit Opened(const std::string& path) : file(path), table(parse_safetensors(file.bytes(), path)) {}
    MappedFile file;
    TensorTable table;
  };

  std::string where_;
  std::map<std::string, std::unique_ptr<Opened>> files_;
  std::map<std::string, Entry> entries_;
};

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
  std::map<std::string, int> known;
  for (const TensorSpec& spec : layout.tensors) known[spec.name];
  if (config.descriptor.tied) known[kHeadName];
  if (config.classifier) known[kScoreName];
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
  const Json* type = config.find("model_type");
  check(type != nullptr, PX_CORRUPT_DATA, where,
        ": key 'model_type' is missing: expected 'llama'; add it or copy the original file again");
  check(*type == "llama", PX_UNSUPPORTED, where, ": key 'model_type': this version reads 'llama', got ", shown(*type),
        "; take a Llama model");
  FolderConfig result;
  result.classifier = is_classifier(config);
  if (result.classifier) check_one_label(config);
  result.descriptor = llama_descriptor(config);
  return result;
}

std::shared_ptr<Weights> load_huggingface(const std::shared_ptr<Engine>& engine, const std::string& directory) {
  const fs::path folder(directory);
  check(!is_there(folder / "adapter_config.json"), PX_UNSUPPORTED, (folder / "adapter_config.json").string(),
        ": this version does not read adapters; merge the adapter into its base model and load that");
  const MappedFile config_file((folder / "config.json").string());
  FolderConfig config = read_config(text_of(config_file), config_file.path());

  const TensorFiles files(folder);
  if (config.classifier) config.descriptor.lm_head = files.find(kHeadName) != nullptr;
  const Layout layout = llama_layout(config.descriptor);
  // Every tensor is found and measured before memory is taken for any.
  for (const TensorSpec& spec : layout.tensors) required(files, spec.name, spec.shape);
  check_nothing_foreign(files, layout, config);
  if (config.descriptor.tied) check_redundant_head(files);

  auto weights = std::make_shared<Weights>(engine, config.descriptor, std::string(text_of(config_file)));
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
