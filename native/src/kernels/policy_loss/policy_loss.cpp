#include "kernels/policy_loss/policy_loss.h"

#include <algorithm>
#include <limits>

#include "base/device.h"
#include "kernels/checks.h"
#include "kernels/kl/kl.h"

namespace px::kernels {

void policy_loss(const Cpu& cpu, const px_policy_loss_args& args, px_policy_metrics& metrics) {
  px_policy_loss_args a = args;
  a.clip_low = or_default(a.clip_low, 0.2);
  a.clip_high = or_default(a.clip_high, 0.2);
  a.dual_clip = or_default(a.dual_clip, 3.0);
  a.kl_estimator = or_default<int32_t>(a.kl_estimator, PX_KL_K3);
  check_count(a.count, "count");
  check_positive(a.normalizer, "normalizer");
  check_positive(a.clip_low, "clip_low");
  check_positive(a.clip_high, "clip_high");
  check(a.dual_clip > 1, PX_INVALID_ARGUMENT, "dual_clip: expected a number above 1 or INFINITY, got ", a.dual_clip);
  check_finite(a.kl_coefficient, "kl_coefficient");
  check_kl_estimator(a.kl_estimator, "kl_estimator");
  px_policy_metrics result{};
  if (cpu.device != nullptr && cpu.device->policy_loss(a, result)) {
    metrics = result;
    return;
  }
  metrics = cpu.device != nullptr || cpu.isa == Isa::kScalar ? policy_loss_ref(a, 0, a.count) : policy_loss_cpu(cpu, a);
}

px_policy_metrics no_policy_metrics() {
  px_policy_metrics metrics{};
  metrics.ratio_min = std::numeric_limits<double>::infinity();
  metrics.ratio_max = -std::numeric_limits<double>::infinity();
  return metrics;
}

void add(px_policy_metrics& sum, const px_policy_metrics& part) {
  sum.loss += part.loss;
  sum.kl_loss += part.kl_loss;
  sum.tokens += part.tokens;
  sum.clipped += part.clipped;
  sum.clipped_low += part.clipped_low;
  sum.clipped_high += part.clipped_high;
  sum.dual_clipped += part.dual_clipped;
  sum.approx_kl += part.approx_kl;
  sum.approx_kl_k1 += part.approx_kl_k1;
  sum.approx_kl_k3 += part.approx_kl_k3;
  sum.ratio += part.ratio;
  sum.ratio_squared += part.ratio_squared;
  sum.ratio_min = std::min(sum.ratio_min, part.ratio_min);
  sum.ratio_max = std::max(sum.ratio_max, part.ratio_max);
}

}  // namespace px::kernels
