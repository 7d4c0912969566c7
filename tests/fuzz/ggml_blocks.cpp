#include <array>

#include "fuzz_target.h"
#include "model/formats/ggml_types.h"

namespace px::fuzz {
namespace {

// The types that are converted, one after the other: the first byte of an input says which, the rest are its blocks.
constexpr std::array<uint32_t, 17> kTypes = {0, 1, 2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 23, 30, 35, 30};

void ggml_blocks(std::span<const std::byte> input, const std::string&) {
  if (input.empty()) return;
  const GgmlType* type = find_ggml_type(kTypes[std::to_integer<size_t>(input[0]) % kTypes.size()]);
  expect(type != nullptr && type->decode != nullptr, "a type that is not converted");
  const size_t blocks = (input.size() - 1) / static_cast<size_t>(type->block_bytes);
  // Of the exact size, so that a sanitizer sees what is read or written beyond.
  const std::vector<std::byte> data(input.begin() + 1,
                                    input.begin() + 1 + static_cast<std::ptrdiff_t>(blocks * type->block_bytes));
  std::vector<float> values(blocks * static_cast<size_t>(type->block));
  decode_ggml(*type, data, values);
}

const Registration registration({"ggml_blocks", ggml_blocks, {}});

}  // namespace
}  // namespace px::fuzz
