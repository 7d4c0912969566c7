#include <filesystem>

#include "../native/model_files.h"
#include "base/error.h"
#include "fuzz_target.h"
#include "model/formats/tensor_files.h"

namespace px::fuzz {
namespace {

// model.safetensors.index.json beside two honest shards, with a third outside of the folder.
void shard_index(std::span<const std::byte> input, const std::string& folder) {
  const std::string inside = folder + "/model";
  if (!std::filesystem::exists(inside)) {
    std::filesystem::create_directory(inside);
    testing::write_file(inside + "/a.safetensors", testing::safetensors({{"one", {{2}, {1, 2}}}}));
    testing::write_file(inside + "/b.safetensors", testing::safetensors({{"two", {{1}, {3}}}}));
    testing::write_file(folder + "/c.safetensors", testing::safetensors({{"three", {{1}, {4}}}}));
  }
  write_input(inside + "/model.safetensors.index.json", input);
  const TensorFiles files(inside, "model", "pytorch_model.bin");
  for (const auto& [name, entry] : files.entries())
    expect(*entry.file == inside + "/a.safetensors" || *entry.file == inside + "/b.safetensors",
           "a tensor from " + *entry.file);
}

const Registration registration({"shard_index", shard_index, {}});

}  // namespace
}  // namespace px::fuzz
