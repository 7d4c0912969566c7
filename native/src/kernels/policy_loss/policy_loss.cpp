#include "kernels/policy_loss/policy_loss.h"

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
  metrics = cpu.isa == Isa::kScalar ? policy_loss_ref(a, 0, a.count) : policy_loss_cpu(cpu, a);
}

}  // namespace px::kernels
