#include "kernels/value_loss/value_loss.h"

#include "base/device.h"
#include "kernels/checks.h"

namespace px::kernels {

void value_loss(const Cpu& cpu, const px_value_loss_args& args, px_value_metrics& metrics) {
  px_value_loss_args a = args;
  a.clip = or_default(a.clip, 0.5);
  check_count(a.count, "count");
  check_positive(a.normalizer, "normalizer");
  check_limit(a.clip, "clip");
  px_value_metrics result{};
  if (cpu.device != nullptr && cpu.device->value_loss(a, result)) {
    metrics = result;
    return;
  }
  metrics = cpu.device != nullptr || cpu.isa == Isa::kScalar ? value_loss_ref(a, 0, a.count) : value_loss_cpu(cpu, a);
}

}  // namespace px::kernels
