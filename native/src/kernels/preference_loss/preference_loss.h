// preference_loss: DPO and its successors over packed answers, their gradients and metrics in one pass.
//
//   log-ratio of an answer = sum(weight (lp - ref)), a loss of two log-ratios or of one (the table in the ABI header),
//   gradient of a token = weight d loss / d log-ratio / normalizer
//
// Source: DPO (arXiv 2305.18290); each form's own stands in the ABI header. Shapes: per-token arrays [N], offsets
// [S + 1], losses [P]. Traffic per token: 8 bytes in, 12 with weights (4 without a reference), 4 out with gradient;
// an answer's weights are read again while they are in the cache.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/preference_loss.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes. `metrics` is written on success only.
void preference_loss(const Cpu& cpu, const px_preference_loss_args& args, px_preference_metrics& metrics);

// The reference, over the losses begin..end-1: what preference_loss computes, with every default resolved.
px_preference_metrics preference_loss_ref(const px_preference_loss_args& args, int64_t begin, int64_t end);

// Tokens in vectors, on the threads of `cpu`.
px_preference_metrics preference_loss_cpu(const Cpu& cpu, const px_preference_loss_args& args);

// Whether the form is a loss of single answers.
bool preference_is_single(int32_t form);

// What the tokens of an answer come to.
struct PreferenceAnswer {
  double log_ratio = 0;  // sum(weight (lp - ref))
  double logprob = 0;    // sum(weight lp)
  double weight = 0;     // sum(weight)
};

// A loss, and its derivative by the log-ratio of each answer that it is of; `rejected` is 0 for a single one.
struct PreferenceLoss {
  double loss;
  double chosen;
  double rejected;
};

// The loss of a pair, or of the single answer `chosen`. Not a number where an answer has no mean.
PreferenceLoss preference_of(const px_preference_loss_args& args, const PreferenceAnswer& chosen,
                             const PreferenceAnswer& rejected, bool desirable);

// Counts a loss and what it is of.
void preference_count(const px_preference_loss_args& args, const PreferenceLoss& loss, const PreferenceAnswer& chosen,
                      const PreferenceAnswer& rejected, bool desirable, px_preference_metrics& metrics);

}  // namespace px::kernels
