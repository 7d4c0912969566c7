#include "model/formats/gguf.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "model/formats/json.h"

namespace px {
namespace {

constexpr uint32_t kOldest = 2;
constexpr uint32_t kNewest = 3;
constexpr uint64_t kMaxKeyBytes = 65535;
constexpr uint64_t kMaxNameBytes = 1024;
constexpr uint32_t kMaxDimensions = 4;
constexpr uint64_t kMaxAlignment = 1 << 20;
constexpr int64_t kMaxElements = int64_t{1} << 48;

enum ValueType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kText = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// Bytes of a number; 0 for texts, arrays and unknown types.
uint64_t size_of(uint32_t type) {
  switch (type) {
    case kUint8:
    case kInt8:
    case kBool:
      return 1;
    case kUint16:
    case kInt16:
      return 2;
    case kUint32:
    case kInt32:
    case kFloat32:
      return 4;
    case kUint64:
    case kInt64:
    case kFloat64:
      return 8;
    default:
      return 0;
  }
}

template <class Number>
Number number_at(const std::byte* data) {
  Number number;
  std::memcpy(&number, data, sizeof number);
  return number;
}

GgufValue unsigned_value(uint64_t value) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return static_cast<int64_t>(value);
  return value;
}

GgufValue number_value(uint32_t type, const std::byte* data) {
  switch (type) {
    case kUint8: return int64_t{number_at<uint8_t>(data)};
    case kInt8: return int64_t{number_at<int8_t>(data)};
    case kUint16: return int64_t{number_at<uint16_t>(data)};
    case kInt16: return int64_t{number_at<int16_t>(data)};
    case kUint32: return int64_t{number_at<uint32_t>(data)};
    case kInt32: return int64_t{number_at<int32_t>(data)};
    case kInt64: return number_at<int64_t>(data);
    case kUint64: return unsigned_value(number_at<uint64_t>(data));
    case kFloat32: return double{number_at<float>(data)};
    case kFloat64: return number_at<double>(data);
    default: return number_at<uint8_t>(data) != 0;
  }
}

// Walks through the bytes; what would leave them is refused before it is read.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

  const std::byte* take(uint64_t count, const std::string& what) {
    check(count <= left(), PX_CORRUPT_DATA, file_, ": ", what, " at byte ", position_, ": expected ", count,
          " bytes, the file has ", left(), " more; it is cut short or its numbers are wrong: fetch it again");
    const std::byte* data = bytes_.data() + position_;
    position_ += count;
    return data;
  }

  template <class Number>
  Number number(const std::string& what) {
    return number_at<Number>(take(sizeof(Number), what));
  }

  std::string_view text(uint64_t most, const std::string& what) {
    const auto length = number<uint64_t>(what);
    check(length <= most, PX_CORRUPT_DATA, file_, ": ", what, " at byte ", position_, ": expected at most ", most,
          " bytes, got ", length, "; fetch the file again");
    return {reinterpret_cast<const char*>(take(length, what)), length};
  }

  [[noreturn]] void fail_at(const std::string& what, const std::string& text) const {
    fail(PX_CORRUPT_DATA, file_, ": ", what, ": ", text, "; fetch the file again");
  }

 private:
  std::span<const std::byte> bytes_;
  const std::string& file_;
  uint64_t position_ = 0;
};

GgufArray read_array(Reader& reader, const std::string& what) {
  GgufArray array;
  array.type = reader.number<uint32_t>(what);
  array.count = reader.number<uint64_t>(what);
  const uint64_t size = size_of(array.type);
  if (size > 0) {
    if (array.count > reader.left() / size) reader.fail_at(what, text("an array of ", array.count, " elements does not fit"));
    array.data = {reader.take(array.count * size, what), array.count * size};
    return array;
  }
  if (array.type != kText) reader.fail_at(what, text("expected an array of numbers or texts, got type ", array.type));
  const uint64_t begin = reader.position();
  const std::byte* data = reader.take(0, what);
  for (uint64_t i = 0; i < array.count; ++i) reader.text(reader.left(), what);
  array.data = {data, reader.position() - begin};
  return array;
}

