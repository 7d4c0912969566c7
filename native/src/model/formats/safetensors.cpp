#include "model/formats/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "base/error.h"
#include "base/float16.h"
#include "model/formats/atomic_file.h"
#include "model/formats/json.h"

namespace px {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

constexpr uint64_t kLengthBytes = 8;
constexpr int64_t kMaxDimensions = 8;
constexpr size_t kMaxName = sizeof(px_tensor_info::name) - 1;

uint64_t element_bytes(const std::string& dtype, const std::string& where) {
  if (dtype == "F64" || dtype == "I64" || dtype == "U64") return 8;
  if (dtype == "F32" || dtype == "I32" || dtype == "U32") return 4;
  if (dtype == "F16" || dtype == "BF16" || dtype == "I16" || dtype == "U16") return 2;
  if (dtype == "I8" || dtype == "U8" || dtype == "BOOL" || dtype == "F8_E4M3" || dtype == "F8_E5M2") return 1;
  fail(PX_UNSUPPORTED, where, ": dtype ", in_quotes(dtype),
       " is not known to this version; save the model as F32 or BF16");
}

std::string_view header_text(std::span<const std::byte> bytes, const std::string& file) {
  check(bytes.size() >= kLengthBytes, PX_CORRUPT_DATA, file, ": expected safetensors, which begin with 8 bytes, got ",
        bytes.size(), " bytes; the file is cut: copy it again");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  check(length <= bytes.size() - kLengthBytes, PX_CORRUPT_DATA, file, ": the header says it is ", length,
        " bytes long, the file has ", bytes.size() - kLengthBytes,
        " after it; the file is cut or no safetensors: copy it again");
  return {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, static_cast<size_t>(length)};
}

std::vector<int64_t> read_shape(const Json& value, const std::string& where) {
  check(value.is_array() && static_cast<int64_t>(value.size()) <= kMaxDimensions, PX_CORRUPT_DATA, where,
        ": shape: expected a list of at most ", kMaxDimensions, " sizes, got ", shown(value),
        "; the header is damaged: copy the file again");
  std::vector<int64_t> shape;
  for (const Json& size : value) {
    check(size.is_number_unsigned() && size.get<uint64_t>() <= INT64_MAX, PX_CORRUPT_DATA, where,
          ": shape: expected sizes of 0 or more, got ", shown(value), "; the header is damaged: copy the file again");
    shape.push_back(size.get<int64_t>());
  }
  return shape;
}

// Bytes of a tensor of this shape.
uint64_t shape_bytes(std::span<const int64_t> shape, uint64_t element, const std::string& where) {
  uint64_t bytes = element;
  for (const int64_t size : shape)
    check(!__builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes), PX_CORRUPT_DATA, where, ": shape ",
          shape_text(shape), " is beyond what a file can hold; the header is damaged: copy the file again");
  return bytes;
}

struct Range {
  uint64_t begin;
  uint64_t end;
};

Range read_range(const Json& value, uint64_t data_bytes, const std::string& where) {
  const bool pair =
      value.is_array() && value.size() == 2 && value[0].is_number_unsigned() && value[1].is_number_unsigned();
  check(pair && value[0].get<uint64_t>() <= value[1].get<uint64_t>() && value[1].get<uint64_t>() <= data_bytes,
        PX_CORRUPT_DATA, where, ": data_offsets: expected [begin, end] within the ", data_bytes, " bytes of data, got ",
        shown(value), "; the file is cut or damaged: copy it again");
  return {value[0].get<uint64_t>(), value[1].get<uint64_t>()};
}

const Json& member(const Json& entry, const char* key, const std::string& where) {
  const auto found = entry.find(key);
  check(found != entry.end(), PX_CORRUPT_DATA, where, ": '", key,
        "' is missing; the header is damaged: copy the file again");
  return *found;
}

