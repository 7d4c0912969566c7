// -log sigmoid and sigmoid in vectors. Include after foreach_target.h.
#if defined(PROXIMAL_LOGISTIC_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_LOGISTIC_INL_H
#undef PROXIMAL_LOGISTIC_INL_H
#else
#define PROXIMAL_LOGISTIC_INL_H
#endif

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// log(1 + t) for 0 <= t <= 1: 2 atanh(t / (2 + t)), whose argument is at most 1/3, in powers up to the 33rd; as exact
// as its argument near 0.
HWY_INLINE V log1p_of_unit(V t) {
  const V s = hn::Div(t, hn::Add(set(2), t));
  const V z = hn::Mul(s, s);
  V tail = set(1.0 / 33);
  for (int power = 31; power >= 3; power -= 2) tail = hn::MulAdd(tail, z, set(1.0 / power));
  return hn::Mul(hn::Add(s, s), hn::MulAdd(tail, z, set(1)));
}

// -log sigmoid(x) and sigmoid(-x), its downward slope.
struct Logistic {
  V loss;
  V pull;
};

// NUMERICS: from exp(-|x|), which never overflows; beyond 700 it is below every float and stays where it is.
HWY_INLINE Logistic logistic(V x) {
  const V small = exponential(hn::Neg(hn::Min(hn::Abs(x), set(700)))).exp;
  const M right = hn::Ge(x, hn::Zero(d));
  const V loss = hn::Add(hn::Max(hn::Neg(x), hn::Zero(d)), log1p_of_unit(small));
  return {loss, hn::Div(hn::IfThenElse(right, small, set(1)), hn::Add(set(1), small))};
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
