// JSON of model files: parsed strictly, read with messages that name file, key, expected and got.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace px {

using Json = nlohmann::json;

// Parses a whole text of UTF-8. `where` names it in messages. Throws PX_CORRUPT_DATA when it is no JSON object, when an
// object has a key twice, or when it nests deeper than any model file does.
Json parse_object(std::string_view text, const std::string& where);

// A text from a file, quoted and cut, for a message.
std::string in_quotes(std::string_view text);

// A JSON value for a message, cut.
std::string shown(const Json& value);

// Reads keys of one object. A key that is missing or null takes the default where the reader has one.
class JsonReader {
 public:
  JsonReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {}

  const std::string& where() const { return where_; }
  const Json& object() const { return object_; }

  // The value, or nullptr when the key is missing or null.
  const Json* find(const char* key) const;

  int64_t integer(const char* key, int64_t lowest, int64_t highest) const;
  int64_t integer(const char* key, int64_t lowest, int64_t highest, int64_t otherwise) const;

  // A finite number with lowest < value <= highest.
  double number(const char* key, double lowest, double highest) const;
  double number(const char* key, double lowest, double highest, double otherwise) const;

  bool boolean(const char* key, bool otherwise) const;
  std::string string(const char* key, const std::string& otherwise) const;

  // An object that is there.
  const Json& nested(const char* key) const;

 private:
  const Json& required(const char* key, const std::string& expected) const;
  [[noreturn]] void fail_value(const char* key, const std::string& expected, const Json& value) const;

  const Json& object_;
  std::string where_;
};

}  // namespace px
