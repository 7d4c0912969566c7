// fused_policy_loss: from hidden states and the LM head to the policy loss, its metrics and the gradients of both in
// one pass over blocks of rows; log-probs, ratios and clipping of a block happen while its logits are in the workspace.
//
//   sum_t weight_t (L_t + kl_coefficient k_t - entropy_coefficient H_t) / normalizer
//
// L, k and the metrics are those of policy_loss, log-probs and entropies H those of token_logprob's head form.
// Traffic: that of three products [n, H] x [V, H]; the head's gradient is read and written once per block.
#pragma once

#include "kernels/token_logprob/head.h"
#include "proximal/kernels/policy_loss.h"

namespace px::kernels {

struct FusedPolicyLossArgs {
  HeadArgs head;
  px_policy_loss_args policy;  // without `logprob`, which is computed; `count` is the head's n
  double entropy_coefficient = 0;
};

struct FusedPolicyMetrics {
  px_policy_metrics policy;
  double entropy;  // sum(weight H)
};

// Checks numbers, then computes; `metrics` is written on success only.
void fused_policy_loss(const Cpu& cpu, const FusedPolicyLossArgs& args, const HeadOutputs& out,
                       const HeadGradients& gradients, FusedPolicyMetrics& metrics);

}  // namespace px::kernels
