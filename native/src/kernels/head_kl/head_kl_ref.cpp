// Rows of logits of two models one by one, in double.
#include <cmath>

#include "kernels/head_kl/head_kl.h"

namespace px::kernels {
namespace {

struct LogProbs {
  double policy, reference;
};

LogProbs logprobs(float policy, float reference, float inverse_temperature, const KlRow& row) {
  return {double{policy} * inverse_temperature - row.lse, double{reference} * inverse_temperature - row.reference_lse};
}

double terms(const float* policy, const float* reference, int64_t count, float inverse_temperature, const KlRow& row) {
  double sum = 0;
  for (int64_t j = 0; j < count; ++j) {
    const LogProbs l = logprobs(policy[j], reference[j], inverse_temperature, row);
    const double d = l.policy - l.reference, p = std::exp(l.policy);
    // expm1 where d is small beside 1; elsewhere it may overflow where q does not.
    sum += std::abs(d) < 1 ? p * (std::expm1(-d) + d) : std::exp(l.reference) - p + p * d;
  }
  return sum;
}

void slopes(float* policy, const float* reference, int64_t count, float inverse_temperature, const KlRow& row) {
  for (int64_t j = 0; j < count; ++j) {
    const LogProbs l = logprobs(policy[j], reference[j], inverse_temperature, row);
    policy[j] = static_cast<float>(row.upstream * std::exp(l.policy) * (l.policy - l.reference - row.kl));
  }
}

}  // namespace

HeadKlKernels head_kl_kernels_ref() { return {terms, slopes}; }

}  // namespace px::kernels
