#include <cmath>

#include "base/float16.h"
#include "kernels/adamw/adamw.h"

namespace px::kernels {

void adamw_ref(const px_adamw_args& args) {
  const auto t = static_cast<double>(args.step);
  const double correction1 = 1 - std::pow(args.beta1, t);
  const double correction2 = 1 - std::pow(args.beta2, t);
  const double keep = 1 - args.learning_rate * args.weight_decay;
  for (int64_t i = 0; i < args.count; ++i) {
    // NUMERICS: the update of one element is computed in double and rounded once into each array.
    const double g = args.gradient_scale * args.gradient[i];
    const double m = args.beta1 * args.exp_avg[i] + (1 - args.beta1) * g;
    const double v = args.beta2 * args.exp_avg_sq[i] + (1 - args.beta2) * g * g;
    const double step = (m / correction1) / (std::sqrt(v / correction2) + args.epsilon);
    args.exp_avg[i] = static_cast<float>(m);
    args.exp_avg_sq[i] = static_cast<float>(v);
    args.parameter[i] = static_cast<float>(keep * args.parameter[i] - args.learning_rate * step);
    if (args.shadow != nullptr) args.shadow[i] = to_bf16(args.parameter[i]);
  }
}

double squared_norm_ref(const float* x, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += double{x[i]} * x[i];
  return sum;
}

}  // namespace px::kernels
