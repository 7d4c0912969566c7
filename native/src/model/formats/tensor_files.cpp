#include "model/formats/tensor_files.h"

#include "base/error.h"
#include "model/formats/json.h"
#include "model/formats/pickle.h"

namespace px {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// A name of the same folder, so that an index cannot lead elsewhere.
bool is_file_name(const Json& value) {
  if (!value.is_string()) return false;
  const auto& name = value.get_ref<const std::string&>();
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

TensorFiles::TensorFiles(const fs::path& directory, const std::string& stem, const std::string& pickled) {
  const fs::path single = directory / (stem + ".safetensors");
  const fs::path index = directory / (stem + ".safetensors.index.json");
  // transformers takes the single file first, too.
  const bool sharded = !is_there(single) && is_there(index);
  where_ = sharded ? index.string() : single.string();
  if (!sharded && !is_there(single))
    for (const std::string& name : {pickled, pickled + ".index.json"})
      if (is_there(directory / name)) fail_pickle((directory / name).string());
  if (sharded)
    open_shards(directory);
  else
    open(where_);
}

void TensorFiles::open_shards(const fs::path& directory) {
  const MappedFile file(where_);
  const Json index = parse_object(file.text(), where_);
  const JsonReader reader(index, where_);
  const Json& map = reader.nested("weight_map");
  for (const auto& [name, shard] : map.items()) {
    check(is_file_name(shard), PX_CORRUPT_DATA, where_, ": weight_map: tensor ", in_quotes(name),
          ": expected a file name of the same folder, got ", shown(shard), "; copy the index again");
    const std::string path = (directory / shard.get<std::string>()).string();
    check(open(path).table.contains(name), PX_CORRUPT_DATA, where_, ": weight_map: tensor ", in_quotes(name),
          " is not in ", path, "; index and shards do not belong together: copy the folder again");
  }
  check(entries_.size() == map.size(), PX_CORRUPT_DATA, where_, ": weight_map names ", map.size(),
        " tensors, the shards hold ", entries_.size(),
        "; index and shards do not belong together: copy the folder again");
}

const TensorFiles::Shard& TensorFiles::open(const std::string& path) {
  const auto known = shards_.find(path);
  if (known != shards_.end()) return *known->second;
  const Shard& shard = *shards_.emplace(path, std::make_unique<Shard>(path)).first->second;
  for (const auto& [name, tensor] : shard.table)
    check(entries_.emplace(name, Entry{&tensor, &shard.file.path(), &shard.file}).second, PX_CORRUPT_DATA, path,
          ": tensor ", in_quotes(name), " is also in another shard; copy the folder again");
  return shard;
}

void TensorFiles::rename(const std::function<std::string(const std::string&)>& new_name) {
  std::map<std::string, Entry> renamed;
  for (const auto& [name, entry] : entries_)
    check(renamed.emplace(new_name(name), entry).second, PX_CORRUPT_DATA, *entry.file, ": tensor ", in_quotes(name),
          " is there twice, as ", in_quotes(new_name(name)), " too; copy the folder again");
  entries_ = std::move(renamed);
}

const TensorFiles::Entry* TensorFiles::find(const std::string& name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

const TensorFiles::Entry& TensorFiles::required(const std::string& name, const std::vector<int64_t>& shape) const {
  const Entry* entry = find(name);
  check(entry != nullptr, PX_CORRUPT_DATA, where_, ": tensor '", name, "' is missing (config.json wants it as ",
        shape_text(shape), "); copy config.json and safetensors of the same model again");
  check(entry->tensor->shape == shape, PX_CORRUPT_DATA, *entry->file, ": tensor '", name, "': config.json wants shape ",
        shape_text(shape), ", got ", shape_text(entry->tensor->shape),
        "; copy config.json and safetensors of the same model again");
  float_dtype(*entry->tensor, *entry->file, name);
  return *entry;
}

void TensorFiles::read(const Entry& entry, const std::string& name, float* values) {
  read_floats(*entry.tensor, *entry.file, name, values, entry.mapped->releaser());
}

}  // namespace px
