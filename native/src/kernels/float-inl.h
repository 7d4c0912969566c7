// What the layers' vector kernels share, compiled per target: vectors of floats, the end of a row, sums, exp, bf16.
// Include after foreach_target.h.
#if defined(PROXIMAL_FLOAT_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_FLOAT_INL_H
#undef PROXIMAL_FLOAT_INL_H
#else
#define PROXIMAL_FLOAT_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "kernels/bf16-inl.h"

// A lambda that is compiled for the target and into its caller.
#ifndef PX_LANES
#define PX_LANES HWY_ATTR __attribute__((always_inline))
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// NUMERICS: layers compute in float, as the products between them do; a sum along a row runs in 4 vectors.
using FloatTag = hn::ScalableTag<float>;
using Bf16Tag = hn::Rebind<uint16_t, FloatTag>;
using Floats = hn::Vec<FloatTag>;

inline constexpr FloatTag fs;
inline constexpr int64_t kFloats = static_cast<int64_t>(hn::MaxLanes(FloatTag()));

HWY_INLINE Floats splat(float value) { return hn::Set(fs, value); }

HWY_INLINE Floats from_bf16(hn::Vec<Bf16Tag> bits) {
  const hn::Rebind<uint32_t, FloatTag> u;
  return hn::BitCast(fs, hn::ShiftLeft<16>(hn::PromoteTo(u, bits)));
}

HWY_INLINE hn::Vec<Bf16Tag> to_bf16(Floats value) { return nearest_bf16(fs, value); }

// A vector's worth of an array.
struct Whole {
  HWY_INLINE Floats load(const float* from) const { return hn::LoadU(fs, from); }
  HWY_INLINE Floats load(const uint16_t* from) const { return from_bf16(hn::LoadU(Bf16Tag(), from)); }
  HWY_INLINE void store(Floats value, float* to) const { hn::StoreU(value, fs, to); }
  HWY_INLINE void store(Floats value, uint16_t* to) const { hn::StoreU(to_bf16(value), Bf16Tag(), to); }
  HWY_INLINE Floats keep(Floats value) const { return value; }
};

// The last n elements of an array, fewer than a vector holds: zeros stand behind them, and nothing there is touched.
struct Part {
  int64_t n;

  HWY_INLINE auto mask() const { return hn::FirstN(fs, static_cast<size_t>(n)); }
  HWY_INLINE Floats load(const float* from) const { return hn::MaskedLoad(mask(), fs, from); }
  HWY_INLINE void store(Floats value, float* to) const { hn::BlendedStore(value, mask(), fs, to); }
  HWY_INLINE Floats keep(Floats value) const { return hn::IfThenElseZero(mask(), value); }

  HWY_INLINE Floats load(const uint16_t* from) const {
    HWY_ALIGN uint16_t bits[kFloats] = {};
    for (int64_t i = 0; i < n; ++i) bits[i] = from[i];
    return from_bf16(hn::Load(Bf16Tag(), bits));
  }

  HWY_INLINE void store(Floats value, uint16_t* to) const {
    HWY_ALIGN uint16_t bits[kFloats];
    hn::Store(to_bf16(value), Bf16Tag(), bits);
    for (int64_t i = 0; i < n; ++i) to[i] = bits[i];
  }
};

// Into an array of floats, an array of bf16, or both.
template <class Span>
HWY_INLINE void store_both(Span span, Floats value, float* to, uint16_t* bits, int64_t i) {
  if (to != nullptr) span.store(value, to + i);
  if (bits != nullptr) span.store(value, bits + i);
}

// body(i, span) over n elements in vectors.
template <class Body>
HWY_INLINE void for_vectors(int64_t n, Body body) {
  int64_t i = 0;
  for (; i + kFloats <= n; i += kFloats) body(i, Whole{});
  if (i < n) body(i, Part{n - i});
}