GgufValue read_value(Reader& reader, const std::string& what) {
  const auto type = reader.number<uint32_t>(what);
  if (type == kText) return reader.text(reader.left(), what);
  if (type == kArray) return read_array(reader, what);
  const uint64_t size = size_of(type);
  if (size == 0) reader.fail_at(what, text("unknown value type ", type));
  return number_value(type, reader.take(size, what));
}

struct TensorPlace {
  std::string name;
  std::vector<int64_t> shape;
  const GgmlType* type;
  uint64_t offset;
};

TensorPlace read_tensor(Reader& reader, uint64_t index) {
  TensorPlace tensor;
  tensor.name = reader.text(kMaxNameBytes, text("name of tensor ", index));
  const std::string what = "tensor " + in_quotes(tensor.name);
  const auto dimensions = reader.number<uint32_t>(what);
  if (dimensions > kMaxDimensions) reader.fail_at(what, text("expected at most 4 dimensions, got ", dimensions));
  int64_t elements = 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    const auto size = reader.number<uint64_t>(what);
    if (size == 0 || size > static_cast<uint64_t>(kMaxElements / elements))
      reader.fail_at(what, text("dimension ", i, ": ", size, " is absurd"));
    elements *= static_cast<int64_t>(size);
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
  }
  const auto type = reader.number<uint32_t>(what);
  tensor.type = find_ggml_type(type);
  if (tensor.type == nullptr) reader.fail_at(what, text("unknown type ", type));
  const int64_t row = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (row % tensor.type->block != 0)
    reader.fail_at(what, text("rows of ", row, " numbers are no whole blocks of ", tensor.type->name));
  tensor.offset = reader.number<uint64_t>(what);
  return tensor;
}

uint64_t alignment_of(const GgufFile& gguf, const std::string& file) {
  const auto found = gguf.metadata.find("general.alignment");
  if (found == gguf.metadata.end()) return 32;
  const auto* value = std::get_if<int64_t>(&found->second);
  const bool power = value != nullptr && *value > 0 && (*value & (*value - 1)) == 0;
  check(power && static_cast<uint64_t>(*value) <= kMaxAlignment, PX_CORRUPT_DATA, file,
        ": 'general.alignment': expected a power of two; fetch the file again");
  return static_cast<uint64_t>(*value);
}

void place_tensor(GgufFile& gguf, TensorPlace place, std::span<const std::byte> data, uint64_t alignment,
                  const std::string& file) {
  GgufTensor tensor{std::move(place.shape), place.type, {}};
  const uint64_t bytes = static_cast<uint64_t>(tensor.elements() / place.type->block * place.type->block_bytes);
  check(place.offset % alignment == 0 && place.offset <= data.size() && bytes <= data.size() - place.offset,
        PX_CORRUPT_DATA, file, ": tensor ", in_quotes(place.name), ": its ", bytes, " bytes at offset ", place.offset,
        " are not inside the ", data.size(), " bytes of tensor data, or not aligned to ", alignment,
        "; the file is cut short or its numbers are wrong: fetch it again");
  tensor.data = data.subspan(place.offset, bytes);
  const bool fresh = gguf.tensors.emplace(place.name, std::move(tensor)).second;
  check(fresh, PX_CORRUPT_DATA, file, ": tensor ", in_quotes(place.name), " is there twice; fetch the file again");
}

// Two tensors in the same bytes: one of their offsets is wrong.
void check_apart(const GgufFile& gguf, const std::string& file) {
  std::vector<std::pair<const std::byte*, const std::string*>> begins;
  for (const auto& [name, tensor] : gguf.tensors) begins.emplace_back(tensor.data.data(), &name);
  std::ranges::sort(begins);
  for (size_t i = 1; i < begins.size(); ++i) {
    const std::string& before = *begins[i - 1].second;
    const auto& data = gguf.tensors.find(before)->second.data;
    check(data.data() + data.size() <= begins[i].first, PX_CORRUPT_DATA, file, ": tensor ", in_quotes(before),
          " overlaps tensor ", in_quotes(*begins[i].second), "; fetch the file again");
  }
}

}  // namespace

int64_t GgufTensor::elements() const {
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  return elements;
}

