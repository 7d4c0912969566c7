// kl: per-token estimates of KL(policy || reference) and their derivative.
//
//   d = clamp(logprob - ref_logprob, +-log_ratio_clamp)
//   k1 = d, k2 = d^2 / 2, k3 = expm1(-d) + d, each clamped to +-value_clamp
//
// Source: Schulman, "Approximating KL divergence" (2020). Shapes: all [n], element-wise; outputs may alias inputs.
// Traffic per element: 8 bytes in, 4 bytes out for each output that is wanted.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/kl.h"

namespace px::kernels {

inline constexpr double kLogRatioClamp = 20;
inline constexpr double kKlClamp = 10;

// Checks numbers and fills defaults in, then computes.
void kl(const Cpu& cpu, const px_kl_args& args);

// The reference: what kl computes, with every default resolved.
void kl_ref(const px_kl_args& args);

// In vectors, on the threads of `cpu`; log_ratio_clamp at most kVectorClamp.
void kl_cpu(const Cpu& cpu, const px_kl_args& args);

// Beyond it e^x leaves the range that the vectors' exponential covers.
inline constexpr double kVectorClamp = 700;

// An estimate and d estimate / d logprob.
struct KlEstimate {
  double value;
  double gradient;
};

// One token's estimate; log_ratio = logprob - ref_logprob, not yet clamped.
KlEstimate kl_estimate(double log_ratio, int32_t estimator, double log_ratio_clamp, double value_clamp);

// Throws unless `estimator` is a px_kl_estimator.
void check_kl_estimator(int32_t estimator, const char* name);

}  // namespace px::kernels
