// kl_estimate in vectors, for kernels that shape rewards or losses with it. Include after foreach_target.h.
#if defined(PROXIMAL_KL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_KL_INL_H
#undef PROXIMAL_KL_INL_H
#else
#define PROXIMAL_KL_INL_H
#endif

#include "kernels/simd-inl.h"
#include "proximal/kernels/kl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

struct KlLanes {
  V value;
  V gradient;
};

// As kl_estimate; log_ratio_clamp at most 700 for k3.
template <int32_t Estimator>
HWY_INLINE KlLanes kl_lanes(V log_ratio, V log_ratio_clamp, V value_clamp) {
  const V x = hn::Min(hn::Max(log_ratio, hn::Neg(log_ratio_clamp)), log_ratio_clamp);
  V free, slope;
  if constexpr (Estimator == PX_KL_K1) {
    free = x;
    slope = set(1);
  } else if constexpr (Estimator == PX_KL_K2) {
    free = hn::Mul(hn::Mul(x, x), set(0.5));
    slope = x;
  } else {
    // NUMERICS: e^-d - 1 in one piece, because exp(-d) - 1 + d is negative for small d.
    const V rise = exponential(hn::Neg(x)).expm1;
    free = hn::Max(hn::Add(rise, x), hn::Zero(d));
    slope = hn::Neg(rise);
  }
  const V value = hn::Min(hn::Max(free, hn::Neg(value_clamp)), value_clamp);
  const M moves = hn::And(hn::Eq(x, log_ratio), hn::Eq(value, free));
  return {value, hn::IfThenElseZero(moves, slope)};
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
