// What all families' configs have in common: sizes that are believed, and keys that change the mathematics.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "model/formats/json.h"

namespace px {

// Beyond any model of these families; products of them stay far below 2^63.
constexpr int64_t kMaxVocabulary = int64_t{1} << 24;
constexpr int64_t kMaxHidden = int64_t{1} << 17;
constexpr int64_t kMaxIntermediate = int64_t{1} << 20;
constexpr int64_t kMaxLayers = 4096;
constexpr int64_t kMaxHeads = 4096;
constexpr int64_t kMaxHeadSize = 4096;
constexpr int64_t kMaxContext = int64_t{1} << 30;

[[noreturn]] void fail_unsupported(const JsonReader& config, const char* key, const Json& value,
                                   const std::string& supported);

// Refuses a key that makes another model of a family's: multipliers, soft caps, experts, quantisation and so on.
void refuse_foreign_keys(const JsonReader& config, const std::string& family);

// A text that must be one of these; `otherwise` when the key is missing.
void require_text(const JsonReader& config, const char* key, const std::string& otherwise,
                  const std::set<std::string>& accepted);

}  // namespace px
