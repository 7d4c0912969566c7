#include "kernels/sample/sample.h"

#include <limits>

#include "kernels/checks.h"

namespace px::kernels {
namespace {

constexpr int64_t kMaxVocabulary = std::numeric_limits<int32_t>::max();

px_sample_args resolved(const px_sample_args& args) {
  px_sample_args a = args;
  a.temperature = or_default(a.temperature, 1.0);
  a.top_p = or_default(a.top_p, 1.0);
  check(a.vocabulary >= 1 && a.vocabulary <= kMaxVocabulary, PX_INVALID_ARGUMENT, "vocabulary: expected 1 to ",
        kMaxVocabulary, ", got ", a.vocabulary);
  check_positive(a.temperature, "temperature");
  check(a.top_k >= 0, PX_INVALID_ARGUMENT, "top_k: expected 0 (off) or more, got ", a.top_k);
  check_probability(a.top_p, "top_p");
  check_probability(a.min_p, "min_p");
  return a;
}

}  // namespace

void sample(const px_sample_args& args, int32_t& token, float* logprob) { sample_ref(resolved(args), token, logprob); }

void sample_distribution(const px_sample_args& args, float* logprob) {
  sample_distribution_ref(resolved(args), logprob);
}

}  // namespace px::kernels
