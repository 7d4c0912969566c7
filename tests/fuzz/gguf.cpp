#include "model/formats/gguf.h"

#include "base/error.h"
#include "fuzz_target.h"

namespace px::fuzz {
namespace {

constexpr uint32_t kBool = 7;
constexpr uint32_t kText = 8;

// Header, metadata, the table of tensors, and every tensor's numbers.
void gguf(std::span<const std::byte> input, const std::string&) {
  const GgufFile file = parse_gguf(input, "fuzz.gguf");
  for (const auto& [key, value] : file.metadata)
    if (const auto* array = std::get_if<GgufArray>(&value)) {
      if (array->type == kText) array->texts("fuzz.gguf");
      if (array->type != kText && array->type != kBool) array->numbers("fuzz.gguf");
    }
  for (const auto& [name, tensor] : file.tensors) {
    if (tensor.type->decode == nullptr) continue;
    std::vector<float> values(static_cast<size_t>(tensor.elements()));
    decode_ggml(*tensor.type, tensor.data, values);
  }
}

const Registration registration({"gguf", gguf, {"gguf/metadata.gguf", "gguf/types.gguf"}});

}  // namespace
}  // namespace px::fuzz
