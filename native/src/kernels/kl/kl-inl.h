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

// d as the estimates see it.
HWY_INLINE V kl_clamped(V log_ratio, V log_ratio_clamp) {
  return hn::Min(hn::Max(log_ratio, hn::Neg(log_ratio_clamp)), log_ratio_clamp);
}

// NUMERICS: e^-d - 1 in one piece, because exp(-d) - 1 + d is negative for small d.
HWY_INLINE V kl_rise(V log_ratio, V log_ratio_clamp) {
  return exponential(hn::Neg(kl_clamped(log_ratio, log_ratio_clamp))).expm1;
}

// As kl_estimate; log_ratio_clamp at most 700 for k3, which alone needs kl_rise of the log-ratio.
template <int32_t Estimator>
HWY_INLINE KlLanes kl_lanes(V log_ratio, V rise, V log_ratio_clamp, V value_clamp) {
  const V x = kl_clamped(log_ratio, log_ratio_clamp);
  V free, slope;
  if constexpr (Estimator == PX_KL_K1) {
    free = x;
    slope = set(1);
  } else if constexpr (Estimator == PX_KL_K2) {
    free = hn::Mul(hn::Mul(x, x), set(0.5));
    slope = x;
  } else {
    free = hn::Max(hn::Add(rise, x), hn::Zero(d));
    slope = hn::Neg(rise);
  }
  const V value = hn::Min(hn::Max(free, hn::Neg(value_clamp)), value_clamp);
  const M moves = hn::And(hn::Eq(x, log_ratio), hn::Eq(value, free));
  return {value, hn::IfThenElseZero(moves, slope)};
}

// The estimates of a piece of tokens in passes, for the exponentials' sake: a chain of operations that is longer than the
// processor looks ahead keeps it waiting.
template <int32_t Estimator, int64_t kMost>
class KlPiece {
 public:
  KlPiece(double log_ratio_clamp, double value_clamp) : log_ratio_clamp_(set(log_ratio_clamp)), value_clamp_(set(value_clamp)) {}

  // 1. For each vector of the piece.
  HWY_INLINE void put(int64_t j, V log_ratio) { hn::Store(log_ratio, d, log_ratio_ + j); }

  // 2. Once all n tokens are put.
  HWY_INLINE void finish(int64_t n) {
    if constexpr (Estimator == PX_KL_K3)
      for (int64_t j = 0; j < n; j += kLanes)
        hn::Store(kl_rise(hn::Load(d, log_ratio_ + j), log_ratio_clamp_), d, rise_ + j);
  }

  // 3. What was put, and its estimate.
  HWY_INLINE V log_ratio(int64_t j) const { return hn::Load(d, log_ratio_ + j); }
  HWY_INLINE KlLanes lanes(int64_t j) const {
    const V rise = Estimator == PX_KL_K3 ? hn::Load(d, rise_ + j) : hn::Zero(d);
    return kl_lanes<Estimator>(log_ratio(j), rise, log_ratio_clamp_, value_clamp_);
  }

 private:
  const V log_ratio_clamp_, value_clamp_;
  HWY_ALIGN double log_ratio_[kMost];
  HWY_ALIGN double rise_[Estimator == PX_KL_K3 ? kMost : 1];
};

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
