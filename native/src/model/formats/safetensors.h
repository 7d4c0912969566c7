// safetensors: 8 bytes of header length, a JSON header, tensor data. https://github.com/huggingface/safetensors
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/formats/mapped_file.h"
#include "proximal/model.h"

namespace px {

struct TensorView {
  std::string dtype;  // as the header writes it: "F32", "BF16", "F16" and others
  std::vector<int64_t> shape;
  std::span<const std::byte> data;  // in the file's memory, of any alignment
};

using TensorTable = std::map<std::string, TensorView>;

// Reads the header of a whole file in memory and checks every number of it: lengths, shapes, that the tensors fill the
// data end to end. `file` names it in messages. Throws PX_CORRUPT_DATA, and PX_UNSUPPORTED for a dtype it does not
// know.
TensorTable parse_safetensors(std::span<const std::byte> bytes, const std::string& file);

// "[3, 4]"
std::string shape_text(std::span<const int64_t> shape);

// The dtype of a tensor that is to become fp32; PX_UNSUPPORTED for others.
px_dtype float_dtype(const TensorView& tensor, const std::string& file, const std::string& name);

// Converts to fp32 [elements of the tensor], from begin to end; `consumed` hears of each part that has been read.
// Throws PX_NOT_FINITE at the first NaN or Inf, naming tensor and place.
void read_floats(const TensorView& tensor, const std::string& file, const std::string& name, float* values,
                 const Consumed& consumed = {});

// A tensor that is to be written.
struct TensorSource {
  std::string name;
  std::vector<int64_t> shape;
  std::span<const float> values;

  uint64_t bytes(px_dtype dtype) const { return values.size() * (dtype == PX_DTYPE_F32 ? 4u : 2u); }
};

class AtomicFile;

// Writes a whole file. Throws PX_NOT_FINITE when a value is not finite, or not in `dtype`.
void write_safetensors(AtomicFile& file, std::span<const TensorSource> tensors, px_dtype dtype);

}  // namespace px
