#include <algorithm>
#include <cmath>

#include "kernels/bradley_terry/bradley_terry.h"
#include "kernels/checks.h"

namespace px::kernels {
namespace {

// NUMERICS: -log sigmoid(x) and sigmoid(-x) from exp(-|x|), which never overflows.
double negative_log_sigmoid(double x) { return std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

double sigmoid_of_negative(double x) {
  const double small = std::exp(-std::abs(x));
  return (x >= 0 ? small : 1) / (1 + small);
}

void add_pair(const px_bradley_terry_args& args, int64_t i, px_bradley_terry_metrics& metrics) {
  check_finite(args.chosen[i], "chosen", i);
  check_finite(args.rejected[i], "rejected", i);
  const double margin = args.margin != nullptr ? args.margin[i] : 0;
  check_finite(margin, "margin", i);
  const double chosen = args.chosen[i];
  const double rejected = args.rejected[i];
  const double sum = chosen + rejected;
  const double difference = chosen - rejected - margin;
  const double loss = negative_log_sigmoid(difference) + args.center_coefficient * sum * sum;
  const double pull = sigmoid_of_negative(difference);
  const double centering = 2 * args.center_coefficient * sum;
  if (args.loss != nullptr) args.loss[i] = finite_float(loss, "loss", i);
  if (args.gradient_chosen != nullptr)
    args.gradient_chosen[i] = finite_float((centering - pull) / args.normalizer, "gradient_chosen", i);
  if (args.gradient_rejected != nullptr)
    args.gradient_rejected[i] = finite_float((centering + pull) / args.normalizer, "gradient_rejected", i);
  metrics.loss += loss;
  ++metrics.pairs;
  metrics.correct += chosen > rejected;
  metrics.margin += chosen - rejected;
  metrics.score += sum;
}

}  // namespace

px_bradley_terry_metrics bradley_terry_ref(const px_bradley_terry_args& args, int64_t begin, int64_t end) {
  px_bradley_terry_metrics metrics{};
  for (int64_t i = begin; i < end; ++i) add_pair(args, i, metrics);
  return metrics;
}

}  // namespace px::kernels
