// Rows of logits of two models in vectors of floats.
#include "kernels/head_kl/head_kl.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/head_kl/head_kl_cpu.cpp"
#include <hwy/foreach_target.h>  // NOLINT: after its settings

#include "kernels/float-inl.h"
#include "kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

struct LogProbs {
  Floats policy, reference;
};

class RowOfLogits {
 public:
  HWY_INLINE RowOfLogits(float inverse_temperature, const KlRow& row)
      : scale_(splat(inverse_temperature)),
        lse_(splat(static_cast<float>(row.lse))),
        reference_lse_(splat(static_cast<float>(row.reference_lse))) {}

  HWY_INLINE LogProbs operator()(Floats policy, Floats reference) const {
    return {hn::Sub(hn::Mul(policy, scale_), lse_), hn::Sub(hn::Mul(reference, scale_), reference_lse_)};
  }

 private:
  const Floats scale_, lse_, reference_lse_;
};

// (e^-d - 1 + d) / d^2 for |d| <= 1/2: Taylor to d^7.
HWY_INLINE Floats rest_over_square(Floats d) {
  constexpr float kFactorials[] = {-5040.0f, 720.0f, -120.0f, 24.0f, -6.0f, 2.0f};
  Floats sum = splat(1.0f / 40320);
  for (const float factorial : kFactorials) sum = hn::MulAdd(sum, d, splat(1.0f / factorial));
  return sum;
}

double kl_terms(const float* policy, const float* reference, int64_t count, float inverse_temperature,
                const KlRow& row) {
  const RowOfLogits logprobs(inverse_temperature, row);
  return double{sum_of_vectors(count, [&](Floats sum, int64_t j, auto span) PX_LANES {
    const LogProbs l = logprobs(span.load(policy + j), span.load(reference + j));
    const Floats d = hn::Sub(l.policy, l.reference);
    const Floats p = exponential(l.policy);
    const Floats near = hn::Mul(hn::Mul(p, hn::Mul(d, d)), rest_over_square(d));
    // NUMERICS: q is not p e^-d, which may overflow, and its difference to p loses nothing that counts here.
    const Floats far = hn::MulAdd(p, d, hn::Sub(exponential(l.reference), p));
    return hn::Add(sum, span.keep(hn::IfThenElse(hn::Le(hn::Abs(d), splat(0.5f)), near, far)));
  })};
}

void kl_slopes(float* policy, const float* reference, int64_t count, float inverse_temperature, const KlRow& row) {
  const RowOfLogits logprobs(inverse_temperature, row);
  const Floats kl = splat(static_cast<float>(row.kl)), upstream = splat(static_cast<float>(row.upstream));
  for_vectors(count, [&](int64_t j, auto span) PX_LANES {
    const LogProbs l = logprobs(span.load(policy + j), span.load(reference + j));
    const Floats beyond = hn::Sub(hn::Sub(l.policy, l.reference), kl);
    span.store(hn::Mul(hn::Mul(upstream, exponential(l.policy)), beyond), policy + j);
  });
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

HeadKlKernels head_kl_kernels_cpu(Isa isa) { return {PX_SELECT(isa, kl_terms), PX_SELECT(isa, kl_slopes)}; }

}  // namespace px::kernels
#endif
