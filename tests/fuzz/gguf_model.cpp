#include "engine.h"
#include "fuzz_target.h"

namespace px::fuzz {
namespace {

// A whole file as a model: metadata to config.json to descriptor, names and shapes of tensors.
void gguf_model(std::span<const std::byte> input, const std::string& folder) {
  write_input(folder + "/fuzz.gguf", input);
  load_weights(engine(), folder + "/fuzz.gguf");
}

const Registration registration({"gguf_model", gguf_model, {}});

}  // namespace
}  // namespace px::fuzz
