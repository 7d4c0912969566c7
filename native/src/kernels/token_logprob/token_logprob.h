// token_logprob: log-prob of a target and entropy of rows of logits, forward and backward.
//
//   z = logits / T, p = softmax(z): logprob = log p[target], entropy = H = -sum p log p
//   d logprob / d logits_j = ([j = target] - p_j) / T,  d H / d logits_j = -p_j (log p_j + H) / T
//
// Shapes: logits, gradient [n, V], the rest [n]. Traffic per logit: forward 4 bytes in, twice; backward 4 bytes in,
// three times, 4 out. gradient may alias logits.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/token_logprob.h"

namespace px::kernels {

struct TokenLogprobRows {
  const float* logits;    // [n, V]
  const int32_t* target;  // [n]
  int64_t n;
  int64_t vocabulary;
  double temperature;
};

// Each checks numbers, then computes. Outputs and upstream gradients may be null: not wanted, zero.
void token_logprob(const Cpu& cpu, const TokenLogprobRows& rows, float* logprob, float* entropy);
void token_logprob_backward(const Cpu& cpu, const TokenLogprobRows& rows, const float* upstream_logprob,
                            const float* upstream_entropy, float* gradient);

// The references.
void token_logprob_ref(const TokenLogprobRows& rows, float* logprob, float* entropy);
void token_logprob_backward_ref(const TokenLogprobRows& rows, const float* upstream_logprob,
                                const float* upstream_entropy, float* gradient);

}  // namespace px::kernels
