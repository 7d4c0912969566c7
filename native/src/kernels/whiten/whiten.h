// whiten: masked moments, their merge, and (x - mean) rsqrt(variance + 1e-8).
//
// Source: PPO's advantage normalisation; merge: Chan, Golub and LeVeque 1979. Shapes: x, mask, out [n].
// Traffic per element: moments 5 bytes in, apply 5 bytes in, 4 out; what stands in masked places does not matter.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/whiten.h"

namespace px::kernels {

// Each checks numbers, then computes; mask may be null (ones).
px_moments whiten_moments(const Cpu& cpu, const float* x, const uint8_t* mask, int64_t n);
px_moments whiten_merge(const px_moments& a, const px_moments& b);
void whiten_apply(const Cpu& cpu, const float* x, const uint8_t* mask, int64_t n, const px_moments& moments,
                  uint32_t flags, float* out);

// The moments of both sets together.
px_moments merge_moments(const px_moments& a, const px_moments& b);

// out = (x - mean) scale + shift where the mask is 1, 0 elsewhere.
struct WhitenApply {
  const float* x;
  const uint8_t* mask;
  int64_t n;
  double mean;
  double scale;
  double shift;
  float* out;
};

// The references.
px_moments whiten_moments_ref(const float* x, const uint8_t* mask, int64_t n);
void whiten_apply_ref(const WhitenApply& apply);

// In vectors, on the threads of `cpu`.
px_moments whiten_moments_cpu(const Cpu& cpu, const float* x, const uint8_t* mask, int64_t n);
void whiten_apply_cpu(const Cpu& cpu, const WhitenApply& apply);

}  // namespace px::kernels
