#include "kernels/checks.h"
#include "kernels/gae/gae.h"

namespace px::kernels {
namespace {

void gae_sequence(const px_gae_args& args, int64_t begin, int64_t end) {
  const bool one_step = (args.flags & PX_GAE_ONE_STEP_RETURNS) != 0;
  // NUMERICS: the recurrence runs in double; what is stored is its rounding and is not read back.
  double next_value = 0;
  double next_advantage = 0;
  for (int64_t i = end - 1; i >= begin; --i) {
    if (args.mask != nullptr && args.mask[i] == 0) {
      args.advantage[i] = 0;
      if (args.returns != nullptr) args.returns[i] = 0;
      continue;
    }
    check_finite(args.reward[i], "reward", i);
    check_finite(args.value[i], "value", i);
    const double target = args.reward[i] + args.gamma * next_value;
    const double advantage = target - args.value[i] + args.gamma * args.lambda * next_advantage;
    args.advantage[i] = finite_float(advantage, "advantage", i);
    if (args.returns != nullptr)
      args.returns[i] = finite_float(one_step ? target : advantage + args.value[i], "returns", i);
    next_value = args.value[i];
    next_advantage = advantage;
  }
}

}  // namespace

void gae_ref(const px_gae_args& args) {
  for (int64_t s = 0; s < args.sequences; ++s) gae_sequence(args, args.offsets[s], args.offsets[s + 1]);
}

}  // namespace px::kernels
