#include <algorithm>

#include "kernels/checks.h"
#include "kernels/kl/kl.h"
#include "kernels/reward_shape/reward_shape.h"

namespace px::kernels {
namespace {

bool counts(const px_reward_args& args, int64_t i) { return args.mask == nullptr || args.mask[i] != 0; }

// -beta k + w of a token, and its estimate.
double token_reward(const px_reward_args& args, int64_t i) {
  check_finite(args.logprob[i], "logprob", i);
  check_finite(args.ref_logprob[i], "ref_logprob", i);
  const double k =
      kl_estimate(double{args.logprob[i]} - args.ref_logprob[i], args.kl_estimator, kLogRatioClamp, kKlClamp).value;
  if (args.kl != nullptr) args.kl[i] = static_cast<float>(k);
  const double w = args.token_reward != nullptr ? args.token_reward[i] : 0;
  check_finite(w, "token_reward", i);
  return w - args.beta * k;
}

double clipped_score(const px_reward_args& args, int64_t sequence) {
  check_finite(args.score[sequence], "score", sequence);
  return std::clamp<double>(args.score[sequence], -args.reward_clip, args.reward_clip);
}

}  // namespace

void reward_shape_ref(const px_reward_args& args) {
  for (int64_t i = 0; i < args.offsets[args.sequences]; ++i) {
    const bool real = counts(args, i);
    if (!real && args.kl != nullptr) args.kl[i] = 0;
    args.reward[i] = real ? finite_float(token_reward(args, i), "reward", i) : 0;
  }
  for (int64_t s = 0; s < args.sequences; ++s) reward_shape_score(args, s);
}

void reward_shape_score(const px_reward_args& args, int64_t sequence) {
  int64_t last = args.offsets[sequence + 1] - 1;
  while (last >= args.offsets[sequence] && !counts(args, last)) --last;
  if (last < args.offsets[sequence]) return;
  // NUMERICS: the token's reward again in double, so that the sum is rounded once.
  args.reward[last] = finite_float(token_reward(args, last) + clipped_score(args, sequence), "reward", last);
}

}  // namespace px::kernels