std::vector<std::string_view> GgufArray::texts(const std::string& where) const {
  check(type == kText, PX_CORRUPT_DATA, where, ": expected an array of texts, got value type ", type);
  std::vector<std::string_view> texts;
  texts.reserve(count);
  const std::byte* at = data.data();
  for (uint64_t i = 0; i < count; ++i) {
    const auto length = number_at<uint64_t>(at);
    texts.emplace_back(reinterpret_cast<const char*>(at + sizeof length), length);
    at += sizeof length + length;
  }
  return texts;
}

std::vector<double> GgufArray::numbers(const std::string& where) const {
  const uint64_t size = size_of(type);
  check(size > 0 && type != kBool, PX_CORRUPT_DATA, where, ": expected an array of numbers, got value type ", type);
  std::vector<double> numbers;
  numbers.reserve(count);
  for (uint64_t i = 0; i < count; ++i)
    numbers.push_back(std::visit(
        [](const auto& value) -> double {
          if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) return static_cast<double>(value);
          return 0.0;
        },
        number_value(type, data.data() + i * size)));
  return numbers;
}

GgufFile parse_gguf(std::span<const std::byte> bytes, const std::string& file) {
  Reader reader(bytes, file);
  check(bytes.size() >= 4 && std::memcmp(reader.take(4, "magic"), "GGUF", 4) == 0, PX_CORRUPT_DATA, file,
        ": expected a GGUF file, which begins with 'GGUF'");
  GgufFile gguf;
  gguf.version = reader.number<uint32_t>("version");
  check(gguf.version >= kOldest && gguf.version <= kNewest, PX_UNSUPPORTED, file, ": GGUF version ", gguf.version,
        gguf.version > 0xffff ? " (the file is big-endian)" : "",
        ": this version reads versions 2 and 3, little-endian; convert the model again with a current llama.cpp");
  const auto tensors = reader.number<uint64_t>("number of tensors");
  const auto keys = reader.number<uint64_t>("number of keys");
  for (uint64_t i = 0; i < keys; ++i) {
    const std::string key{reader.text(kMaxKeyBytes, text("key ", i))};
    const std::string what = "key " + in_quotes(key);
    const bool fresh = gguf.metadata.emplace(key, read_value(reader, what)).second;
    if (!fresh) reader.fail_at(what, "it is there twice");
  }

  std::vector<TensorPlace> places;
  for (uint64_t i = 0; i < tensors; ++i) places.push_back(read_tensor(reader, i));
  const uint64_t alignment = alignment_of(gguf, file);
  const uint64_t begin = (reader.position() + alignment - 1) / alignment * alignment;
  const auto data = begin < bytes.size() ? bytes.subspan(begin) : std::span<const std::byte>{};
  for (TensorPlace& place : places) place_tensor(gguf, std::move(place), data, alignment, file);
  check_apart(gguf, file);
  return gguf;
}

void require_decodable(const GgufTensor& tensor, const std::string& file, const std::string& name) {
  check(tensor.type->decode != nullptr, PX_UNSUPPORTED, file, ": tensor ", in_quotes(name), " is of type ",
        tensor.type->name,
        ": this version reads F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS and TQ2_0; "
        "take a file in one of them");
}

void read_gguf_floats(const GgufTensor& tensor, const std::string& file, const std::string& name,
                      std::span<float> values, const Consumed& consumed) {
  // Whole blocks, and parts that stay in a core's cache until they have been looked through.
  constexpr size_t kPart = size_t{1} << 17;
  require_decodable(tensor, file, name);
  const auto block = static_cast<size_t>(tensor.type->block);
  const auto block_bytes = static_cast<size_t>(tensor.type->block_bytes);
  for (size_t begin = 0; begin < values.size(); begin += kPart) {
    const std::span<float> part = values.subspan(begin, std::min(kPart, values.size() - begin));
    const auto data = tensor.data.subspan(begin / block * block_bytes, part.size() / block * block_bytes);
    decode_ggml(*tensor.type, data, part);
    const auto bad = std::ranges::find_if_not(part, [](float value) { return std::isfinite(value); });
    if (bad != part.end())
      fail(PX_NOT_FINITE, file, ": tensor ", in_quotes(name), ": element ",
           begin + static_cast<size_t>(bad - part.begin()), " is NaN or infinite; the file is damaged: fetch it again");
    if (consumed) consumed(data);
  }
  // Once more as a whole: parts share pages with their neighbours.
  if (consumed) consumed(tensor.data);
}

}  // namespace px
