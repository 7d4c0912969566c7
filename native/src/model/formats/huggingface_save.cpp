#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "model/families/family.h"
#include "model/formats/atomic_file.h"
#include "model/formats/huggingface.h"
#include "model/formats/mapped_file.h"
#include "model/formats/scalar_head.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

const char* torch_dtype(px_dtype dtype) {
  return dtype == PX_DTYPE_BF16 ? "bfloat16" : dtype == PX_DTYPE_F16 ? "float16" : "float32";
}

// The config as transformers 5 writes it. Keys that transformers 4 reads by other names stand beside, so that an old
// reader does not take its defaults for them.
std::string config_text(const std::string& original, const Descriptor& d, px_head head, px_dtype dtype) {
  Json config = Json::parse(original);
  const Family& family = family_of(d.family);
  const bool scalar = head == PX_HEAD_SCALAR;
  config["architectures"] = {scalar ? family.classifier : family.language_model};
  config["model_type"] = family.model_type;
  config["dtype"] = config["torch_dtype"] = torch_dtype(dtype);
  family.write_config(d, config);
  for (const char* key : {"num_labels", "id2label", "label2id", "problem_type", kHeadPrefixKey}) config.erase(key);
  if (scalar) {
    config["num_labels"] = 1;
    config["id2label"] = {{"0", "LABEL_0"}};
    config["label2id"] = {{"LABEL_0", 0}};
  }
  return config.dump(2) + "\n";
}

// Tensors by name, as transformers writes them, in shards of at most `bytes` (0: no limit); a larger tensor has one of
// its own.
std::vector<std::vector<TensorSource>> split(std::span<const TensorSource> tensors, px_dtype dtype, uint64_t bytes) {
  std::vector<TensorSource> sorted(tensors.begin(), tensors.end());
  std::ranges::sort(sorted, {}, &TensorSource::name);
  std::vector<std::vector<TensorSource>> shards(1);
  uint64_t filled = 0;
  for (TensorSource& tensor : sorted) {
    const uint64_t size = tensor.bytes(dtype);
    if (bytes > 0 && !shards.back().empty() && filled + size > bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += size;
    shards.back().push_back(std::move(tensor));
  }
  return shards;
}

std::string shard_name(size_t index, size_t count) {
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", index + 1, count);
  return name;
}

std::string index_text(const std::vector<std::vector<TensorSource>>& shards, px_dtype dtype) {
  uint64_t bytes = 0;
  uint64_t parameters = 0;
  Json map;
  for (size_t i = 0; i < shards.size(); ++i)
    for (const TensorSource& tensor : shards[i]) {
      bytes += tensor.bytes(dtype);
      parameters += tensor.values.size();
      map[tensor.name] = shard_name(i, shards.size());
    }
  const Json index{{"metadata", {{"total_parameters", parameters}, {"total_size", bytes}}}, {"weight_map", map}};
  return index.dump(2) + "\n";
}

bool is_shard_name(const std::string& name) {
  size_t index = 0;
  size_t count = 0;
  int end = 0;
  return std::sscanf(name.c_str(), "model-%5zu-of-%5zu.safetensors%n", &index, &count, &end) == 2 &&
         end == static_cast<int>(name.size());
}

void make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directory(directory, error);
  if (error) fail_io(directory.string(), "the folder cannot be created", error.value());
  check(fs::is_directory(directory, error), PX_IO, directory.string(), ": expected a folder, got a file");
}

// The files of one save: all are written, then all take their places, then what they replace goes.
class FolderWriter {
 public:
  explicit FolderWriter(fs::path directory) : directory_(std::move(directory)) { make_directory(directory_); }

  AtomicFile& add(const std::string& name) {
    names_.push_back(name);
    return *files_.emplace_back(std::make_unique<AtomicFile>((directory_ / name).string()));
  }

  void add_text(const std::string& name, const std::string& content) {
    AtomicFile& file = add(name);
    file.write(std::as_bytes(std::span(content)));
    file.finish();
  }

  void commit() {
    for (const auto& file : files_) file->commit();
    remove_stale();
    sync_directory(directory_.string());
  }

 private:
  // Weights of an earlier save under names that this one does not write: a reader might take them for the model.
  void remove_stale() const {
    std::error_code error;
    for (fs::directory_iterator entry(directory_, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      const bool weights = name == kSingle || name == kIndex || is_shard_name(name);
      if (!weights || std::ranges::find(names_, name) != names_.end()) continue;
      std::error_code removal;
      fs::remove(entry->path(), removal);
      if (removal) fail_io(entry->path().string(), "the earlier model's file cannot be removed", removal.value());
    }
    if (error) fail_io(directory_.string(), "the folder cannot be listed", error.value());
  }

  fs::path directory_;
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<AtomicFile>> files_;
};

}  // namespace

void save_huggingface(const std::string& directory, const std::string& config, const Descriptor& descriptor,
                      px_head head, std::span<const TensorSource> tensors, const px_save_options& options) {
  const auto dtype = static_cast<px_dtype>(options.dtype);
  const auto shards = split(tensors, dtype, options.shard_bytes);
  FolderWriter folder(directory);
  folder.add_text("config.json", config_text(config, descriptor, head, dtype));
  for (size_t i = 0; i < shards.size(); ++i) {
    AtomicFile& file = folder.add(shards.size() == 1 ? kSingle : shard_name(i, shards.size()));
    write_safetensors(file, shards[i], dtype);
    file.finish();
  }
  if (shards.size() > 1) folder.add_text(kIndex, index_text(shards, dtype));
  folder.commit();
}

}  // namespace px
