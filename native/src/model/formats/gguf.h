// GGUF: metadata and tensors of llama.cpp's model files, versions 2 and 3, little-endian.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/formats/ggml_types.h"
#include "model/formats/mapped_file.h"

namespace px {

// An array of metadata as it lies in the file: texts are spelled out, numbers converted on demand.
struct GgufArray {
  uint32_t type = 0;  // of its elements
  uint64_t count = 0;
  std::span<const std::byte> data;  // numbers and booleans: packed; texts: length and bytes, one after the other

  std::vector<std::string_view> texts(const std::string& where) const;
  std::vector<double> numbers(const std::string& where) const;
};

// A value: every integer type that fits is int64_t, a larger unsigned one uint64_t, float and double are double.
using GgufValue = std::variant<int64_t, uint64_t, double, bool, std::string_view, GgufArray>;

struct GgufTensor {
  std::vector<int64_t> shape;  // rows first: the file's own order reversed
  const GgmlType* type;
  std::span<const std::byte> data;
  int64_t elements() const;
};

struct GgufFile {
  uint32_t version = 0;
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::map<std::string, GgufTensor, std::less<>> tensors;
};

// Reads a whole file in memory, which must outlive the result, and checks every number of it. `file` names it in
// messages. Throws PX_CORRUPT_DATA naming what and where, PX_UNSUPPORTED for another version or byte order.
GgufFile parse_gguf(std::span<const std::byte> bytes, const std::string& file);

// Throws PX_UNSUPPORTED, naming tensor and type, for a type that cannot be converted.
void require_decodable(const GgufTensor& tensor, const std::string& file, const std::string& name);

// Converts a tensor to fp32 [elements], from begin to end; `consumed` hears of each part that has been read.
// PX_UNSUPPORTED names a type that cannot be read, PX_NOT_FINITE the tensor.
void read_gguf_floats(const GgufTensor& tensor, const std::string& file, const std::string& name,
                      std::span<float> values, const Consumed& consumed = {});

}  // namespace px
