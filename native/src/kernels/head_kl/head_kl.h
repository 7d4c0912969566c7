// head_kl: KL(policy || reference) over the whole vocabulary, from two arrays of hidden states and two LM heads:
// neither logits nor probabilities [tokens, vocabulary] ever exist.
//
//   p = softmax(hidden head^T / T), q the reference's, d_j = log p_j - log q_j
//   KL = sum_j p_j d_j = sum_j p_j (e^-d_j - 1 + d_j), since both add up to 1
//   d KL / d l_j = p_j (d_j - KL) / T for the policy's logits l; the reference is frozen
//
// Source: Kullback and Leibler (1951); the second form is k3 of Schulman, "Approximating KL divergence" (2020), in
// expectation. Shapes: hidden [n, H], head [V, H], each model with an H of its own; kl [n].
//
// The logits of a block of rows stay in the workspace until the log-sum-exps of both models are known; then the chunks
// go by a second time, and become the gradient of the policy's logits in place. Traffic: that of a product for each
// model, and with gradients of two more for the policy.
//
// NUMERICS: logits and terms in float (double at the scalar level), sums of a chunk's terms in float, of chunks in
// double. Terms are not negative but for their rounding, and what the rounding of a log-sum-exp does to one is undone
// by the others: near 0 the KL is as exact as log-ratios are. A token's numbers depend on its hidden states and the
// heads alone.
#pragma once

#include "kernels/token_logprob/head.h"

namespace px::kernels {

// Hidden states and the head that they meet.
struct HeadSide {
  const void* hidden = nullptr;  // [n, H] of the head's dtype
  int64_t hidden_stride = 0;     // elements from row to row
  Packed head;                   // [V, H]
};

struct HeadKlArgs {
  int64_t n = 0;
  HeadSide policy;
  HeadSide reference;      // of as many tokens V
  Packed head_transposed;  // [H, V], the policy's; for gradients
  double temperature = 1;
  void* workspace = nullptr;  // head_kl_workspace() bytes, aligned to 64
};

// Bytes of workspace for any number of rows; below 64 MB for vocabularies up to 150,000.
uint64_t head_kl_workspace(const Packed& head, int64_t rows, bool gradients);

// kl [n]. Deterministic for any thread count. A row with logits that are not finite in either model gives NaN, and no
// other does.
void head_kl(const Cpu& cpu, const HeadKlArgs& args, float* kl);

// The same (kl may be null), and the gradients of sum(upstream kl).
void head_kl_gradient(const Cpu& cpu, const HeadKlArgs& args, const float* upstream, float* kl,
                      const HeadGradients& gradients);

// The parts that are compiled per level, over a chunk of one row of logits of each model.
struct KlRow {
  double lse;  // of z = logits / T
  double reference_lse;
  double kl = 0;
  double upstream = 0;  // over T
};

struct HeadKlKernels {
  // sum_j p_j (e^-d_j - 1 + d_j)
  double (*terms)(const float* policy, const float* reference, int64_t count, float inverse_temperature,
                  const KlRow& row);
  // upstream p_j (d_j - KL), in the policy's place.
  void (*slopes)(float* policy, const float* reference, int64_t count, float inverse_temperature, const KlRow& row);
};

HeadKlKernels head_kl_kernels_cpu(Isa isa);
HeadKlKernels head_kl_kernels_ref();

}  // namespace px::kernels
