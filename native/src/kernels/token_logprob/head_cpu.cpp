// Rows of logits in vectors of floats.
#include "kernels/token_logprob/head.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/token_logprob/head_cpu.cpp"
#include <hwy/foreach_target.h>  // NOLINT: after its settings

#include "kernels/float-inl.h"
#include "kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

ChunkSums chunk_sums(const float* logits, int64_t count, float inverse_temperature) {
  const Floats scale = splat(inverse_temperature);
  Floats most[2] = {splat(-hwy::HighestValue<float>()), splat(-hwy::HighestValue<float>())};
  int64_t i = 0;
  for (; i + 2 * kFloats <= count; i += 2 * kFloats)
    for (int64_t j = 0; j < 2; ++j) most[j] = hn::Max(most[j], hn::LoadU(fs, logits + i + j * kFloats));
  for_vectors(count - i, [&](int64_t at, auto span) PX_LANES {
    const Floats value = span.load(logits + i + at);
    most[0] = hn::Max(most[0], hn::IfThenElse(hn::Eq(span.keep(splat(1)), splat(1)), value, most[0]));
  });
  const float largest = hn::GetLane(hn::MaxOfLanes(fs, hn::Max(most[0], most[1]))) * inverse_temperature;

  const Floats offset = splat(largest);
  Floats sums[2] = {hn::Zero(fs), hn::Zero(fs)}, products[2] = {hn::Zero(fs), hn::Zero(fs)};
  const auto add = [&](int64_t j, Floats logit, auto span) PX_LANES {
    // NUMERICS: no fused multiply-subtract, so that z is the float that the slopes see.
    const Floats z = hn::Sub(hn::Mul(logit, scale), offset);
    const Floats e = span.keep(exponential(z));
    sums[j] = hn::Add(sums[j], e);
    products[j] = hn::MulAdd(e, z, products[j]);
  };
  for (i = 0; i + 2 * kFloats <= count; i += 2 * kFloats)
    for (int64_t j = 0; j < 2; ++j) add(j, hn::LoadU(fs, logits + i + j * kFloats), Whole{});
  for_vectors(count - i, [&](int64_t at, auto span) PX_LANES { add(0, span.load(logits + i + at), span); });
  const auto total = [](const Floats(&parts)[2])
                         HWY_ATTR { return double{hn::GetLane(hn::SumOfLanes(fs, hn::Add(parts[0], parts[1])))}; };
  return {largest, total(sums), total(products)};
}

// What makes slopes of a row's logits; the target's part is added apart.
class Slope {
 public:
  explicit HWY_INLINE Slope(const RowSlope& row, float inverse_temperature)
      : scale_(splat(inverse_temperature)),
        lse_(splat(row.lse)),
        d_entropy_(splat(row.d_entropy)),
        // -p (d_logprob + d_entropy (log p + entropy))
        constant_(splat(row.d_logprob + row.d_entropy * row.entropy)) {}

  HWY_INLINE Floats operator()(Floats logit) const {
    const Floats log_p = hn::Sub(hn::Mul(logit, scale_), lse_);
    return hn::Neg(hn::Mul(exponential(log_p), hn::MulAdd(d_entropy_, log_p, constant_)));
  }

 private:
  const Floats scale_, lse_, d_entropy_, constant_;
};

void slope_row(float* logits, int64_t count, float inverse_temperature, const RowSlope& row, int64_t hit) {
  const Slope slope(row, inverse_temperature);
  for_vectors(count, [&](int64_t i, auto span) PX_LANES { span.store(slope(span.load(logits + i)), logits + i); });
  if (hit >= 0) logits[hit] += row.d_logprob;
}

void round_rows(float* low, float* high, int64_t count, uint32_t* pairs) {
  const hn::Rebind<uint32_t, FloatTag> u;
  // A vector of bf16 comes to lie where floats were that have been read.
  auto* const low_out = reinterpret_cast<uint16_t*>(low);
  auto* const high_out = reinterpret_cast<uint16_t*>(high);
  for_vectors(count, [&](int64_t i, auto span) PX_LANES {
    const Floats a = span.load(low + i);
    const Floats b = high != nullptr ? span.load(high + i) : hn::Zero(fs);
    span.store(a, low_out + i);
    if (high != nullptr) span.store(b, high_out + i);
    const auto pair = hn::Or(hn::PromoteTo(u, to_bf16(a)), hn::ShiftLeft<16>(hn::PromoteTo(u, to_bf16(b))));
    hn::StoreU(pair, u, pairs + i);
  });
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

HeadKernels head_kernels_cpu(Isa isa) {
  return {PX_SELECT(isa, chunk_sums), PX_SELECT(isa, slope_row), PX_SELECT(isa, round_rows)};
}

}  // namespace px::kernels
#endif
