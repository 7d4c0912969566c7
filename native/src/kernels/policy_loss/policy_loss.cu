// policy_loss, a range of tokens a block; sums in a fixed tree over threads, warps and blocks.
// Traffic per token: 16 bytes in, 20 with ref_logprob, 4 bytes out for each output that is wanted.
#include "cuda/kernels.h"
#include "cuda/reduce.h"
#include "kernels/kl/kl-cuda.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;
constexpr double kRatioClamp = 20;
constexpr double kEstimateClamp = 10;

enum PolicyTotal {
  kLoss, kKlLoss, kTokens, kClipped, kClippedLow, kClippedHigh, kDualClipped, kSquares, kLogRatios, kK3, kRatio,
  kRatioSquared, kLeastRatio, kGreatestRatio, kNotFinite
};
using PolicyTotals = Totals<kLeastRatio, 1, 2>;
static_assert(PolicyTotals::kCount == kPolicyTotals && kNotFinite == kPolicyTotals - 1);

struct Clipped {
  double loss;
  double slope;  // d loss / d lp'
  bool clipped;
  bool dual_clipped;
};

__device__ Clipped clipped_loss(const px_policy_loss_args& args, double ratio, double advantage, bool ratio_moves) {
  const double low = 1 - args.clip_low, high = 1 + args.clip_high;
  const double unclipped = -advantage * ratio;
  const double held = -advantage * (ratio < low ? low : ratio > high ? high : ratio);
  const bool is_clipped = held > unclipped;
  const double worse = is_clipped ? held : unclipped;
  const double bound = advantage < 0 ? -advantage * args.dual_clip : INFINITY;
  const bool is_bounded = worse > bound;
  // A branch that a clip holds is constant in lp'.
  return {is_bounded ? bound : worse, is_clipped || is_bounded || !ratio_moves ? 0 : unclipped, is_clipped, is_bounded};
}

__device__ void count_token(const px_policy_loss_args& args, const Clipped& token, double ratio, double advantage,
                            double* totals) {
  totals[kTokens] += 1;
  totals[kClipped] += token.clipped;
  totals[kClippedLow] += ratio < 1 - args.clip_low && advantage < 0;
  totals[kClippedHigh] += ratio > 1 + args.clip_high && advantage > 0;
  totals[kDualClipped] += token.dual_clipped;
  totals[kRatio] += ratio;
  totals[kRatioSquared] += ratio * ratio;
  totals[kLeastRatio] = Least()(totals[kLeastRatio], ratio);
  totals[kGreatestRatio] = Greatest()(totals[kGreatestRatio], ratio);
}

__device__ void add_token(const px_policy_loss_args& args, int64_t i, double weight, double* totals) {
  // NUMERICS: a difference of two floats in double; the clamp keeps exp within 5e8.
  const double log_ratio = static_cast<double>(args.logprob[i]) - args.old_logprob[i];
  const double clamped = clamp_cuda(log_ratio, kRatioClamp);
  const double ratio = exp(clamped), advantage = args.advantage[i];
  const Clipped token = clipped_loss(args, ratio, advantage, log_ratio == clamped);
  KlCuda kl{0, 0};
  if (args.kl_coefficient != 0)
    kl = kl_cuda_estimate(static_cast<double>(args.logprob[i]) - args.ref_logprob[i], args.kl_estimator, kRatioClamp,
                          kEstimateClamp);
  const double loss = token.loss + args.kl_coefficient * kl.value;
  const double pull = weight * (token.slope + args.kl_coefficient * kl.gradient) / args.normalizer;
  if (args.loss != nullptr) args.loss[i] = static_cast<float>(loss);
  if (args.gradient != nullptr) args.gradient[i] = static_cast<float>(pull);
  // Whatever input is not finite reaches one of these; an infinite reference hides behind the estimate's clamp.
  const bool finite = isfinite(static_cast<float>(loss)) && isfinite(static_cast<float>(pull)) &&
                      isfinite(log_ratio) && (args.kl_coefficient == 0 || isfinite(args.ref_logprob[i]));
  if (!finite) totals[kNotFinite] = 1;
  totals[kLoss] += weight * token.loss;
  totals[kKlLoss] += weight * kl.value;
  totals[kSquares] += log_ratio * log_ratio;
  totals[kLogRatios] += log_ratio;
  totals[kK3] += expm1(clamped) - clamped;
  count_token(args, token, ratio, advantage, totals);
}

__global__ void __launch_bounds__(kThreads) policy_loss_kernel(px_policy_loss_args args, Ranges ranges, double* parts) {
  PolicyTotals totals;
  totals.clear();
  for (int64_t i = ranges.begin() + threadIdx.x; i < ranges.end(); i += kThreads) {
    const double weight = args.weight != nullptr ? args.weight[i] : 1;
    if (weight != 0) {
      add_token(args, i, weight, totals.values);
    } else {
      if (args.loss != nullptr) args.loss[i] = 0;
      if (args.gradient != nullptr) args.gradient[i] = 0;
    }
  }
  totals.write(parts);
}

}  // namespace

uint64_t policy_loss_cuda_workspace(int64_t count) {
  return static_cast<uint64_t>(Ranges(count).count()) * sizeof(PolicyTotals);
}

void policy_loss_cuda(cudaStream_t stream, const px_policy_loss_args& args, double* totals, void* workspace) {
  const Ranges ranges(args.count);
  const int64_t blocks = ranges.count();
  auto* parts = static_cast<double*>(workspace);
  if (blocks > 0)
    PX_LAUNCH(policy_loss_kernel, blocks_for(blocks, 1), kThreads, 0, stream, args, ranges, parts);
  launch_add_parts<PolicyTotals>(stream, totals, parts, blocks);
}

void add_policy_totals_cuda(cudaStream_t stream, double* totals, const double* parts, int64_t count) {
  launch_add_parts<PolicyTotals>(stream, totals, parts, count);
}

bool read_policy_totals(const double* totals, px_policy_metrics& metrics) {
  const auto whole = [&](int k) { return static_cast<int64_t>(totals[k]); };
  metrics = {totals[kLoss],       totals[kKlLoss],        whole(kTokens),       whole(kClipped),
             whole(kClippedLow),  whole(kClippedHigh),    whole(kDualClipped),  totals[kSquares] / 2,
             -totals[kLogRatios], totals[kK3],            totals[kRatio],       totals[kRatioSquared],
             totals[kLeastRatio], totals[kGreatestRatio]};
  return !(totals[kNotFinite] > 0);
}

}  // namespace px::kernels
