#include "kernels/group_advantage/group_advantage.h"

#include <cmath>

#include "kernels/checks.h"

namespace px::kernels {
namespace {

void check_choices(const px_group_advantage_args& a) {
  check(a.baseline == PX_GROUP_MEAN || a.baseline == PX_GROUP_LEAVE_ONE_OUT, PX_INVALID_ARGUMENT,
        "baseline: expected a px_group_baseline (1 or 2), got ", a.baseline);
  check(a.scale >= PX_GROUP_DEVIATION && a.scale <= PX_GROUP_GIVEN_DEVIATION, PX_INVALID_ARGUMENT,
        "scale: expected a px_group_scale (1 to 3), got ", a.scale);
  check(a.weight == nullptr || (a.baseline == PX_GROUP_MEAN && a.scale != PX_GROUP_DEVIATION), PX_INVALID_ARGUMENT,
        "weight: expected NULL unless the baseline is the mean and the scale is not the group's deviation");
  check_not_negative(a.epsilon, "epsilon");
  check_not_negative(a.deviation, "deviation");
  check(a.deviation == 0 || a.scale == PX_GROUP_GIVEN_DEVIATION, PX_INVALID_ARGUMENT,
        "deviation: expected 0 unless the scale is PX_GROUP_GIVEN_DEVIATION, got ", a.deviation);
}

}  // namespace

void group_advantage(const Cpu& cpu, const px_group_advantage_args& args, px_group_metrics& metrics) {
  px_group_advantage_args a = args;
  a.baseline = or_default<int32_t>(a.baseline, PX_GROUP_MEAN);
  a.scale = or_default<int32_t>(a.scale, PX_GROUP_DEVIATION);
  a.epsilon = or_default(a.epsilon, 1e-6);
  check_choices(a);
  for (int64_t g = 0; g < a.groups; ++g)
    check(a.offsets[g + 1] - a.offsets[g] != 1, PX_INVALID_ARGUMENT, "offsets: group ", g,
          ": expected two rows or more, because one has no baseline, got 1");
  metrics = cpu.isa == Isa::kScalar ? group_advantage_ref(a, 0, a.groups) : group_advantage_cpu(cpu, a);
}

double group_scale(const px_group_advantage_args& args, const GroupSums& group, px_group_metrics& metrics) {
  metrics.rows += group.rows;
  metrics.score += group.score;
  metrics.lone += group.rows == 1;
  if (group.rows < 2) return 0;
  const auto rows = static_cast<double>(group.rows);
  const double deviation = std::sqrt(group.m2 / (rows - 1));
  ++metrics.groups;
  metrics.flat += group.m2 == 0;
  metrics.deviation += deviation;
  // s - (sum - s) / (n - 1) = (s - mean) n / (n - 1)
  const double factor = args.baseline == PX_GROUP_LEAVE_ONE_OUT ? rows / (rows - 1) : 1;
  switch (args.scale) {
    case PX_GROUP_UNSCALED:
      return factor;
    case PX_GROUP_GIVEN_DEVIATION:
      return factor / (args.deviation + args.epsilon);
    default:
      return factor / (deviation + args.epsilon);
  }
}

}  // namespace px::kernels
