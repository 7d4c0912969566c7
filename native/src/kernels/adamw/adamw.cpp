#include "kernels/adamw/adamw.h"

#include "kernels/checks.h"

namespace px::kernels {
namespace {

void check_decay(double beta, const char* name) {
  check(beta > 0 && beta < 1, PX_INVALID_ARGUMENT, name, ": expected a number between 0 and 1, got ", beta);
}

}  // namespace

void adamw(const px_adamw_args& args) {
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
  for (int64_t i = 0; i < a.count; ++i) check_finite(a.gradient[i], "gradient", i);
  adamw_ref(a);
}

double squared_norm(const float* x, int64_t n) {
  check_count(n, "n");
  for (int64_t i = 0; i < n; ++i) check_finite(x[i], "x", i);
  return squared_norm_ref(x, n);
}

}  // namespace px::kernels
