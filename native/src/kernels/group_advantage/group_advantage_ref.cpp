#include "kernels/checks.h"
#include "kernels/group_advantage/group_advantage.h"

namespace px::kernels {
namespace {

bool counts(const px_group_advantage_args& args, int64_t i) { return args.mask == nullptr || args.mask[i] != 0; }

GroupSums sums_of(const px_group_advantage_args& args, int64_t begin, int64_t end) {
  GroupSums group{};
  double weights = 0;
  double weighted = 0;
  for (int64_t i = begin; i < end; ++i) {
    if (!counts(args, i)) continue;
    const double weight = args.weight != nullptr ? args.weight[i] : 1;
    check_finite(args.score[i], "score", i);
    check_finite(weight, "weight", i);
    check(weight > 0, PX_INVALID_ARGUMENT, "weight[", i, "]: expected a number above 0, got ", weight);
    ++group.rows;
    group.score += args.score[i];
    weights += weight;
    weighted += weight * args.score[i];
  }
  if (group.rows == 0) return group;
  group.mean = weighted / weights;
  // NUMERICS: a second pass over the deviations; sum(x^2) - n mean^2 cancels where the mean is large.
  for (int64_t i = begin; i < end; ++i)
    if (counts(args, i)) group.m2 += (args.score[i] - group.mean) * (args.score[i] - group.mean);
  return group;
}

}  // namespace

px_group_metrics group_advantage_ref(const px_group_advantage_args& args, int64_t begin, int64_t end) {
  px_group_metrics metrics{};
  for (int64_t g = begin; g < end; ++g) {
    const GroupSums group = sums_of(args, args.offsets[g], args.offsets[g + 1]);
    const double scale = group_scale(args, group, metrics);
    for (int64_t i = args.offsets[g]; i < args.offsets[g + 1]; ++i)
      args.advantage[i] =
          counts(args, i) ? finite_float((args.score[i] - group.mean) * scale, "advantage", i) : 0;
  }
  return metrics;
}

}  // namespace px::kernels
