// cast: float to bf16 (nearest even, a NaN kept and made quiet) and back.
//
// Traffic per element: 4 bytes in, 2 out, and the other way around.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/cast.h"

namespace px::kernels {

// Checks the count, then computes.
void cast(const Cpu& cpu, const float* x, int64_t n, uint16_t* out);
void cast(const Cpu& cpu, const uint16_t* x, int64_t n, float* out);

// The references.
void cast_ref(const float* x, int64_t n, uint16_t* out);
void cast_ref(const uint16_t* x, int64_t n, float* out);

// In vectors, on the threads of `cpu`.
void cast_cpu(const Cpu& cpu, const float* x, int64_t n, uint16_t* out);
void cast_cpu(const Cpu& cpu, const uint16_t* x, int64_t n, float* out);

}  // namespace px::kernels
