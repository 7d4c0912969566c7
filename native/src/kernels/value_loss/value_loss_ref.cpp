#include <algorithm>
#include <cmath>

#include "kernels/checks.h"
#include "kernels/value_loss/value_loss.h"

namespace px::kernels {
namespace {

void add_token(const px_value_loss_args& args, int64_t i, double weight, px_value_metrics& metrics) {
  check_finite(args.value[i], "value", i);
  check_finite(args.old_value[i], "old_value", i);
  check_finite(args.returns[i], "returns", i);
  const double value = args.value[i];
  const double old_value = args.old_value[i];
  const double returns = args.returns[i];
  const double move = value - old_value;
  // NUMERICS: inside the range the value itself, not old + (value - old), so that both branches are exactly equal
  // there.
  const double near = std::abs(move) <= args.clip ? value : old_value + std::copysign(args.clip, move);
  const double error = value - returns;
  const double near_error = near - returns;
  const bool clipped = near_error * near_error > error * error;
  const double loss = 0.5 * (clipped ? near_error * near_error : error * error);
  if (args.loss != nullptr) args.loss[i] = finite_float(loss, "loss", i);
  if (args.gradient != nullptr)
    args.gradient[i] = finite_float(clipped ? 0 : weight * error / args.normalizer, "gradient", i);
  metrics.loss += weight * loss;
  ++metrics.tokens;
  metrics.clipped += clipped;
  metrics.value += value;
  metrics.returns += returns;
  metrics.returns_squared += returns * returns;
  metrics.error -= error;
  metrics.error_squared += error * error;
}

}  // namespace

px_value_metrics value_loss_ref(const px_value_loss_args& args, int64_t begin, int64_t end) {
  px_value_metrics metrics{};
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
