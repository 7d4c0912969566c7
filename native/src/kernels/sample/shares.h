// Shares of a row of logits in vectors, and where a draw falls among their sums.
//
//   share_i = e^((logit_i - offset) / T), summed over blocks of kSampleBlock ids
//
// NUMERICS: a share is computed in double, within kShareError of itself: so few draws come so near another token's share
// that only the reference can tell.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/cpu.h"
#include "proximal/kernels/sample.h"

namespace px::kernels {

// Logits that share a largest one and a sum of shares.
inline constexpr int64_t kSampleBlock = 64;

inline int64_t sample_blocks(int64_t vocabulary) { return (vocabulary + kSampleBlock - 1) / kSampleBlock; }

// Relative to a share.
inline constexpr double kShareError = 0x1p-32;

// Whether vectors hold shares of this temperature, whatever the logits are.
inline bool shares_hold(double temperature) { return temperature >= 1e-30 && temperature <= 1e30; }

// Whether a draw changes the tokens' shares.
inline bool filters(const px_sample_args& args) { return args.top_k > 0 || args.top_p < 1 || args.min_p > 0; }

struct ShareKernels {
  // The largest logit of each block; false where one is NaN or +inf.
  bool (*maxima)(const float* logits, int64_t n, float* maxima);
  // `offset` is at least as large as any logit, and finite.
  void (*sums)(const float* logits, int64_t n, float offset, double temperature, double* sums);
};

// Of a level above scalar.
ShareKernels share_kernels(Isa isa);

// The uniform goal of a draw among blocks, and the block that it falls into.
struct ShareGoal {
  int64_t block;
  double before;  // the sum of the blocks before
  double goal;
  double error;  // by how much a cumulative sum and the goal may miss each other
};

ShareGoal goal_among(std::span<const double> sums, int64_t vocabulary, double u);

// The place in the goal's block of `count` tokens at which the cumulative sum of share(place) first exceeds the goal;
// nothing where what is known within the error does not tell.
template <class Share>
std::optional<int64_t> place_of(const ShareGoal& goal, int64_t count, const Share& share) {
  double before = goal.before;
  for (int64_t i = 0; i < count; ++i) {
    const double after = before + share(i);
    if (after > goal.goal && before + goal.error <= goal.goal && after - goal.error > goal.goal) return i;
    if (after + goal.error > goal.goal) break;
    before = after;
  }
  return std::nullopt;
}

}  // namespace px::kernels
