#include <filesystem>

#include "../native/model_files.h"
#include "engine.h"
#include "fuzz_target.h"

namespace px::fuzz {
namespace {

// model.safetensors beside an honest config.json: names, shapes, dtypes, what is left over.
void model_folder(std::span<const std::byte> input, const std::string& folder) {
  const std::string model = folder + "/model";
  if (!std::filesystem::exists(model)) {
    std::filesystem::create_directory(model);
    testing::write_file(model + "/config.json", testing::tiny_config().dump());
  }
  write_input(model + "/model.safetensors", input);
  load_weights(engine(), model);
}

const Registration registration({"model_folder", model_folder, {}});

}  // namespace
}  // namespace px::fuzz
