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

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Calls body(x, counts, i) for every vector of the range; behind the last element nothing counts.
template <class Body>
HWY_INLINE void for_vectors(const float* x, const uint8_t* mask, int64_t begin, int64_t end, const Body& body) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) body(load(x + i), mask_at(mask, i), i);
  if (i == end) return;
  const Tail tail(x + i, end - i);
  body(load(tail.data()), hn::And(first_of_mask(at(mask, i), end - i), hn::FirstN(d, static_cast<size_t>(end - i))), i);
}

// 16 kB of x: two passes within the first cache.
inline constexpr int64_t kPiece = 4096;

px_moments piece_moments(const float* x, const uint8_t* mask, int64_t begin, int64_t end) {
  V total = hn::Zero(d);
  int64_t counted = 0;
  for_vectors(x, mask, begin, end, [&](V value, M counts, int64_t) {
    total = hn::Add(total, hn::IfThenElseZero(counts, value));
    counted += count(counts);
  });
  if (counted == 0) return {};
  const double mean = sum(total) / static_cast<double>(counted);
  // NUMERICS: a second pass over the deviations; sum(x^2) - n mean^2 cancels where the mean is large.
  V squares = hn::Zero(d);
  for_vectors(x, mask, begin, end, [&](V value, M counts, int64_t) {
    const V deviation = hn::IfThenElseZero(counts, hn::Sub(value, set(mean)));
    squares = hn::MulAdd(deviation, deviation, squares);
  });
  return {static_cast<double>(counted), mean, sum(squares)};
}

px_moments moments_block(const float* x, const uint8_t* mask, int64_t begin, int64_t end) {
  px_moments moments{};
  for (int64_t i = begin; i < end; i += kPiece)
    moments = merge_moments(moments, piece_moments(x, mask, i, std::min(end, i + kPiece)));
  return moments;
}

void apply_block(const WhitenApply& apply, int64_t begin, int64_t end) {
  const V mean = set(apply.mean), scale = set(apply.scale), shift = set(apply.shift);
  for_vectors(apply.x, apply.mask, begin, end, [&](V value, M counts, int64_t i) {
    const V out = hn::IfThenElseZero(counts, hn::MulAdd(hn::Sub(value, mean), scale, shift));
    if (i + kLanes <= end) return store(out, apply.out + i);
    HWY_ALIGN float last[kLanes];
    store(out, last);
    std::copy_n(last, end - i, apply.out + i);
  });
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
