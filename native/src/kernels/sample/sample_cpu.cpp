// The exponentials of a row in vectors.
#include "kernels/sample/sample.h"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sample/sample_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// The first of the largest logits; -1 where one is NaN or +inf, or all are -inf.
int32_t greatest_logit(const float* logits, int64_t n) {
  const hn::ScalableTag<float> wide;
  const auto lanes = static_cast<int64_t>(hn::Lanes(wide));
  const auto infinity = hn::Set(wide, std::numeric_limits<float>::infinity());
  auto most = hn::Neg(infinity);
  auto below = hn::Lt(most, infinity);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto z = hn::LoadU(wide, logits + i);
    below = hn::And(below, hn::Lt(z, infinity));
    most = hn::Max(most, z);
  }
  bool good = hn::AllTrue(wide, below);
  float largest_logit = hn::GetLane(hn::MaxOfLanes(wide, most));
  for (; i < n; ++i) {
    good = good && logits[i] < std::numeric_limits<float>::infinity();
    largest_logit = std::max(largest_logit, logits[i]);
  }
  if (!good || largest_logit == -std::numeric_limits<float>::infinity()) return -1;
  for (i = 0; i + lanes <= n; i += lanes) {
    const auto here = hn::Eq(hn::LoadU(wide, logits + i), hn::Set(wide, largest_logit));
    if (!hn::AllFalse(wide, here)) break;
  }
  while (logits[i] != largest_logit) ++i;
  return static_cast<int32_t>(i);
}

HWY_INLINE V share_of(const float* logits, V largest_logit, V temperature) {
  const V x = hn::Div(hn::Sub(load(logits), largest_logit), temperature);
  const V lowest = set(-700);
  return hn::IfThenElseZero(hn::Ge(x, lowest), exponential(hn::Max(x, lowest)).exp);
}

int32_t shares_row(const px_sample_args& args, double* shares, double* sums) {
  const int32_t greatest = greatest_logit(args.logits, args.vocabulary);
  if (greatest < 0) return greatest;
  const V largest_logit = set(args.logits[greatest]);
  const V temperature = set(args.temperature);
  for (int64_t begin = 0; begin < args.vocabulary; begin += kShareBlock) {
    const int64_t end = std::min(args.vocabulary, begin + kShareBlock);
    V total = hn::Zero(d);
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) {
      const V share = share_of(args.logits + i, largest_logit, temperature);
      hn::StoreU(share, d, shares + i);
      total = hn::Add(total, share);
    }
    if (i < end) {
      const V share = hn::Mul(share_of(Tail(args.logits + i, end - i).data(), largest_logit, temperature), first(end - i));
      HWY_ALIGN double last[kLanes];
      hn::Store(share, d, last);
      std::copy_n(last, end - i, shares + i);
      total = hn::Add(total, share);
    }
    *sums++ = sum(total);
  }
  return greatest;
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

int32_t sample_shares_cpu(Isa isa, const px_sample_args& args, std::span<double> shares, std::span<double> sums) {
  const int32_t greatest = PX_SELECT(isa, shares_row)(args, shares.data(), sums.data());
  return greatest >= 0 ? greatest : sample_shares_ref(args, shares, sums);
}

}  // namespace px::kernels
#endif
