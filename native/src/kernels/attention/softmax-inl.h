// e^x and log as a softmax takes them, compiled per target. Include after foreach_target.h.
#if defined(PROXIMAL_SOFTMAX_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_SOFTMAX_INL_H
#undef PROXIMAL_SOFTMAX_INL_H
#else
#define PROXIMAL_SOFTMAX_INL_H
#endif

#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

using FloatBits = hn::Rebind<uint32_t, FloatTag>;
inline constexpr FloatBits fbits;

// e^x for x <= 88: within 2 ulp near 0 and 3e-7 of it everywhere; e^0 is 1, below -87 it is exactly 0, of a NaN a NaN.
// NUMERICS: x - k ln 2 by one fused step, whose ln 2 is wrong by 2e-9; minimax of (e^r - 1 - r) / r^2 to r^4.
HWY_INLINE Floats power_of_e(Floats x) {
  // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
  const Floats kRound = splat(12582912.0f);
  const Floats shifted = hn::MulAdd(x, splat(1.44269504f), kRound);
  const Floats r = hn::NegMulAdd(hn::Sub(shifted, kRound), splat(0.693147182f), x);
  const Floats r2 = hn::Mul(r, r);
  const Floats low = hn::MulAdd(splat(0.16666521f), r, splat(0.49999994f));
  const Floats high = hn::MulAdd(splat(0.00836871f), r, splat(0.04166839f));
  const Floats q = hn::MulAdd(hn::MulAdd(splat(0.0013814613f), r2, high), r2, low);
  const Floats p = hn::MulAdd(r2, q, r);
  const auto exponent = hn::Add(hn::ShiftLeft<23>(hn::BitCast(fbits, shifted)), hn::BitCast(fbits, splat(1.0f)));
  const Floats scale = hn::BitCast(fs, exponent);
  return hn::IfThenZeroElse(hn::Lt(x, splat(-87.0f)), hn::MulAdd(scale, p, scale));
}

// log x of a normal number: within 2 ulp or 1e-7; of a NaN or infinity a NaN.
HWY_INLINE Floats natural_log(Floats x) {
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)): the exponent is counted from sqrt(1/2)'s bits.
  const hn::Rebind<int32_t, FloatTag> i;
  const auto above = hn::Sub(hn::BitCast(i, x), hn::Set(i, 0x3f3504f3));
  const auto k = hn::ShiftRight<23>(above);
  const Floats m = hn::BitCast(fs, hn::Sub(hn::BitCast(i, x), hn::ShiftLeft<23>(k)));
  // log m = 2 artanh t
  const Floats t = hn::Div(hn::Sub(m, splat(1.0f)), hn::Add(m, splat(1.0f)));
  const Floats t2 = hn::Mul(t, t);
  const Floats series = hn::MulAdd(hn::MulAdd(hn::MulAdd(splat(2.0f / 9), t2, splat(2.0f / 7)), t2, splat(2.0f / 5)), t2,
                                   splat(2.0f / 3));
  const Floats log_m = hn::MulAdd(hn::Mul(series, t2), t, hn::Add(t, t));
  return hn::Add(hn::MulAdd(hn::ConvertTo(fs, k), splat(0.693147182f), log_m), hn::Sub(x, x));
}

// upper_bf16 of probabilities, for half the work: the larger one where two are as near; not of every NaN a NaN.
HWY_INLINE hn::Vec<FloatBits> upper_bf16_of_p(Floats p) {
  return hn::Add(hn::BitCast(fbits, p), hn::Set(fbits, 0x8000));
}

HWY_INLINE hn::Vec<Bf16Tag> upper_half(hn::Vec<FloatBits> words) {
  return hn::TruncateTo(Bf16Tag(), hn::ShiftRight<16>(words));
}

// The upper halves of two words as one.
HWY_INLINE hn::Vec<FloatBits> pair_of_upper(hn::Vec<FloatBits> low, hn::Vec<FloatBits> high) {
  return hn::Or(hn::ShiftRight<16>(low), hn::And(high, hn::Set(fbits, 0xffff0000u)));
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