TensorView read_entry(const Json& entry, std::span<const std::byte> data, const std::string& where) {
  check(entry.is_object() && entry.size() == 3, PX_CORRUPT_DATA, where, ": expected {dtype, shape, data_offsets}, got ",
        shown(entry), "; the header is damaged: copy the file again");
  const Json& dtype = member(entry, "dtype", where);
  check(dtype.is_string(), PX_CORRUPT_DATA, where, ": dtype: expected a text, got ", shown(dtype),
        "; the header is damaged: copy the file again");
  TensorView tensor;
  tensor.dtype = dtype.get<std::string>();
  tensor.shape = read_shape(member(entry, "shape", where), where);
  const uint64_t bytes = shape_bytes(tensor.shape, element_bytes(tensor.dtype, where), where);
  const Range range = read_range(member(entry, "data_offsets", where), data.size(), where);
  check(range.end - range.begin == bytes, PX_CORRUPT_DATA, where, ": ", tensor.dtype, " ", shape_text(tensor.shape),
        " takes ", bytes, " bytes, data_offsets give ", range.end - range.begin,
        "; the header is damaged: copy the file again");
  tensor.data = data.subspan(range.begin, bytes);
  return tensor;
}

// The format allows neither holes nor overlaps: what the header does not account for was not written by its writer.
void check_gapless(const TensorTable& table, std::span<const std::byte> data, const std::string& file) {
  std::vector<std::pair<std::span<const std::byte>, const std::string*>> parts;
  for (const auto& [name, tensor] : table) parts.emplace_back(tensor.data, &name);
  std::ranges::sort(parts, {}, [](const auto& part) { return std::pair(part.first.data(), part.first.size()); });
  const std::byte* expected = data.data();
  for (const auto& [bytes, name] : parts) {
    check(bytes.data() == expected, PX_CORRUPT_DATA, file, ": tensor ", in_quotes(*name), " begins at byte ",
          bytes.data() - data.data(), " of the data, expected ", expected - data.data(), " (tensors ",
          bytes.data() < expected ? "overlap" : "leave a hole", "); the header is damaged: copy the file again");
    expected += bytes.size();
  }
  check(expected == data.data() + data.size(), PX_CORRUPT_DATA, file, ": the tensors end at byte ",
        expected - data.data(), " of the data, which has ", data.size(), "; the file is damaged: copy it again");
}

void check_metadata(const Json& metadata, const std::string& file) {
  const bool texts =
      metadata.is_object() && std::ranges::all_of(metadata, [](const Json& value) { return value.is_string(); });
  check(texts, PX_CORRUPT_DATA, file, ": __metadata__: expected texts by name, got ", shown(metadata),
        "; the header is damaged: copy the file again");
}

// How fp32 becomes a file's type and back.
struct Float32 {
  using Stored = float;
  static float encode(float value) { return value; }
  static float decode(float stored) { return stored; }
};

struct BFloat16 {
  using Stored = uint16_t;
  static uint16_t encode(float value) { return to_bf16(value); }
  static float decode(uint16_t stored) { return from_bf16(stored); }
};

struct Float16 {
  using Stored = uint16_t;
  static uint16_t encode(float value) { return to_f16(value); }
  static float decode(uint16_t stored) { return from_f16(stored); }
};

template <class Body>
void with_type(px_dtype dtype, Body&& body) {
  switch (dtype) {
    case PX_DTYPE_F32:
      return body(Float32{});
    case PX_DTYPE_BF16:
      return body(BFloat16{});
    case PX_DTYPE_F16:
      return body(Float16{});
  }
}

template <class Type>
void decode(std::span<const std::byte> data, std::span<float> values) {
  typename Type::Stored stored;
  for (size_t i = 0; i < values.size(); ++i) {
    std::memcpy(&stored, data.data() + i * sizeof stored, sizeof stored);
    values[i] = Type::decode(stored);
  }
}

const char* dtype_text(px_dtype dtype) {
  return dtype == PX_DTYPE_BF16 ? "BF16" : dtype == PX_DTYPE_F16 ? "F16" : "F32";
}

[[noreturn]] void fail_not_storable(const TensorSource& tensor, size_t element, px_dtype dtype) {
  const float value = tensor.values[element];
  fail(PX_NOT_FINITE, "tensor '", tensor.name, "': element ", element, " is ", value, ", expected a finite number of ",
       dtype_text(dtype),
       std::isfinite(value) ? "; save as bf16 or fp32" : "; the model diverged: go back to an earlier state");
}

