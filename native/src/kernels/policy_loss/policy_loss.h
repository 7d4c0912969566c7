// policy_loss: PPO's clipped loss, its gradient and its metrics in one pass.
//
//   rho = exp(clamp(lp' - lp, +-20)), L = max(-A rho, -A clip(rho, 1 - clip_low, 1 + clip_high))
//   A < 0: L = min(L, -A dual_clip);  loss = L + kl_coefficient k(lp', ref)
//   gradient = weight d loss / d lp' / normalizer
//
// Source: PPO (arXiv 1707.06347), dual clip (arXiv 1912.09729), KL in the loss: GRPO (arXiv 2402.03300).
// Shapes: all [n]. Traffic per token: 16 bytes in, 20 with ref_logprob, 4 bytes out for each output that is wanted;
// tokens of weight 0 get 0, whatever stands elsewhere.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/policy_loss.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes. `metrics` is written on success only.
void policy_loss(const Cpu& cpu, const px_policy_loss_args& args, px_policy_metrics& metrics);

// The reference, over the tokens begin..end-1: what policy_loss computes, with every default resolved.
px_policy_metrics policy_loss_ref(const px_policy_loss_args& args, int64_t begin, int64_t end);

// The metrics of no tokens, and sums of metrics.
px_policy_metrics no_policy_metrics();
void add(px_policy_metrics& sum, const px_policy_metrics& part);

// In vectors, on the threads of `cpu`.
px_policy_metrics policy_loss_cpu(const Cpu& cpu, const px_policy_loss_args& args);

}  // namespace px::kernels
