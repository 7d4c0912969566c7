#include "model/formats/gguf_keys.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "model/formats/json.h"

namespace px {
namespace {

constexpr const char* kArchitecture = "general.architecture";

// The double that the shortest decimal of an fp32 number means; a double that is no fp32 number stays as it is.
double shortest(double value) {
  const auto single = static_cast<float>(value);
  if (static_cast<double>(single) != value) return value;
  char digits[32];
  const std::to_chars_result written = std::to_chars(digits, digits + sizeof digits, single);
  std::from_chars(digits, written.ptr, value);
  return value;
}

bool is_neutral(const GgufValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return *integer == 0;
  if (const auto* number = std::get_if<double>(&value)) return *number == 0.0;
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* text = std::get_if<std::string_view>(&value)) return text->empty();
  if (const auto* array = std::get_if<GgufArray>(&value)) return array->count == 0;
  return false;
}

}  // namespace

GgufKeys::GgufKeys(const GgufFile& gguf, std::string file) : gguf_(gguf), file_(std::move(file)) {
  const auto found = gguf.metadata.find(kArchitecture);
  const auto* name = found == gguf.metadata.end() ? nullptr : std::get_if<std::string_view>(&found->second);
  check(name != nullptr && !name->empty(), PX_CORRUPT_DATA, file_, ": key '", kArchitecture,
        "': expected the name of an architecture; fetch the file again");
  architecture_ = *name;
}

int64_t GgufKeys::integer(const std::string& key) { return as_integer(key, required(key)); }

int64_t GgufKeys::integer(const std::string& key, int64_t otherwise) {
  const GgufValue* value = find(key);
  return value == nullptr ? otherwise : as_integer(key, *value);
}

double GgufKeys::number(const std::string& key) { return as_number(key, required(key)); }

double GgufKeys::number(const std::string& key, double otherwise) {
  const GgufValue* value = find(key);
  return value == nullptr ? otherwise : as_number(key, *value);
}

std::string GgufKeys::text(const std::string& key, const std::string& otherwise) {
  const GgufValue* value = find(key);
  if (value == nullptr) return otherwise;
  const auto* text = std::get_if<std::string_view>(value);
  if (text == nullptr) fail_value(key, "a text");
  return std::string(*text);
}

bool GgufKeys::boolean(const std::string& key, bool otherwise) {
  const GgufValue* value = find(key);
  if (value == nullptr) return otherwise;
  const auto* flag = std::get_if<bool>(value);
  if (flag == nullptr) fail_value(key, "true or false");
  return *flag;
}

std::optional<int64_t> GgufKeys::general_integer(const std::string& key) const {
  const auto found = gguf_.metadata.find(key);
  const auto* value = found == gguf_.metadata.end() ? nullptr : std::get_if<int64_t>(&found->second);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

void GgufKeys::refuse_unread() const {
  const std::string prefix = architecture_ + ".";
  for (const auto& [name, value] : gguf_.metadata) {
    if (!name.starts_with(prefix) || read_.contains(name.substr(prefix.size())) || is_neutral(value)) continue;
    fail(PX_UNSUPPORTED, file_, ": key ", in_quotes(name),
         ": this version does not know it, and it may change what the model computes; take another model");
  }
}

const GgufValue* GgufKeys::find(const std::string& key) {
  read_.insert(key);
  const auto found = gguf_.metadata.find(architecture_ + "." + key);
  return found == gguf_.metadata.end() ? nullptr : &found->second;
}

const GgufValue& GgufKeys::required(const std::string& key) {
  const GgufValue* value = find(key);
  check(value != nullptr, PX_CORRUPT_DATA, file_, ": key '", architecture_, ".", key,
        "' is missing; convert the model again");
  return *value;
}

void GgufKeys::fail_value(const std::string& key, const std::string& expected) const {
  fail(PX_CORRUPT_DATA, file_, ": key '", architecture_, ".", key, "': expected ", expected, "; fetch the file again");
}

int64_t GgufKeys::as_integer(const std::string& key, const GgufValue& value) const {
  constexpr auto kMost = std::numeric_limits<int32_t>::max();
  const std::string expected = px::text("a whole number from 1 to ", kMost);
  if (const auto* array = std::get_if<GgufArray>(&value)) {
    const std::vector<double> numbers = array->numbers(file_ + ": key '" + architecture_ + "." + key + "'");
    const bool whole = !numbers.empty() && numbers[0] >= 1 && numbers[0] <= kMost && numbers[0] == std::floor(numbers[0]);
    if (!whole) fail_value(key, expected);
    check(std::ranges::all_of(numbers, [&](double one) { return one == numbers[0]; }), PX_UNSUPPORTED, file_, ": key '",
          architecture_, ".", key, "': this version computes the same number in every layer; take another model");
    return static_cast<int64_t>(numbers[0]);
  }
  const auto* integer = std::get_if<int64_t>(&value);
  if (integer == nullptr || *integer < 1 || *integer > kMost) fail_value(key, expected);
  return *integer;
}

double GgufKeys::as_number(const std::string& key, const GgufValue& value) const {
  const auto* integer = std::get_if<int64_t>(&value);
  if (integer != nullptr) return static_cast<double>(*integer);
  const auto* number = std::get_if<double>(&value);
  if (number == nullptr || !std::isfinite(*number)) fail_value(key, "a finite number");
  return shortest(*number);
}

}  // namespace px
