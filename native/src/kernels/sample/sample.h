// sample: one token from a row of logits.
//
//   z = logits / T; top-k keeps z >= k-th largest; top-p removes the tail of cumulative softmax <= 1 - p;
//   min-p removes p_i < min_p max p; each sees what the one before left
//   u = uniform(seed, sample_id, index); token = first t in id order with sum_{i <= t} p_i > u
//
// Source: top-p: Holtzman et al. (arXiv 1904.09751), min-p: arXiv 2407.01082, all as transformers applies them;
// Philox: Salmon et al., SC 2011. Shapes: logits [V].
// Traffic per token: 4 bytes in, three times, and 8 bytes of shares out and in again, in a workspace of the thread that
// is kept from call to call; filters add a copy, top-p a sort.
#pragma once

#include <cstdint>
#include <span>

#include "base/cpu.h"
#include "proximal/kernels/sample.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then draws. logprob (may be null) is log softmax(logits / T)[token].
void sample(const Cpu& cpu, const px_sample_args& args, int32_t& token, float* logprob);

// Log-probabilities [V] of the distribution that `sample` draws from.
void sample_distribution(const Cpu& cpu, const px_sample_args& args, float* logprob);

// Philox's key is (seed low, seed high), its counter (index low, index high, sample_id low, sample_id high); u is the
// first two words of its output, the second one high, their upper 53 bits times 2^-53: in [0, 1).
double sample_uniform(uint64_t seed, uint64_t sample_id, uint64_t index);

// Ids that share a partial sum: drawing passes over those that it does not fall into.
inline constexpr int64_t kShareBlock = 64;

// The exponentials of a row: shares [V] = exp((logits - largest) / T), sums [ceil(V / kShareBlock)] of their blocks.
// Returns the id of the largest logit, the lowest one on a tie. Throws PX_NOT_FINITE as px_sample_f32 says.
int32_t sample_shares_ref(const px_sample_args& args, std::span<double> shares, std::span<double> sums);

// The same in vectors; what lies e^-700 below the largest is 0. A row that the reference refuses is left to it.
int32_t sample_shares_cpu(Isa isa, const px_sample_args& args, std::span<double> shares, std::span<double> sums);

}  // namespace px::kernels
