// The key-values of a GGUF file that is to be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace px {

class GgufMetadata {
 public:
  void text(const std::string& key, std::string_view value);
  void integer(const std::string& key, int64_t value);  // 32 bits without sign, as llama.cpp expects counts
  void real(const std::string& key, double value);      // fp32, as llama.cpp expects factors
  void boolean(const std::string& key, bool value);

  // Key-values that are encoded already.
  void append(std::span<const std::byte> encoded, uint64_t count);

  uint64_t count() const { return count_; }
  const std::string& bytes() const { return bytes_; }

 private:
  void head(const std::string& key, uint32_t type);

  std::string bytes_;
  uint64_t count_ = 0;
};

// Appends a number as it lies in memory, and a text with its length before it.
void append_number(std::string& bytes, const void* number, size_t size);
void append_gguf_text(std::string& bytes, std::string_view text);

template <class Number>
void append_gguf(std::string& bytes, Number number) {
  append_number(bytes, &number, sizeof number);
}

}  // namespace px
