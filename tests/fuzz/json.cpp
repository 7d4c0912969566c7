#include "base/error.h"
#include "fuzz_target.h"
#include "model/formats/json.h"

namespace px::fuzz {
namespace {

// Every accepted object can be shown, read by every reader and parsed again.
void json(std::span<const std::byte> input, const std::string&) {
  const Json object = parse_object(as_text(input), "fuzz.json");
  expect(!shown(object).empty(), "an object is shown as nothing");
  expect(parse_object(object.dump(), "again.json") == object, "an object that is written reads differently");
  const JsonReader reader(object, "fuzz.json");
  const auto each = [&](auto&& read) {
    try {
      read();
    } catch (const Error& error) {
      expect(error.message().starts_with("fuzz.json"), "a message without the file: " + error.message());
    }
  };
  for (const auto& [name, value] : object.items()) {
    const char* key = name.c_str();
    each([&] { reader.integer(key, -1, 100); });
    each([&] { reader.number(key, 0.0, 1.0); });
    each([&] { reader.boolean(key, false); });
    each([&] { reader.string(key, ""); });
    each([&] { reader.nested(key); });
  }
}

const Registration registration({"json", json, {}});

}  // namespace
}  // namespace px::fuzz
