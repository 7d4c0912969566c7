// bf16 as its bits, as everywhere in the engine. For .cu files.
#pragma once

#include <cstdint>

#include "cuda/cuda.h"

namespace px::cuda {

// Round to nearest, ties to even; a NaN stays one.
__device__ inline uint16_t to_bf16(float value) {
  const uint32_t bits = __float_as_uint(value);
  if (isnan(value)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

__device__ inline float from_bf16(uint16_t bits) { return __uint_as_float(static_cast<uint32_t>(bits) << 16); }

// Of an input that comes in one of two forms.
__device__ inline float load(const float* x, const uint16_t* x_bf16, int64_t i) {
  return x != nullptr ? x[i] : from_bf16(x_bf16[i]);
}

// Into both outputs of a layer, either of which may be null.
__device__ inline void store(float value, float* out, uint16_t* out_bf16, int64_t i) {
  if (out != nullptr) out[i] = value;
  if (out_bf16 != nullptr) out_bf16[i] = to_bf16(value);
}

}  // namespace px::cuda
