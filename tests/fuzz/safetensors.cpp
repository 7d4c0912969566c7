#include "model/formats/safetensors.h"

#include "base/error.h"
#include "fuzz_target.h"

namespace px::fuzz {
namespace {

// The header of a whole file, and the numbers of every tensor that becomes fp32.
void safetensors(std::span<const std::byte> input, const std::string&) {
  for (const auto& [name, tensor] : parse_safetensors(input, "fuzz.safetensors")) {
    if (tensor.dtype != "F32" && tensor.dtype != "BF16" && tensor.dtype != "F16") continue;
    std::vector<float> values(tensor.data.size() / (tensor.dtype == "F32" ? 4 : 2));
    try {
      read_floats(tensor, "fuzz.safetensors", name, values.data());
    } catch (const Error& error) {
      expect(error.status() == PX_NOT_FINITE, error.message());
    }
  }
}

const Registration registration({"safetensors", safetensors, {}});

}  // namespace
}  // namespace px::fuzz
