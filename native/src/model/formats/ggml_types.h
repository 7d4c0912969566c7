// The number types of GGUF files: sizes of their blocks, how a block becomes fp32, and how fp32 becomes a block. Layouts after ggml's ggml-common.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace px {

// How a type packs its numbers.
struct GgmlType {
  uint32_t id;  // ggml_type
  const char* name;
  int64_t block;        // numbers a block
  int64_t block_bytes;  // bytes a block
  // Converts one block to fp32; nullptr for types that are known by name only.
  // NUMERICS: every product is rounded to fp32, from the left: scale times sub-scale, times number, minus offset.
  void (*decode)(const std::byte* block, float* values);
  // Converts fp32 to one block; nullptr for types that this version does not write. A number beyond the type's range
  // becomes infinite, and so does what decode() makes of it.
  void (*encode)(const float* values, std::byte* block) = nullptr;
};

// The type with this id; nullptr for an id that no version of the format has.
const GgmlType* find_ggml_type(uint32_t id);

// Converts numbers of whole blocks to a type that can be encoded; `data` has room for exactly their bytes.
void encode_ggml(const GgmlType& type, std::span<const float> values, std::span<std::byte> data);

// Converts whole blocks of numbers of a type that can be decoded; `data` holds exactly their bytes.
void decode_ggml(const GgmlType& type, std::span<const std::byte> data, std::span<float> values);

}  // namespace px
