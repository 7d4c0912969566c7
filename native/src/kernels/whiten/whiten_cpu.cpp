// whiten in vectors of doubles. Moments: pieces that stay in the cache while they are read twice, merged in order; so
// memory is read once. A number that is not finite is left to the reference, whose error names the index.
#include "kernels/whiten/whiten.h"

#include <array>
#include <cmath>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/whiten/whiten_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/simd-inl.h"
#include "kernels/stream-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// 16 kB of x: two passes within the first cache.
inline constexpr int64_t kPiece = 4096;

// Vectors that are summed apart, so that one addition need not wait for the one before.
inline constexpr int64_t kSums = 4;

// sums[..] = term(sums[..], i, span) over n elements, in an order that n alone gives; their sum.
template <class Term>
HWY_INLINE double sum_of(int64_t n, Term term) {
  V sums[kSums] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int64_t i = 0;
  for (; i + kSums * kLanes <= n; i += kSums * kLanes)
    for (int64_t k = 0; k < kSums; ++k) sums[k] = term(sums[k], i + k * kLanes, FullSpan{});
  for_spans(n - i, [&](int64_t j, auto span) PX_LANES { sums[0] = term(sums[0], i + j, span); });
  return sum(hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
}

px_moments piece_moments(const float* x, const uint8_t* mask, int64_t begin, int64_t end) {
  int64_t counted = 0;
  const double total = sum_of(end - begin, [&](V so_far, int64_t j, auto span) PX_LANES {
    const M counts = span.mask(mask, begin + j);
    counted += count(counts);
    return hn::Add(so_far, hn::IfThenElseZero(counts, span.load(x + begin + j)));
  });
  if (counted == 0) return {};
  const double mean = total / static_cast<double>(counted);
  // NUMERICS: a second pass over the deviations; sum(x^2) - n mean^2 cancels where the mean is large.
  const double squares = sum_of(end - begin, [&](V so_far, int64_t j, auto span) PX_LANES {
    ahead(x, begin + j, kPiece);
    const V deviation = hn::IfThenElseZero(span.mask(mask, begin + j), hn::Sub(span.load(x + begin + j), set(mean)));
    return hn::MulAdd(deviation, deviation, so_far);
  });
  return {static_cast<double>(counted), mean, squares};
}

px_moments moments_block(const float* x, const uint8_t* mask, int64_t begin, int64_t end) {
  px_moments moments{};
  for (int64_t i = begin; i < end; i += kPiece)
    moments = merge_moments(moments, piece_moments(x, mask, i, std::min(end, i + kPiece)));
  return moments;
}

void apply_block(const WhitenApply& apply, int64_t begin, int64_t end) {
  const V mean = set(apply.mean), scale = set(apply.scale), shift = set(apply.shift);
  Output out(apply.out, apply.out == apply.x ? 0 : apply.n);
  for (int64_t i = begin; i < end; i += Output::kPiece) {
    const int64_t n = std::min(Output::kPiece, end - i);
    float* const to = out.open(i);
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      ahead(apply.x, i + j);
      const V value = hn::MulAdd(hn::Sub(span.load(apply.x + i + j), mean), scale, shift);
      span.store(hn::IfThenElseZero(span.mask(apply.mask, i + j), value), to + j);
    });
    out.close(n);
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

px_moments whiten_moments_cpu(const Cpu& cpu, const float* x, const uint8_t* mask, int64_t n) {
  const auto block_of = PX_SELECT(cpu.isa, moments_block);
  const Blocks blocks(n);
  std::array<px_moments, Blocks::kMost> parts;
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    parts[static_cast<size_t>(b)] = block_of(x, mask, blocks.begin(b), blocks.end(b));
  });
  px_moments moments{};
  for (int64_t b = 0; b < blocks.count(); ++b) moments = merge_moments(moments, parts[static_cast<size_t>(b)]);
  return std::isfinite(moments.mean) && std::isfinite(moments.m2) ? moments : whiten_moments_ref(x, mask, n);
}

void whiten_apply_cpu(const Cpu& cpu, const WhitenApply& apply) {
  const auto block_of = PX_SELECT(cpu.isa, apply_block);
  const Blocks blocks(apply.n);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { block_of(apply, blocks.begin(b), blocks.end(b)); });
}

}  // namespace px::kernels
#endif
