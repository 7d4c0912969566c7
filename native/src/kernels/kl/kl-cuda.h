// One token's KL estimate on the device: kl_estimate of kl_ref.cpp. For .cu files.
#pragma once

#include "cuda/cuda.h"
#include "proximal/kernels/kl.h"

namespace px::kernels {

struct KlCuda {
  double value;
  double gradient;
};

__device__ inline double clamp_cuda(double x, double bound) { return x < -bound ? -bound : x > bound ? bound : x; }

// A NaN stays one.
__device__ inline KlCuda kl_cuda_estimate(double log_ratio, int32_t estimator, double log_ratio_clamp,
                                          double value_clamp) {
  const double d = clamp_cuda(log_ratio, log_ratio_clamp);
  double free = d, slope = 1;
  if (estimator == PX_KL_K2) {
    free = d * d / 2;
    slope = d;
  } else if (estimator == PX_KL_K3) {
    // NUMERICS: expm1, because exp(-d) - 1 + d is negative for small d.
    const double rise = expm1(-d);
    free = rise + d < 0 ? 0 : rise + d;
    slope = -rise;
  }
  const double value = clamp_cuda(free, value_clamp);
  const bool held = d != log_ratio || value != free;
  return {value, isnan(log_ratio) ? log_ratio : held ? 0 : slope};
}

}  // namespace px::kernels
