// Fuzz targets: one function a parser, which may refuse any bytes with px::Error and may do nothing else with them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace px::fuzz {

// What a target does with one input. `folder` is a folder of its own, for parsers that open files; it is left as it was
// found or with the same names in it.
using Target = void (*)(std::span<const std::byte> input, const std::string& folder);

struct Entry {
  const char* name;  // of tests/fuzz/NAME.cpp and of the folder tests/fuzz/corpus/NAME
  Target run;
  std::vector<const char*> seeds;  // further inputs, files below tests/golden
};

// All targets, in the order in which they register.
std::vector<Entry>& targets();

struct Registration {
  explicit Registration(Entry entry) { targets().push_back(std::move(entry)); }
};

inline std::string_view as_text(std::span<const std::byte> input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

// Writes an input where a parser opens it.
void write_input(const std::string& path, std::span<const std::byte> input);

// Throws std::logic_error, which the driver reports as a finding: something that must hold of accepted inputs.
void expect(bool holds, const std::string& what);

}  // namespace px::fuzz
