// The tensors of a Hugging Face folder: of model.safetensors, or of the shards that its index names.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/formats/mapped_file.h"
#include "model/formats/safetensors.h"

namespace px {

class TensorFiles {
 public:
  struct Entry {
    const TensorView* tensor;
    const std::string* file;   // its path, for messages
    const MappedFile* mapped;  // the same file's bytes
  };

  // `directory`/`stem`.safetensors, or the shards of `stem`.safetensors.index.json: maps the files and checks that
  // headers and index agree. `pickled` is PyTorch's file of the same, which is refused where it stands alone. Throws
  // PX_IO, PX_CORRUPT_DATA and PX_UNSUPPORTED.
  TensorFiles(const std::filesystem::path& directory, const std::string& stem, const std::string& pickled);

  const std::map<std::string, Entry>& entries() const { return entries_; }

  // Calls the tensors by other names. Throws PX_CORRUPT_DATA when two come to the same one.
  void rename(const std::function<std::string(const std::string&)>& new_name);

  // nullptr when no file has it.
  const Entry* find(const std::string& name) const;

  // A tensor of this shape and a dtype that becomes fp32. Throws PX_CORRUPT_DATA and PX_UNSUPPORTED.
  const Entry& required(const std::string& name, const std::vector<int64_t>& shape) const;

  // Converts a tensor of float_dtype() to fp32. Its bytes do not stay in this process's memory.
  static void read(const Entry& entry, const std::string& name, float* values);

  // The file that says what there is: the single one or the index.
  const std::string& where() const { return where_; }

 private:
  struct Shard {
    explicit Shard(const std::string& path) : file(path), table(parse_safetensors(file.bytes(), path)) {}
    MappedFile file;
    TensorTable table;
  };

  void open_shards(const std::filesystem::path& directory);
  const Shard& open(const std::string& path);

  std::string where_;
  std::map<std::string, std::unique_ptr<Shard>> shards_;  // by path
  std::map<std::string, Entry> entries_;
};

}  // namespace px
