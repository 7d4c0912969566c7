// The metadata of a GGUF file by key, with messages that name file, key, expected and got.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "model/formats/gguf.h"

namespace px {

// Reads the keys of one architecture: "context_length" is "llama.context_length" in the file. A key is either read or
// named by refuse_unread, so that nothing that changes the mathematics is passed over.
class GgufKeys {
 public:
  // Throws PX_CORRUPT_DATA when "general.architecture" is missing or no text.
  GgufKeys(const GgufFile& gguf, std::string file);

  const std::string& architecture() const { return architecture_; }
  const std::string& file() const { return file_; }

  // A whole number from 1 to INT32_MAX; of a list, which has one a layer, the number that all of them are.
  int64_t integer(const std::string& key);
  int64_t integer(const std::string& key, int64_t otherwise);

  // A finite number. One that is stored as fp32 comes as the shortest decimal that means it: 1e-05, not 9.99999975e-06.
  double number(const std::string& key);
  double number(const std::string& key, double otherwise);

  std::string text(const std::string& key, const std::string& otherwise);
  bool boolean(const std::string& key, bool otherwise);

  // A key outside the architecture's; nullopt when it is missing or no whole number.
  std::optional<int64_t> general_integer(const std::string& key) const;

  // A key that says nothing about the mathematics.
  void ignore(const std::string& key) { read_.insert(key); }

  // Throws PX_UNSUPPORTED for a key of the architecture that was not read, unless its value is 0, 0.0, false or empty.
  void refuse_unread() const;

 private:
  const GgufValue* find(const std::string& key);
  const GgufValue& required(const std::string& key);
  [[noreturn]] void fail_value(const std::string& key, const std::string& expected) const;
  int64_t as_integer(const std::string& key, const GgufValue& value) const;
  double as_number(const std::string& key, const GgufValue& value) const;

  const GgufFile& gguf_;
  std::string file_;
  std::string architecture_;
  std::set<std::string> read_;
};

}  // namespace px
