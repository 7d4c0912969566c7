#include "kernels/kl/kl.h"

#include "base/device.h"
#include "kernels/checks.h"

namespace px::kernels {

void check_kl_estimator(int32_t estimator, const char* name) {
  check(estimator >= PX_KL_K1 && estimator <= PX_KL_K3, PX_INVALID_ARGUMENT, name,
        ": expected a px_kl_estimator (1 to 3), got ", estimator);
}

void kl(const Cpu& cpu, const px_kl_args& args) {
  px_kl_args a = args;
  a.log_ratio_clamp = or_default(a.log_ratio_clamp, kLogRatioClamp);
  a.value_clamp = or_default(a.value_clamp, kKlClamp);
  check_count(a.count, "count");
  check_kl_estimator(a.estimator, "estimator");
  check_limit(a.log_ratio_clamp, "log_ratio_clamp");
  check_limit(a.value_clamp, "value_clamp");
  if (cpu.device != nullptr) return cpu.device->kl(a);
  cpu.isa == Isa::kScalar || a.log_ratio_clamp > kVectorClamp ? kl_ref(a) : kl_cpu(cpu, a);
}

}  // namespace px::kernels
