#include <cmath>
#include <limits>

#include "kernels/checks.h"
#include "kernels/sample/sample.h"

namespace px::kernels {
namespace {

int32_t greatest_of(const px_sample_args& args) {
  float largest = -std::numeric_limits<float>::infinity();
  int32_t greatest = 0;
  for (int64_t i = 0; i < args.vocabulary; ++i) {
    // NaN fails the comparison too.
    if (!(args.logits[i] < std::numeric_limits<float>::infinity())) fail_not_finite("logits", i, args.logits[i]);
    if (args.logits[i] > largest) {
      largest = args.logits[i];
      greatest = static_cast<int32_t>(i);
    }
  }
  check(std::isfinite(largest), PX_NOT_FINITE, "logits: all ", args.vocabulary, " are -inf: nothing can be drawn");
  return greatest;
}

double log_total(const SampleRow& row) {
  double total = 0;
  for (int32_t i = 0; i < row.args.vocabulary; ++i) total += std::exp(row.relative(i));
  return std::log(total);
}

SampleCandidates filtered(const SampleRow& row) {
  SampleCandidates candidates(row);
  for (int32_t i = 0; i < row.args.vocabulary; ++i) candidates.add(i);
  candidates.filter();
  return candidates;
}

}  // namespace

int32_t sample_ref(const px_sample_args& args, float* logprob) {
  const SampleRow row{args, greatest_of(args)};
  const int32_t token =
      row.greedy() ? row.greatest : filtered(row).draw(sample_uniform(args.seed, args.sample_id, args.index));
  if (logprob != nullptr) *logprob = static_cast<float>(row.relative(token) - log_total(row));
  return token;
}

void sample_distribution_ref(const px_sample_args& args, float* logprob) {
  const SampleRow row{args, greatest_of(args)};
  std::fill_n(logprob, args.vocabulary, -std::numeric_limits<float>::infinity());
  if (row.greedy()) {
    logprob[row.greatest] = 0;
    return;
  }
  const SampleCandidates candidates = filtered(row);
  const double log_left = std::log(candidates.total());
  for (const auto& candidate : candidates.list())
    logprob[candidate.token] = static_cast<float>(row.relative(candidate.token) - log_left);
}

}  // namespace px::kernels