template <class Type>
void write_values(AtomicFile& file, const TensorSource& tensor, px_dtype dtype) {
  constexpr size_t kChunk = size_t{1} << 16;
  std::vector<typename Type::Stored> chunk;
  for (size_t begin = 0; begin < tensor.values.size(); begin += kChunk) {
    const size_t end = std::min(begin + kChunk, tensor.values.size());
    chunk.clear();
    for (size_t i = begin; i < end; ++i) {
      chunk.push_back(Type::encode(tensor.values[i]));
      if (!std::isfinite(Type::decode(chunk.back()))) fail_not_storable(tensor, i, dtype);
    }
    file.write(std::as_bytes(std::span(chunk)));
  }
}

}  // namespace

TensorTable parse_safetensors(std::span<const std::byte> bytes, const std::string& file) {
  const std::string_view text = header_text(bytes, file);
  const Json header = parse_object(text, file + ": header");
  const auto data = bytes.subspan(kLengthBytes + text.size());
  TensorTable table;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      check_metadata(entry, file);
      continue;
    }
    const std::string where = file + ": tensor " + in_quotes(name);
    check(name.size() <= kMaxName, PX_CORRUPT_DATA, where, ": a name of ", name.size(), " bytes: expected at most ",
          kMaxName);
    table.emplace(name, read_entry(entry, data, where));
  }
  check_gapless(table, data, file);
  return table;
}

std::string shape_text(std::span<const int64_t> shape) {
  std::string result = "[";
  for (size_t i = 0; i < shape.size(); ++i) result += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return result + "]";
}

px_dtype float_dtype(const TensorView& tensor, const std::string& file, const std::string& name) {
  if (tensor.dtype == "F32") return PX_DTYPE_F32;
  if (tensor.dtype == "BF16") return PX_DTYPE_BF16;
  if (tensor.dtype == "F16") return PX_DTYPE_F16;
  fail(PX_UNSUPPORTED, file, ": tensor '", name, "': this version reads F32, BF16 and F16, got ", tensor.dtype,
       "; save the model in one of these");
}

void read_floats(const TensorView& tensor, const std::string& file, const std::string& name, float* values,
                 const Consumed& consumed) {
  // Parts that stay in a core's cache until they have been looked through.
  constexpr size_t kPart = size_t{1} << 17;
  const px_dtype dtype = float_dtype(tensor, file, name);
  const size_t size = dtype == PX_DTYPE_F32 ? 4 : 2;
  const size_t elements = tensor.data.size() / size;
  for (size_t begin = 0; begin < elements; begin += kPart) {
    const std::span<float> part(values + begin, std::min(kPart, elements - begin));
    const auto data = tensor.data.subspan(begin * size, part.size() * size);
    with_type(dtype, [&]<class Type>(Type) { decode<Type>(data, part); });
    const auto bad = std::ranges::find_if_not(part, [](float value) { return std::isfinite(value); });
    if (bad != part.end())
      fail(PX_NOT_FINITE, file, ": tensor '", name, "': element ", begin + static_cast<size_t>(bad - part.begin()),
           " of ", shape_text(tensor.shape), " is ", *bad,
           "; the model is damaged or diverged in training: take another copy");
    if (consumed) consumed(data);
  }
  // Once more as a whole: parts share pages with their neighbours.
  if (consumed) consumed(tensor.data);
}

void write_safetensors(AtomicFile& file, std::span<const TensorSource> tensors, px_dtype dtype) {
  Json header{{"__metadata__", {{"format", "pt"}}}};
  uint64_t offset = 0;
  for (const TensorSource& tensor : tensors) {
    const uint64_t end = offset + tensor.bytes(dtype);
    header[tensor.name] = {{"dtype", dtype_text(dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin aligned
  const uint64_t length = text.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(text)));
  for (const TensorSource& tensor : tensors)
    with_type(dtype, [&]<class Type>(Type) { write_values<Type>(file, tensor, dtype); });
}

}  // namespace px
