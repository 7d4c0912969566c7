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
  for (int64_t s = 0; s < args.sequences; ++s) {
    bool last = true;  // from the end, the first token that counts is the one that gets the score
    for (int64_t i = args.offsets[s + 1] - 1; i >= args.offsets[s]; --i) {
      if (!counts(args, i)) {
        args.reward[i] = 0;
        if (args.kl != nullptr) args.kl[i] = 0;
        continue;
      }
      const double reward = token_reward(args, i) + (last ? clipped_score(args, s) : 0);
      args.reward[i] = finite_float(reward, "reward", i);
      last = false;
    }
  }
}

}  // namespace px::kernels
