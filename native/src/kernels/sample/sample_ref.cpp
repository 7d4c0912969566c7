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

}  // namespace

int32_t sample_shares_ref(const px_sample_args& args, std::span<double> shares, std::span<double> sums) {
  const int32_t greatest = greatest_of(args);
  std::fill(sums.begin(), sums.end(), 0.0);
  for (int64_t i = 0; i < args.vocabulary; ++i) {
    // NUMERICS: the difference comes before the division, so that no finite logit or temperature gives inf - inf.
    const double share = std::exp((double{args.logits[i]} - args.logits[greatest]) / args.temperature);
    shares[static_cast<size_t>(i)] = share;
    sums[static_cast<size_t>(i / kShareBlock)] += share;
  }
  return greatest;
}

}  // namespace px::kernels
