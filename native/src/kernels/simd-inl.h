// What the vector kernels share, compiled per target: floats as doubles, exp, tails. Include after foreach_target.h.
#if defined(PROXIMAL_SIMD_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_SIMD_INL_H
#undef PROXIMAL_SIMD_INL_H
#else
#define PROXIMAL_SIMD_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

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

// Ones in the first n lanes, zeros behind.
HWY_INLINE V first(int64_t n) { return hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(n)), set(1)); }

// The place of element i in an array that may be absent.
template <class T>
T* at(T* array, int64_t i) {
  return array != nullptr ? array + i : nullptr;
}

// Where a byte of `mask` is not 0; everywhere without one.
HWY_INLINE M load_mask(const uint8_t* mask) {
  const hn::Rebind<uint32_t, D> half;
  const hn::Rebind<uint64_t, D> whole;
  const auto bytes = hn::PromoteTo(half, hn::LoadU(hn::Rebind<uint8_t, D>(), mask));
  return hn::RebindMask(d, hn::Ne(hn::PromoteTo(whole, bytes), hn::Zero(whole)));
}
HWY_INLINE M mask_at(const uint8_t* mask, int64_t i) {
  return mask != nullptr ? load_mask(mask + i) : hn::Eq(hn::Zero(d), hn::Zero(d));
}

// Whether no byte of a vector's mask is 0.
HWY_INLINE bool all_of_mask(const uint8_t* mask) {
  uint64_t bytes = ~uint64_t{0};
  std::memcpy(&bytes, mask, kLanes);
  return ((bytes - 0x0101010101010101u) & ~bytes & 0x8080808080808080u) == 0;
}

// The mask of the last n elements of an array.
HWY_INLINE M first_of_mask(const uint8_t* mask, int64_t n) {
  uint8_t bytes[kLanes] = {};
  for (int64_t i = 0; i < n; ++i) bytes[i] = mask != nullptr ? mask[i] : 1;
  return load_mask(bytes);
}

// A lambda that is compiled for the target and into its caller.
#ifndef PX_LANES
#define PX_LANES HWY_ATTR __attribute__((always_inline))
#endif

// A vector's worth of an array.
struct FullSpan {
  HWY_INLINE V load(const float* from) const { return px::kernels::HWY_NAMESPACE::load(from); }
  HWY_INLINE void store(V value, float* to) const { px::kernels::HWY_NAMESPACE::store(value, to); }
  HWY_INLINE V ones() const { return set(1); }
  // Without a mask all elements count.
  HWY_INLINE M mask(const uint8_t* array, int64_t i) const { return mask_at(array, i); }
};

// The last n elements of an array, fewer than a vector holds: zeros stand behind them, and nothing there is touched.
struct LastSpan {
  int64_t n;

  HWY_INLINE auto lanes() const { return hn::FirstN(f, static_cast<size_t>(n)); }
  HWY_INLINE V load(const float* from) const { return hn::PromoteTo(d, hn::MaskedLoad(lanes(), f, from)); }
  HWY_INLINE void store(V value, float* to) const { hn::BlendedStore(hn::DemoteTo(f, value), lanes(), f, to); }
  HWY_INLINE V ones() const { return first(n); }
  HWY_INLINE M mask(const uint8_t* array, int64_t i) const {
    return hn::And(first_of_mask(at(array, i), n), hn::FirstN(d, static_cast<size_t>(n)));
  }
};

// body(i, span) over n elements in vectors.
template <class Body>
HWY_INLINE void for_spans(int64_t n, Body body) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(i, FullSpan{});
  if (i < n) body(i, LastSpan{n - i});
}

HWY_INLINE int64_t count(M mask) { return static_cast<int64_t>(hn::CountTrue(d, mask)); }
HWY_INLINE double sum(V lanes) { return hn::GetLane(hn::SumOfLanes(d, lanes)); }
HWY_INLINE double largest(V lanes) { return hn::GetLane(hn::MaxOfLanes(d, lanes)); }

// The larger of both magnitudes; the other one where one is NaN is not promised.
HWY_INLINE V larger_magnitude(V most, V value) { return hn::Max(most, hn::Abs(value)); }

// e^x and e^x - 1 for |x| <= 700: within 1 ulp and, near 0, e^x - 1 as exact as its argument. Cody and Waite's reduction
// to r, a part of x that is small beside 1, and Taylor's series: with 8 lanes 2^(j/8) comes from a table that is one
// vector, so that |r| <= ln 2 / 16 and r^8 ends the series; with fewer |r| <= ln 2 / 2 and r^12 does.
struct Exponential {
  V exp;
  V expm1;
};

