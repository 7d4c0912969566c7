#include "kernels/token_logprob/token_logprob.h"

#include <limits>

#include "base/device.h"
#include "kernels/checks.h"

namespace px::kernels {
namespace {

constexpr int64_t kMaxVocabulary = std::numeric_limits<int32_t>::max();

void check_rows(const TokenLogprobRows& rows) {
  check_count(rows.n, "n");
  check(rows.vocabulary >= 1 && rows.vocabulary <= kMaxVocabulary, PX_INVALID_ARGUMENT, "vocabulary: expected 1 to ",
        kMaxVocabulary, ", got ", rows.vocabulary);
  check(rows.n <= kMaxElements / rows.vocabulary, PX_INVALID_ARGUMENT, "n: expected at most ",
        kMaxElements / rows.vocabulary, " rows of ", rows.vocabulary, " logits, got ", rows.n);
  check_positive(rows.temperature, "temperature");
  for (int64_t i = 0; i < rows.n; ++i)
    check(rows.target[i] >= 0 && rows.target[i] < rows.vocabulary, PX_INVALID_ARGUMENT, "target[", i,
          "]: expected 0 to ", rows.vocabulary - 1, ", got ", rows.target[i]);
}

void check_upstream(const float* upstream, int64_t n, const char* name) {
  if (upstream == nullptr) return;
  for (int64_t i = 0; i < n; ++i) check_finite(upstream[i], name, i);
}

}  // namespace

void token_logprob(const Cpu& cpu, const TokenLogprobRows& rows, float* logprob, float* entropy) {
  check_rows(rows);
  if (cpu.device != nullptr && cpu.device->token_logprob(rows.logits, rows.target, rows.n, rows.vocabulary,
                                                         rows.temperature, logprob, entropy))
    return;
  token_logprob_ref(rows, logprob, entropy);
}

void token_logprob_backward(const Cpu& cpu, const TokenLogprobRows& rows, const float* upstream_logprob,
                            const float* upstream_entropy, float* gradient) {
  check_rows(rows);
  check_upstream(upstream_logprob, rows.n, "upstream_logprob");
  check_upstream(upstream_entropy, rows.n, "upstream_entropy");
  if (cpu.device != nullptr &&
      cpu.device->token_logprob_backward(rows.logits, rows.target, rows.n, rows.vocabulary, rows.temperature,
                                         upstream_logprob, upstream_entropy, gradient))
    return;
  token_logprob_backward_ref(rows, upstream_logprob, upstream_entropy, gradient);
}

}  // namespace px::kernels
