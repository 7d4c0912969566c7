#include "kernels/adamw/adamw.h"

#include <cmath>

#include "base/device.h"
#include "kernels/checks.h"

namespace px::kernels {
namespace {

void check_decay(double beta, const char* name) {
  check(beta > 0 && beta < 1, PX_INVALID_ARGUMENT, name, ": expected a number between 0 and 1, got ", beta);
}

}  // namespace

void adamw(const Cpu& cpu, const px_adamw_args& args) {
  check_count(args.count, "count");
  // NUMERICS: squares of floats add up in double without overflow: only an element that is not finite spoils the sum.
  if (!std::isfinite(squared_norm(cpu, args.gradient, args.count)))
    for (int64_t i = 0; i < args.count; ++i) check_finite(args.gradient[i], "gradient", i);
  adamw_of_finite(cpu, args);
}

void adamw_of_finite(const Cpu& cpu, const px_adamw_args& args) {
  px_adamw_args a = args;
  a.beta1 = or_default(a.beta1, 0.9);
  a.beta2 = or_default(a.beta2, 0.95);
  a.epsilon = or_default(a.epsilon, 1e-5);
  a.gradient_scale = or_default(a.gradient_scale, 1.0);
  check_count(a.count, "count");
  check(a.step >= 1, PX_INVALID_ARGUMENT, "step: expected 1 or more, got ", a.step);
  check_not_negative(a.learning_rate, "learning_rate");
  check_decay(a.beta1, "beta1");
  check_decay(a.beta2, "beta2");
  check_positive(a.epsilon, "epsilon");
  check_not_negative(a.weight_decay, "weight_decay");
  check_finite(a.gradient_scale, "gradient_scale");
  if (cpu.device != nullptr) return cpu.device->adamw(a);
  cpu.isa == Isa::kScalar ? adamw_ref(a) : adamw_cpu(cpu, a);
}

double squared_norm(const Cpu& cpu, const float* x, int64_t n) {
  check_count(n, "n");
  if (cpu.device != nullptr) return cpu.device->squared_norm(x, n);
  return cpu.isa == Isa::kScalar ? squared_norm_ref(x, n) : squared_norm_cpu(cpu, x, n);
}

}  // namespace px::kernels
