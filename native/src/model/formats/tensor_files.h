// The tensors of a Hugging Face folder: of model.safetensors, or of the shards that its index names.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "model/formats/mapped_file.h"
#include "model/formats/safetensors.h"

namespace px {

class TensorFiles {
 public:
  struct Entry {
    const TensorView* tensor;
    const std::string* file;  // its path, for messages
  };

  // Maps the files and checks that headers and index agree. Throws PX_IO, PX_CORRUPT_DATA and PX_UNSUPPORTED.
  explicit TensorFiles(const std::filesystem::path& directory);

  const std::map<std::string, Entry>& entries() const { return entries_; }

  // nullptr when no file has it.
  const Entry* find(const std::string& name) const;

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
