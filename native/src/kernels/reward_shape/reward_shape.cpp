#include "kernels/reward_shape/reward_shape.h"

#include "base/device.h"
#include "kernels/checks.h"
#include "kernels/kl/kl.h"

namespace px::kernels {

void reward_shape(const Cpu& cpu, const px_reward_args& args) {
  px_reward_args a = args;
  a.kl_estimator = or_default<int32_t>(a.kl_estimator, PX_KL_K1);
  a.reward_clip = or_default(a.reward_clip, 10.0);
  check_kl_estimator(a.kl_estimator, "kl_estimator");
  check_finite(a.beta, "beta");
  check_limit(a.reward_clip, "reward_clip");
  if (cpu.device != nullptr && cpu.device->reward_shape(a)) return;
  cpu.device != nullptr || cpu.isa == Isa::kScalar ? reward_shape_ref(a) : reward_shape_cpu(cpu, a);
}

}  // namespace px::kernels
