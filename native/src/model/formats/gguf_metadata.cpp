#include "model/formats/gguf_metadata.h"

#include <limits>

#include "base/error.h"

namespace px {
namespace {

enum : uint32_t { kUint32 = 4, kFloat32 = 6, kBool = 7, kText = 8 };

}  // namespace

void append_number(std::string& bytes, const void* number, size_t size) {
  bytes.append(static_cast<const char*>(number), size);
}

void append_gguf_text(std::string& bytes, std::string_view text) {
  append_gguf(bytes, static_cast<uint64_t>(text.size()));
  bytes += text;
}

void GgufMetadata::text(const std::string& key, std::string_view value) {
  head(key, kText);
  append_gguf_text(bytes_, value);
}

void GgufMetadata::integer(const std::string& key, int64_t value) {
  check(value >= 0 && value <= std::numeric_limits<uint32_t>::max(), PX_UNSUPPORTED, "key '", key,
        "': a GGUF file has room for 32 bits, got ", value);
  head(key, kUint32);
  append_gguf(bytes_, static_cast<uint32_t>(value));
}

void GgufMetadata::real(const std::string& key, double value) {
  head(key, kFloat32);
  append_gguf(bytes_, static_cast<float>(value));
}

void GgufMetadata::boolean(const std::string& key, bool value) {
  head(key, kBool);
  append_gguf(bytes_, static_cast<uint8_t>(value));
}

void GgufMetadata::append(std::span<const std::byte> encoded, uint64_t count) {
  append_number(bytes_, encoded.data(), encoded.size());
  count_ += count;
}

void GgufMetadata::head(const std::string& key, uint32_t type) {
  append_gguf_text(bytes_, key);
  append_gguf(bytes_, type);
  ++count_;
}

}  // namespace px
