#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/kl/kl.h"

namespace px::kernels {
namespace {

KlEstimate unclamped(double d, int32_t estimator) {
  switch (estimator) {
    case PX_KL_K1:
      return {d, 1};
    case PX_KL_K2:
      return {d * d / 2, d};
    case PX_KL_K3:
      break;
    default:
      fail(PX_INTERNAL, "estimator ", estimator, " came past its check");
  }
  // NUMERICS: expm1, because exp(-d) - 1 + d is negative for small d; max, should a library's expm1 round below -d.
  const double rise = std::expm1(-d);
  return {std::max(rise + d, 0.0), -rise};
}

}  // namespace

KlEstimate kl_estimate(double log_ratio, int32_t estimator, double log_ratio_clamp, double value_clamp) {
  if (std::isnan(log_ratio)) return {log_ratio, log_ratio};
  const double d = std::clamp(log_ratio, -log_ratio_clamp, log_ratio_clamp);
  const KlEstimate free = unclamped(d, estimator);
  const double value = std::clamp(free.value, -value_clamp, value_clamp);
  const bool held = d != log_ratio || value != free.value;
  return {value, held ? 0 : free.gradient};
}

void kl_ref(const px_kl_args& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    const KlEstimate estimate = kl_estimate(double{args.logprob[i]} - args.ref_logprob[i], args.estimator,
                                            args.log_ratio_clamp, args.value_clamp);
    if (args.value != nullptr) args.value[i] = static_cast<float>(estimate.value);
    if (args.gradient != nullptr) args.gradient[i] = static_cast<float>(estimate.gradient);
  }
}

}  // namespace px::kernels
