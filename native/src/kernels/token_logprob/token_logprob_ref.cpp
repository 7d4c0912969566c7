#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/checks.h"
#include "kernels/token_logprob/token_logprob.h"

namespace px::kernels {
namespace {

// One row with its normalizer: log p_j = relative(j) - log_total.
class Row {
 public:
  Row(const TokenLogprobRows& rows, int64_t i)
      : logits_(rows.logits + i * rows.vocabulary), vocabulary_(rows.vocabulary), temperature_(rows.temperature) {
    for (int64_t j = 0; j < vocabulary_; ++j) {
      // NaN fails the comparison too.
      if (!(logits_[j] < std::numeric_limits<float>::infinity()))
        fail_not_finite("logits", i * vocabulary_ + j, logits_[j]);
      largest_ = std::max(largest_, logits_[j]);
    }
    check(std::isfinite(largest_), PX_NOT_FINITE, "logits: row ", i, " is -inf only");
    double total = 0;
    for (int64_t j = 0; j < vocabulary_; ++j) total += std::exp(relative(j));
    log_total_ = std::log(total);
  }

  double logprob(int64_t j) const { return relative(j) - log_total_; }

  // -sum p log p; what has no probability contributes nothing.
  double entropy() const {
    double sum = 0;
    for (int64_t j = 0; j < vocabulary_; ++j) {
      const double l = logprob(j);
      const double p = std::exp(l);
      if (p > 0) sum -= p * l;
    }
    return sum;
  }

 private:
  // NUMERICS: the difference comes before the division, so that no finite logit or temperature gives inf - inf.
  double relative(int64_t j) const { return (double{logits_[j]} - largest_) / temperature_; }

  const float* logits_;
  int64_t vocabulary_;
  double temperature_;
  float largest_ = -std::numeric_limits<float>::infinity();
  double log_total_ = 0;
};

}  // namespace

void token_logprob_ref(const TokenLogprobRows& rows, float* logprob, float* entropy) {
  for (int64_t i = 0; i < rows.n; ++i) {
    const Row row(rows, i);
    if (logprob != nullptr) logprob[i] = static_cast<float>(row.logprob(rows.target[i]));
    if (entropy != nullptr) entropy[i] = static_cast<float>(row.entropy());
  }
}

void token_logprob_backward_ref(const TokenLogprobRows& rows, const float* upstream_logprob,
                                const float* upstream_entropy, float* gradient) {
  for (int64_t i = 0; i < rows.n; ++i) {
    const Row row(rows, i);
    const double toward_target = upstream_logprob != nullptr ? upstream_logprob[i] : 0;
    const double toward_entropy = upstream_entropy != nullptr ? upstream_entropy[i] : 0;
    const double entropy = toward_entropy != 0 ? row.entropy() : 0;
    for (int64_t j = 0; j < rows.vocabulary; ++j) {
      const double l = row.logprob(j);
      const double p = std::exp(l);
      const double hit = j == rows.target[i] ? 1 : 0;
      const double entropy_slope = p > 0 ? -p * (l + entropy) : 0;
      const double slope = toward_target * (hit - p) + toward_entropy * entropy_slope;
      gradient[i * rows.vocabulary + j] = static_cast<float>(slope / rows.temperature);
    }
  }
}

}  // namespace px::kernels
