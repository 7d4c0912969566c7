// reward_shape: PPO's token rewards.
//
//   r_t = -beta k_t + w_t, + clip(score, +-reward_clip) at the last token of the sequence with mask 1; 0 where masked
//
// Source: Ziegler et al. 2019 (arXiv 1909.08593); Ouyang et al. 2022 (arXiv 2203.02155). Shapes: per-token arrays [N],
// offsets [S + 1], score [S]. Traffic per token: up to 13 bytes in, 4 bytes out, 8 with kl; what stands in masked
// places does not matter.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/kl.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes.
void reward_shape(const Cpu& cpu, const px_reward_args& args);

// The reference: what reward_shape computes, with every default resolved.
void reward_shape_ref(const px_reward_args& args);

// In vectors, on the threads of `cpu`.
void reward_shape_cpu(const Cpu& cpu, const px_reward_args& args);

// Adds a sequence's clipped score to the reward of its last token with mask 1, if it has one.
void reward_shape_score(const px_reward_args& args, int64_t sequence);

}  // namespace px::kernels
