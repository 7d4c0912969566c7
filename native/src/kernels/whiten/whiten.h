// whiten: masked moments, their merge, and (x - mean) rsqrt(variance + 1e-8).
//
// Source: PPO's advantage normalisation; merge: Chan, Golub and LeVeque 1979. Shapes: x, mask, out [n].
// Traffic per element: moments 5 bytes in, twice; apply 5 bytes in, 4 out; masked elements are not read.
#pragma once

#include <cstdint>

#include "proximal/kernels/whiten.h"

namespace px::kernels {

// Each checks numbers, then computes; mask may be null (ones).
px_moments whiten_moments(const float* x, const uint8_t* mask, int64_t n);
px_moments whiten_merge(const px_moments& a, const px_moments& b);
void whiten_apply(const float* x, const uint8_t* mask, int64_t n, const px_moments& moments, uint32_t flags,
                  float* out);

// The references.
px_moments whiten_moments_ref(const float* x, const uint8_t* mask, int64_t n);
// out = (x - mean) scale + shift where the mask is 1, 0 elsewhere.
void whiten_apply_ref(const float* x, const uint8_t* mask, int64_t n, double mean, double scale, double shift,
                      float* out);

}  // namespace px::kernels
