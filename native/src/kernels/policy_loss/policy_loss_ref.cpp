#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/checks.h"
#include "kernels/kl/kl.h"
#include "kernels/policy_loss/policy_loss.h"

namespace px::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// One token's policy loss, without the KL term.
struct Clipped {
  double loss;
  double gradient;  // d loss / d lp'
  bool clipped;
  bool dual_clipped;
};

Clipped clipped_loss(const px_policy_loss_args& args, double ratio, double advantage, bool ratio_moves) {
  const double unclipped = -advantage * ratio;
  const double clipped = -advantage * std::clamp(ratio, 1 - args.clip_low, 1 + args.clip_high);
  const bool is_clipped = clipped > unclipped;
  const double worse = std::max(unclipped, clipped);
  const double bound = advantage < 0 ? -advantage * args.dual_clip : kInfinity;
  const bool is_bounded = worse > bound;
  // d rho / d lp' = rho. A branch that a clip holds is constant in lp'.
  const double gradient = is_clipped || is_bounded || !ratio_moves ? 0 : unclipped;
  return {std::min(worse, bound), gradient, is_clipped, is_bounded};
}

void check_inputs(const px_policy_loss_args& args, int64_t i) {
  check_finite(args.logprob[i], "logprob", i);
  check_finite(args.old_logprob[i], "old_logprob", i);
  check_finite(args.advantage[i], "advantage", i);
  if (args.kl_coefficient != 0) check_finite(args.ref_logprob[i], "ref_logprob", i);
}

void count(const px_policy_loss_args& args, const Clipped& token, double ratio, double advantage,
           px_policy_metrics& metrics) {
  ++metrics.tokens;
  metrics.clipped += token.clipped;
  metrics.clipped_low += ratio < 1 - args.clip_low && advantage < 0;
  metrics.clipped_high += ratio > 1 + args.clip_high && advantage > 0;
  metrics.dual_clipped += token.dual_clipped;
  metrics.ratio += ratio;
  metrics.ratio_squared += ratio * ratio;
  metrics.ratio_min = std::min(metrics.ratio_min, ratio);
  metrics.ratio_max = std::max(metrics.ratio_max, ratio);
}

void add_token(const px_policy_loss_args& args, int64_t i, double weight, px_policy_metrics& metrics) {
  check_inputs(args, i);
  // NUMERICS: a difference of two floats in double; the clamp keeps exp within 5e8.
  const double log_ratio = double{args.logprob[i]} - args.old_logprob[i];
  const double clamped = std::clamp(log_ratio, -kLogRatioClamp, kLogRatioClamp);
  const double ratio = std::exp(clamped);
  const double advantage = args.advantage[i];
  const Clipped token = clipped_loss(args, ratio, advantage, log_ratio == clamped);
  double kl = 0;
  double kl_gradient = 0;
  if (args.kl_coefficient != 0) {
    const KlEstimate estimate =
        kl_estimate(double{args.logprob[i]} - args.ref_logprob[i], args.kl_estimator, kLogRatioClamp, kKlClamp);
    kl = estimate.value;
    kl_gradient = args.kl_coefficient * estimate.gradient;
  }
  if (args.loss != nullptr) args.loss[i] = finite_float(token.loss + args.kl_coefficient * kl, "loss", i);
  if (args.gradient != nullptr)
    args.gradient[i] = finite_float(weight * (token.gradient + kl_gradient) / args.normalizer, "gradient", i);
  metrics.loss += weight * token.loss;
  metrics.kl_loss += weight * kl;
  metrics.approx_kl += log_ratio * log_ratio / 2;
  metrics.approx_kl_k1 -= log_ratio;
  // NUMERICS: ratio - 1 - log ratio loses everything for small ones; expm1 does not.
  metrics.approx_kl_k3 += std::expm1(clamped) - clamped;
  count(args, token, ratio, advantage, metrics);
}

}  // namespace

px_policy_metrics policy_loss_ref(const px_policy_loss_args& args, int64_t begin, int64_t end) {
  px_policy_metrics metrics{};
  metrics.ratio_min = kInfinity;
  metrics.ratio_max = -kInfinity;
  for (int64_t i = begin; i < end; ++i) {
    const double weight = args.weight != nullptr ? args.weight[i] : 1;
    check_finite(weight, "weight", i);
    if (weight != 0) {
      add_token(args, i, weight, metrics);
    } else {
      if (args.loss != nullptr) args.loss[i] = 0;
      if (args.gradient != nullptr) args.gradient[i] = 0;
    }
  }
  return metrics;
}

}  // namespace px::kernels
