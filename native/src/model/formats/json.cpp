#include "model/formats/json.h"

#include <functional>
#include <set>
#include <vector>

#include "base/error.h"

namespace px {
namespace {

constexpr int kDeepest = 64;
constexpr size_t kShownBytes = 80;
constexpr size_t kMaxText = 100'000'000;  // bytes; safetensors' reference implementation has it for headers

// Cuts at a character's first byte, so that what is left is still UTF-8.
std::string cut(std::string_view text) {
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

// Refuses what the library passes over: keys given twice, and depth without end.
class Strictness {
 public:
  explicit Strictness(const std::string& where) : where_(where) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) enter(depth);
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      check(keys_[static_cast<size_t>(depth) - 1].insert(key).second, PX_CORRUPT_DATA, where_, ": the key ",
            in_quotes(key), " stands twice in one object; remove one");
    }
    return true;
  }

 private:
  void enter(int depth) {
    check(depth < kDeepest, PX_CORRUPT_DATA, where_, ": JSON nested deeper than ", kDeepest,
          " levels; this is no model file");
    keys_.resize(static_cast<size_t>(depth));
    keys_.emplace_back();
  }

  const std::string& where_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open, by depth
};

}  // namespace

Json parse_object(std::string_view text, const std::string& where) {
  check(text.size() <= kMaxText, PX_CORRUPT_DATA, where, ": expected at most ", kMaxText, " bytes of JSON, got ",
        text.size(), "; this is no model file");
  Strictness strictness(where);
  try {
    Json value = Json::parse(text.begin(), text.end(), std::ref(strictness));
    check(value.is_object(), PX_CORRUPT_DATA, where, ": expected a JSON object, got ", shown(value));
    return value;
  } catch (const Json::parse_error& error) {
    fail(PX_CORRUPT_DATA, where, ": expected JSON in UTF-8, which breaks at byte ", error.byte,
         "; the file is damaged or cut: copy it again");
  } catch (const Json::out_of_range&) {
    fail(PX_CORRUPT_DATA, where, ": a number is beyond what 64 bits hold; the file is damaged: copy it again");
  }
}

std::string in_quotes(std::string_view value) { return text("'", cut(value), "'"); }

std::string shown(const Json& value) { return cut(value.dump(-1, ' ', false, Json::error_handler_t::replace)); }

const Json* JsonReader::find(const char* key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const Json& JsonReader::required(const char* key, const std::string& expected) const {
  const Json* value = find(key);
  check(value != nullptr, PX_CORRUPT_DATA, where_, ": key '", key, "' is missing: expected ", expected,
        "; add it or copy the original file again");
  return *value;
}

void JsonReader::fail_value(const char* key, const std::string& expected, const Json& value) const {
  fail(PX_CORRUPT_DATA, where_, ": key '", key, "': expected ", expected, ", got ", shown(value),
       "; correct it or copy the original file again");
}

int64_t JsonReader::integer(const char* key, int64_t lowest, int64_t highest) const {
  const std::string expected = text("an integer from ", lowest, " to ", highest);
  const Json& value = required(key, expected);
  const bool fits = value.is_number_integer() && !(value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) &&
                    value.get<int64_t>() >= lowest && value.get<int64_t>() <= highest;
  if (!fits) fail_value(key, expected, value);
  return value.get<int64_t>();
}

int64_t JsonReader::integer(const char* key, int64_t lowest, int64_t highest, int64_t otherwise) const {
  return find(key) == nullptr ? otherwise : integer(key, lowest, highest);
}

double JsonReader::number(const char* key, double lowest, double highest) const {
  const std::string expected = text("a number above ", lowest, " and at most ", highest);
  const Json& value = required(key, expected);
  const bool fits = value.is_number() && value.get<double>() > lowest && value.get<double>() <= highest;
  if (!fits) fail_value(key, expected, value);
  return value.get<double>();
}

double JsonReader::number(const char* key, double lowest, double highest, double otherwise) const {
  return find(key) == nullptr ? otherwise : number(key, lowest, highest);
}

bool JsonReader::boolean(const char* key, bool otherwise) const {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail_value(key, "true or false", *value);
  return value->get<bool>();
}

std::string JsonReader::string(const char* key, const std::string& otherwise) const {
  const Json* value = find(key);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) fail_value(key, "a text", *value);
  return value->get<std::string>();
}

const Json& JsonReader::nested(const char* key) const {
  const Json& value = required(key, "an object");
  if (!value.is_object()) fail_value(key, "an object", value);
  return value;
}

}  // namespace px
