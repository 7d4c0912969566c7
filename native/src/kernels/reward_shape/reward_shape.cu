// reward_shape: token rewards element by element, then a warp a sequence looks for the last token that counts and adds
// the score there. Traffic per token: up to 13 bytes in, 4 bytes out, 8 with kl.
#include "cuda/kernels.h"
#include "kernels/kl/kl-cuda.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;
constexpr double kRatioClamp = 20;
constexpr double kEstimateClamp = 10;

__device__ bool counts(const px_reward_args& args, int64_t i) { return args.mask == nullptr || args.mask[i] != 0; }

struct TokenReward {
  double reward;  // -beta k + w
  double kl;
};

__device__ TokenReward token_reward(const px_reward_args& args, int64_t i) {
  const double k = kl_cuda_estimate(static_cast<double>(args.logprob[i]) - args.ref_logprob[i], args.kl_estimator,
                                    kRatioClamp, kEstimateClamp)
                       .value;
  const double w = args.token_reward != nullptr ? args.token_reward[i] : 0;
  return {w - args.beta * k, k};
}

__global__ void __launch_bounds__(kThreads) token_rewards(px_reward_args args, int64_t tokens, int32_t* not_finite) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= tokens) return;
  TokenReward token{0, 0};
  if (counts(args, i)) {
    token = token_reward(args, i);
    // An infinite log-prob hides behind the estimate's clamp.
    const bool finite = isfinite(static_cast<float>(token.reward)) && isfinite(args.logprob[i]) &&
                        isfinite(args.ref_logprob[i]);
    if (!finite) atomicOr(not_finite, 1);
  }
  args.reward[i] = static_cast<float>(token.reward);
  if (args.kl != nullptr) args.kl[i] = static_cast<float>(token.kl);
}

// The place of the last token that counts, or begin - 1. All lanes of the warp call and get it.
__device__ int64_t last_that_counts(const px_reward_args& args, int64_t begin, int64_t end, int lane) {
  for (int64_t stop = end; stop > begin; stop -= kWarp) {
    const int64_t i = stop - kWarp + lane;
    const unsigned found = __ballot_sync(kAllLanes, i >= begin && counts(args, i));
    if (found != 0) return stop - 1 - __clz(static_cast<int>(found));
  }
  return begin - 1;
}

__global__ void __launch_bounds__(kThreads) add_scores(px_reward_args args, int32_t* not_finite) {
  const int64_t sequence = static_cast<int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  if (sequence >= args.sequences) return;  // a whole warp
  const int64_t begin = args.offsets[sequence];
  const int64_t last = last_that_counts(args, begin, args.offsets[sequence + 1], lane);
  if (last < begin || lane != 0) return;
  const double score = args.score[sequence];
  // NUMERICS: the token's reward again in double, so that the sum is rounded once.
  const float reward = static_cast<float>(token_reward(args, last).reward + clamp_cuda(score, args.reward_clip));
  if (!isfinite(reward) || !isfinite(score)) atomicOr(not_finite, 1);
  args.reward[last] = reward;
}

}  // namespace

void reward_shape_cuda(cudaStream_t stream, const px_reward_args& args, int64_t tokens, int32_t* not_finite) {
  if (tokens == 0) return;
  PX_LAUNCH(token_rewards, blocks_for(tokens, kThreads), kThreads, 0, stream, args, tokens, not_finite);
  PX_LAUNCH(add_scores, blocks_for(args.sequences, kThreads / kWarp), kThreads, 0, stream, args, not_finite);
}

}  // namespace px::kernels