// The sum that sum = term(sum, i, span) makes of n elements, in an order that n alone gives.
template <class Term>
HWY_INLINE float sum_of_vectors(int64_t n, Term term) {
  Floats sums[4] = {hn::Zero(fs), hn::Zero(fs), hn::Zero(fs), hn::Zero(fs)};
  int64_t i = 0;
  for (; i + 4 * kFloats <= n; i += 4 * kFloats)
    for (int64_t j = 0; j < 4; ++j) sums[j] = term(sums[j], i + j * kFloats, Whole{});
  for (; i + kFloats <= n; i += kFloats) sums[0] = term(sums[0], i, Whole{});
  if (i < n) sums[1] = term(sums[1], i, Part{n - i});
  return hn::GetLane(hn::SumOfLanes(fs, hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]))));
}

// Two such sums in one pass: term(sum, other, i, span) adds to both.
struct TwoSums {
  float sum, other;
};

template <class Term>
HWY_INLINE TwoSums two_sums_of_vectors(int64_t n, Term term) {
  Floats sums[2] = {hn::Zero(fs), hn::Zero(fs)}, others[2] = {hn::Zero(fs), hn::Zero(fs)};
  int64_t i = 0;
  for (; i + 2 * kFloats <= n; i += 2 * kFloats)
    for (int64_t j = 0; j < 2; ++j) term(sums[j], others[j], i + j * kFloats, Whole{});
  for_vectors(n - i, [&](int64_t at, auto span) PX_LANES { term(sums[0], others[0], i + at, span); });
  return {hn::GetLane(hn::SumOfLanes(fs, hn::Add(sums[0], sums[1]))),
          hn::GetLane(hn::SumOfLanes(fs, hn::Add(others[0], others[1])))};
}

// e^x within 2 ulp, x held to [-87, 88]; of a NaN nothing is promised. Cody and Waite's reduction to |r| <= ln 2 / 2,
// Taylor to r^7.
HWY_INLINE Floats exponential(Floats x) {
  x = hn::Min(hn::Max(x, splat(-87.0f)), splat(88.0f));
  // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
  const Floats kRound = splat(12582912.0f);
  const Floats shifted = hn::MulAdd(x, splat(1.44269504f), kRound);
  const Floats k = hn::Sub(shifted, kRound);
  const Floats r = hn::NegMulAdd(k, splat(-2.12194440e-4f), hn::NegMulAdd(k, splat(0.693359375f), x));
  const Floats r2 = hn::Mul(r, r);
  const Floats r4 = hn::Mul(r2, r2);
  const auto pair = [&](float low, float high) PX_LANES { return hn::MulAdd(splat(high), r, splat(low)); };
  const Floats low = hn::MulAdd(pair(1.0f / 6, 1.0f / 24), r, splat(0.5f));
  const Floats high = pair(1.0f / 720, 1.0f / 5040);
  const Floats q = hn::MulAdd(high, r4, hn::MulAdd(hn::Mul(splat(1.0f / 120), r2), r, low));
  const Floats p = hn::MulAdd(r2, q, r);
  const hn::Rebind<uint32_t, FloatTag> u;
  const auto exponent = hn::Add(hn::ShiftLeft<23>(hn::BitCast(u, shifted)), hn::BitCast(u, splat(1.0f)));
  const Floats scale = hn::BitCast(fs, exponent);
  return hn::MulAdd(scale, p, scale);
}

// 1 / (1 + e^-x), 0 below -88, and what it lacks to 1, without the cancellation of a difference; of a NaN nothing is
// promised.
struct Sigmoid {
  Floats value, rest;
};

HWY_INLINE Sigmoid sigmoid(Floats x) {
  const Floats e = exponential(hn::Neg(x));
  const Floats value = hn::Div(splat(1.0f), hn::Add(splat(1.0f), e));
  return {hn::IfThenElseZero(hn::Ge(x, splat(-88.0f)), value), hn::Mul(e, value)};
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
