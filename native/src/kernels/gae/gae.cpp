#include "kernels/gae/gae.h"

#include "base/device.h"
#include "kernels/checks.h"

namespace px::kernels {

void gae(const Cpu& cpu, const px_gae_args& args) {
  check_probability(args.gamma, "gamma");
  check_probability(args.lambda, "lambda");
  if (cpu.device != nullptr && cpu.device->gae(args)) return;
  cpu.device != nullptr || cpu.isa == Isa::kScalar ? gae_ref(args) : gae_cpu(cpu, args);
}

}  // namespace px::kernels