// (e^r - 1 - r) / r^2. Estrin's order: a third of the waiting of Horner's, for some more products.
HWY_INLINE V exponential_rest(V r, V r2) {
  const auto pair = [&](double low, double high) HWY_ATTR { return hn::MulAdd(set(high), r, set(low)); };
  const V r4 = hn::Mul(r2, r2);
  const V low = hn::MulAdd(pair(1.0 / 24, 1.0 / 120), r2, pair(1.0 / 2, 1.0 / 6));
  if constexpr (kLanes == 8) {
    return hn::MulAdd(hn::MulAdd(set(1.0 / 40320), r2, pair(1.0 / 720, 1.0 / 5040)), r4, low);
  } else {
    const V middle = hn::MulAdd(pair(1.0 / 40320, 1.0 / 362880), r2, pair(1.0 / 720, 1.0 / 5040));
    const V high = hn::MulAdd(set(1.0 / 479001600), r2, pair(1.0 / 3628800, 1.0 / 39916800));
    return hn::MulAdd(high, hn::Mul(r4, r4), hn::MulAdd(middle, r4, low));
  }
}

// 2^(k / kSteps) of the whole number k in the low bits of `shifted`, and what it lacks to it, relative.
struct Power {
  V value;
  V lack;
};

inline constexpr int kExponentBits = kLanes == 8 ? 3 : 0;
inline constexpr double kSteps = 1 << kExponentBits;

HWY_INLINE Power power_of_two(V shifted) {
  const hn::Rebind<uint64_t, D> bits;
  const auto k = hn::BitCast(bits, shifted);
  const auto exponent = hn::ShiftLeft<52 - kExponentBits>(k);
  if constexpr (kLanes == 8) {
    // 2^(j / 8) without the j that the shift leaves in its mantissa.
    HWY_ALIGN static constexpr uint64_t kValues[8] = {
        0x3FF0000000000000, 0x3FF172B83C7D517B - (uint64_t{1} << 49), 0x3FF306FE0A31B715 - (uint64_t{2} << 49),
        0x3FF4BFDAD5362A27 - (uint64_t{3} << 49), 0x3FF6A09E667F3BCD - (uint64_t{4} << 49),
        0x3FF8ACE5422AA0DB - (uint64_t{5} << 49), 0x3FFAE89F995AD3AD - (uint64_t{6} << 49),
        0x3FFD5818DCFBA487 - (uint64_t{7} << 49)};
    HWY_ALIGN static constexpr double kLacks[8] = {0.0, -2.7939114859515733e-17, 3.3484623336251524e-17, 1.9572585293112036e-17, -6.835808657661922e-17, 5.1548301170786783e-17, 4.875160526227062e-17, 1.790126907604513e-17};
    const auto j = hn::And(k, hn::Set(bits, kLanes - 1));
    const auto value = hn::TableLookupLanes(hn::Load(bits, kValues), hn::IndicesFromVec(bits, j));
    return {hn::BitCast(d, hn::Add(exponent, value)), hn::TableLookupLanes(hn::Load(d, kLacks), hn::IndicesFromVec(d, j))};
  } else {
    return {hn::BitCast(d, hn::Add(exponent, hn::BitCast(bits, set(1.0)))), hn::Zero(d)};
  }
}

HWY_INLINE Exponential exponential(V x) {
  // Adding 1.5 * 2^52 rounds to a whole number, which then stands in the low bits.
  const V kRound = set(6755399441055744.0);
  const V shifted = hn::MulAdd(x, set(1.4426950408889634 * kSteps), kRound);
  const V k = hn::Sub(shifted, kRound);
  const V r = hn::NegMulAdd(k, set(1.9082149292705877e-10 / kSteps),
                            hn::NegMulAdd(k, set(6.93147180369123816490e-01 / kSteps), x));
  const V r2 = hn::Mul(r, r);
  const Power power = power_of_two(shifted);
  V p = hn::MulAdd(r2, exponential_rest(r, r2), r);
  if constexpr (kLanes == 8) p = hn::Add(p, power.lack);
  return {hn::MulAdd(power.value, p, power.value), hn::MulAdd(power.value, p, hn::Sub(power.value, set(1.0)))};
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
