// sample: one token from a row of logits.
//
//   z = logits / T; top-k keeps z >= k-th largest; top-p removes the tail of cumulative softmax <= 1 - p;
//   min-p removes p_i < min_p max p; each sees what the one before left
//   u = uniform(seed, sample_id, index); token = first t in id order with sum_{i <= t} p_i > u
//
// Source: top-p: Holtzman et al. (arXiv 1904.09751), min-p: arXiv 2407.01082, all as transformers applies them;
// Philox: Salmon et al., SC 2011. Shapes: logits [V].
// Traffic per token: 4 bytes in for the largest logit, again for the log-prob and for a draw without filters. With
// top-k or min-p only blocks of logits whose largest one may stay are read again; top-p without top-k makes a list of
// all.
//
// NUMERICS: what is drawn is decided in double. Vectors serve where they cannot decide otherwise: a draw without filters
// that comes within their error (shares.h) of another token's share is done as the reference does it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "proximal/kernels/sample.h"

namespace px::kernels {

// Checks numbers and fills defaults in.
px_sample_args with_defaults(const px_sample_args& args);

// The same, then draws. logprob (may be null) is log softmax(logits / T)[token].
void sample(const Cpu& cpu, const px_sample_args& args, int32_t& token, float* logprob);

// Log-probabilities [V] of the distribution that `sample` draws from.
void sample_distribution(const Cpu& cpu, const px_sample_args& args, float* logprob);

// Philox's key is (seed low, seed high), its counter (index low, index high, sample_id low, sample_id high); u is the
// first two words of its output, the second one high, their upper 53 bits times 2^-53: in [0, 1).
double sample_uniform(uint64_t seed, uint64_t sample_id, uint64_t index);

// The reference: what `sample` draws, with every default resolved; logprob may be null.
int32_t sample_ref(const px_sample_args& args, float* logprob);
void sample_distribution_ref(const px_sample_args& args, float* logprob);

// In vectors: the same token, the log-prob within 1e-6.
int32_t sample_cpu(Isa isa, const px_sample_args& args, float* logprob);

// A row of logits beside its largest one.
struct SampleRow {
  const px_sample_args& args;
  int32_t greatest;  // the id of the largest logit, the lowest one on a tie

  // (logit - largest logit) / T. NUMERICS: the difference comes before the division, so that no finite logit or
  // temperature gives inf - inf.
  double relative(int32_t token) const {
    return (double{args.logits[token]} - args.logits[greatest]) / args.temperature;
  }

  bool greedy() const { return (args.flags & PX_SAMPLE_GREEDY) != 0; }
};

// Tokens that may be drawn, in the order of their ids, and the filters over them. One at a time in a thread: the memory
// is the thread's, kept from call to call.
class SampleCandidates {
 public:
  explicit SampleCandidates(const SampleRow& row);

  // Of a list that holds whatever the filters keep, and ids in increasing order.
  void add(int32_t token) { list_.push_back({token, row_.args.logits[token], 0}); }
  void filter();

  // The first token at which the cumulative share exceeds u of the total.
  int32_t draw(double u) const;

  struct Candidate {
    int32_t token;
    float logit;
    double share;  // e^((logit - largest) / T), once filtered
  };
  std::span<const Candidate> list() const { return list_; }
  double total() const;

 private:
  void keep_top_k();
  void keep_top_p();
  double remove_small(double left);

  const SampleRow& row_;
  std::vector<Candidate>& list_;
};

}  // namespace px::kernels
