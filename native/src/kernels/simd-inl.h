// What the vector kernels share, compiled per target: floats as doubles, exp, tails. Include after foreach_target.h.
#if defined(PROXIMAL_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_SIMD_INL_H
#undef PROXIMAL_SIMD_INL_H
#else
#define PROXIMAL_SIMD_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// NUMERICS: arithmetic is in double, as in the references; arrays are float.
using D = hn::ScalableTag<double>;
using F = hn::Rebind<float, D>;
using V = hn::Vec<D>;
using M = hn::Mask<D>;

inline constexpr D d;
inline constexpr F f;
inline constexpr int64_t kLanes = static_cast<int64_t>(hn::MaxLanes(D()));

HWY_INLINE V set(double value) { return hn::Set(d, value); }
HWY_INLINE V load(const float* from) { return hn::PromoteTo(d, hn::LoadU(f, from)); }
HWY_INLINE void store(V value, float* to) { hn::StoreU(hn::DemoteTo(f, value), f, to); }

// The place of element i in an array that may be absent.
template <class T>
T* at(T* array, int64_t i) {
  return array != nullptr ? array + i : nullptr;
}

// Ones in the first n lanes, zeros behind.
HWY_INLINE V first(int64_t n) { return hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(n)), set(1)); }

// Where a byte of `mask` is not 0; everywhere without one.
HWY_INLINE M load_mask(const uint8_t* mask) {
  const hn::Rebind<int32_t, D> i;
  const auto bytes = hn::LoadU(hn::Rebind<uint8_t, D>(), mask);
  return hn::Ne(hn::PromoteTo(d, hn::PromoteTo(i, bytes)), hn::Zero(d));
}
HWY_INLINE M mask_at(const uint8_t* mask, int64_t i) {
  return mask != nullptr ? load_mask(mask + i) : hn::Eq(hn::Zero(d), hn::Zero(d));
}

// The mask of the last n elements of an array.
HWY_INLINE M first_of_mask(const uint8_t* mask, int64_t n) {
  uint8_t bytes[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) bytes[i] = mask != nullptr ? mask[i] : 1;
  return load_mask(bytes);
}

HWY_INLINE int64_t count(M mask) { return static_cast<int64_t>(hn::CountTrue(d, mask)); }
HWY_INLINE double sum(V lanes) { return hn::GetLane(hn::SumOfLanes(d, lanes)); }
HWY_INLINE double largest(V lanes) { return hn::GetLane(hn::MaxOfLanes(d, lanes)); }

// The larger of both magnitudes; the other one where one is NaN is not promised.
HWY_INLINE V larger_magnitude(V most, V value) { return hn::Max(most, hn::Abs(value)); }

// e^x and e^x - 1 for |x| <= 700. Cody and Waite's reduction to |r| <= ln 2 / 2, Taylor to r^12: within 1 ulp and, near
// 0, e^x - 1 as exact as its argument.
struct Exponential {
  V exp;
  V expm1;
};

HWY_INLINE Exponential exponential(V x) {
  // Adding 1.5 * 2^52 rounds to a whole number, which then stands in the low bits.
  const V kRound = set(6755399441055744.0);
  const V shifted = hn::MulAdd(x, set(1.4426950408889634), kRound);
  const V k = hn::Sub(shifted, kRound);
  const V r = hn::NegMulAdd(k, set(1.9082149292705877e-10), hn::NegMulAdd(k, set(6.93147180369123816490e-01), x));
  // Estrin's order: a third of the waiting of Horner's, for three more products.
  const V r2 = hn::Mul(r, r);
  const V r4 = hn::Mul(r2, r2);
  const V r8 = hn::Mul(r4, r4);
  const auto pair = [&](double low, double high) HWY_ATTR { return hn::MulAdd(set(high), r, set(low)); };
  const V low = hn::MulAdd(pair(1.0 / 24, 1.0 / 120), r2, pair(1.0 / 2, 1.0 / 6));
  const V middle = hn::MulAdd(pair(1.0 / 40320, 1.0 / 362880), r2, pair(1.0 / 720, 1.0 / 5040));
  const V high = hn::MulAdd(set(1.0 / 479001600), r2, pair(1.0 / 3628800, 1.0 / 39916800));
  const V q = hn::MulAdd(high, r8, hn::MulAdd(middle, r4, low));
  const V p = hn::MulAdd(r2, q, r);
  const hn::Rebind<uint64_t, D> bits;
  const auto exponent = hn::Add(hn::ShiftLeft<52>(hn::BitCast(bits, shifted)), hn::BitCast(bits, set(1.0)));
  const V scale = hn::BitCast(d, exponent);
  return {hn::MulAdd(scale, p, scale), hn::MulAdd(scale, p, hn::Sub(scale, set(1.0)))};
}

// The last elements of an array, fewer than a vector holds, in a full vector with zeros behind them.
class Tail {
 public:
  Tail(const float* from, int64_t n) {
    if (from == nullptr) return;
    for (int64_t i = 0; i < n; ++i) values_[i] = from[i];
    given_ = true;
  }

  const float* data() const { return given_ ? values_ : nullptr; }
  float* data() { return given_ ? values_ : nullptr; }

  void copy_to(float* to, int64_t n) const {
    if (to == nullptr) return;
    for (int64_t i = 0; i < n; ++i) to[i] = values_[i];
  }

 private:
  HWY_ALIGN float values_[kLanes] = {};
  bool given_ = false;
};

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
