#include "kernels/sample/shares.h"

#include <algorithm>
#include <limits>
#include <numeric>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sample/shares_cpu.cpp"
#include <hwy/foreach_target.h>  // NOLINT: after its settings

#include "kernels/float-inl.h"
#include "kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

bool block_maxima(const float* logits, int64_t n, float* maxima) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  auto below = hn::Lt(hn::Zero(fs), splat(kInfinity));
  bool good = true;
  for (int64_t begin = 0; begin < n; begin += kSampleBlock) {
    const float* const from = logits + begin;
    const int64_t count = std::min(kSampleBlock, n - begin);
    Floats most = splat(-kInfinity);
    int64_t i = 0;
    for (; i + kFloats <= count; i += kFloats) {
      const Floats z = hn::LoadU(fs, from + i);
      below = hn::And(below, hn::Lt(z, splat(kInfinity)));
      most = hn::Max(most, z);
    }
    float largest = hn::GetLane(hn::MaxOfLanes(fs, most));
    for (; i < count; ++i) {
      good = good && from[i] < kInfinity;
      largest = std::max(largest, from[i]);
    }
    *maxima++ = largest;
  }
  return good && hn::AllTrue(fs, below);
}

using DoubleTag = hn::ScalableTag<double>;
using Doubles = hn::Vec<DoubleTag>;

inline constexpr DoubleTag ds;
inline constexpr int64_t kDoubles = static_cast<int64_t>(hn::MaxLanes(DoubleTag()));

// 2^x within 2^-33 of itself for x from -1000 to 0, and 1 for 0; below it is 2^-1000. (2^r - 1) / r for the fraction r,
// which is between -1/2 and 1/2, is a polynomial of degree 6 (Chebyshev).
HWY_INLINE Doubles power_of_two(Doubles x) {
  x = hn::Max(x, hn::Set(ds, -1000.0));
  // Adding 1.5 * 2^52 rounds to a whole number, which then stands in the low bits.
  const Doubles kRound = hn::Set(ds, 6755399441055744.0);
  const Doubles shifted = hn::Add(x, kRound);
  const Doubles r = hn::Sub(x, hn::Sub(shifted, kRound));
  const Doubles r2 = hn::Mul(r, r);
  const auto pair = [&](double low, double high) PX_LANES {
    return hn::MulAdd(hn::Set(ds, high), r, hn::Set(ds, low));
  };
  const Doubles low = hn::MulAdd(pair(0.055504108839096185, 0.009618056678524637), r2,
                                 pair(0.6931471805599453, 0.24022650922288757));
  const Doubles high = hn::MulAdd(hn::Set(ds, 1.5297323760701075e-05), r2,
                                  pair(0.001333350238616277, 0.0001546144469856913));
  const Doubles p = hn::MulAdd(hn::MulAdd(high, hn::Mul(r2, r2), low), r, hn::Set(ds, 1.0));
  const hn::Rebind<int64_t, DoubleTag> whole;
  return hn::BitCast(ds, hn::Add(hn::BitCast(whole, p), hn::ShiftLeft<52>(hn::BitCast(whole, shifted))));
}

void share_sums(const float* logits, int64_t n, float offset, double temperature, double* sums) {
  constexpr double kLog2E = 1.4426950408889634;
  const hn::Rebind<float, DoubleTag> floats;
  const Doubles from = hn::Set(ds, double{offset}), rate = hn::Set(ds, kLog2E / temperature);
  const auto share = [&](hn::Vec<decltype(floats)> logit) PX_LANES {
    return power_of_two(hn::Mul(hn::Sub(hn::PromoteTo(ds, logit), from), rate));
  };
  for (int64_t begin = 0; begin < n; begin += kSampleBlock) {
    const int64_t end = std::min(n, begin + kSampleBlock);
    Doubles parts[2] = {hn::Zero(ds), hn::Zero(ds)};
    int64_t i = begin;
    for (; i + 2 * kDoubles <= end; i += 2 * kDoubles)
      for (int64_t j = 0; j < 2; ++j) parts[j] = hn::Add(parts[j], share(hn::LoadU(floats, logits + i + j * kDoubles)));
    for (; i < end; i += kDoubles) {
      const auto some = hn::FirstN(floats, static_cast<size_t>(end - i));
      const Doubles shares = share(hn::MaskedLoad(some, floats, logits + i));
      parts[0] = hn::Add(parts[0], hn::IfThenElseZero(hn::FirstN(ds, static_cast<size_t>(end - i)), shares));
    }
    *sums++ = hn::GetLane(hn::SumOfLanes(ds, hn::Add(parts[0], parts[1])));
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

ShareKernels share_kernels(Isa isa) { return {PX_SELECT(isa, block_maxima), PX_SELECT(isa, share_sums)}; }

ShareGoal goal_among(std::span<const double> sums, int64_t vocabulary, double u) {
  const double total = std::accumulate(sums.begin(), sums.end(), 0.0);
  // Twice what sums may miss, here and, in order of the ids, in the reference.
  const double error = 2.1 * (kShareError + 0x1p-53 * static_cast<double>(vocabulary)) * total;
  ShareGoal goal{0, 0, u * total, error};
  while (goal.block + 1 < static_cast<int64_t>(sums.size())) {
    const double after = goal.before + sums[static_cast<size_t>(goal.block)];
    if (after > goal.goal) break;
    goal.before = after;
    ++goal.block;
  }
  return goal;
}

}  // namespace px::kernels
#endif
