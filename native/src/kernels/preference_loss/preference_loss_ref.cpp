#include <cmath>

#include "kernels/checks.h"
#include "kernels/preference_loss/preference_loss.h"

namespace px::kernels {
namespace {

double weight_of(const px_preference_loss_args& args, int64_t i) {
  return args.weight != nullptr ? args.weight[i] : 1;
}

PreferenceAnswer answer_of(const px_preference_loss_args& args, int64_t sequence) {
  PreferenceAnswer answer;
  for (int64_t i = args.offsets[sequence]; i < args.offsets[sequence + 1]; ++i) {
    const double weight = weight_of(args, i);
    check_finite(weight, "weight", i);
    if (weight == 0) continue;
    const double reference = args.ref_logprob != nullptr ? args.ref_logprob[i] : 0;
    check_finite(args.logprob[i], "logprob", i);
    check_finite(reference, "ref_logprob", i);
    answer.log_ratio += weight * (args.logprob[i] - reference);
    answer.logprob += weight * args.logprob[i];
    answer.weight += weight;
  }
  check((args.flags & PX_PREFERENCE_MEAN) == 0 || answer.weight > 0, PX_INVALID_ARGUMENT, "sequence ", sequence,
        ": expected weights of a sum above 0 to take the mean by, got ", answer.weight);
  if (args.reward != nullptr) args.reward[sequence] = finite_float(args.beta * answer.log_ratio, "reward", sequence);
  return answer;
}

void pull_answer(const px_preference_loss_args& args, int64_t sequence, double slope) {
  if (args.gradient == nullptr) return;
  for (int64_t i = args.offsets[sequence]; i < args.offsets[sequence + 1]; ++i) {
    const double weight = weight_of(args, i);
    args.gradient[i] = weight != 0 ? finite_float(weight * slope, "gradient", i) : 0;
  }
}

}  // namespace

px_preference_metrics preference_loss_ref(const px_preference_loss_args& args, int64_t begin, int64_t end) {
  const bool single = preference_is_single(args.form);
  px_preference_metrics metrics{};
  for (int64_t p = begin; p < end; ++p) {
    const int64_t sequence = single ? p : 2 * p;
    const bool desirable = single && args.desirable[p] != 0;
    const PreferenceAnswer chosen = answer_of(args, sequence);
    const PreferenceAnswer rejected = single ? PreferenceAnswer{} : answer_of(args, sequence + 1);
    const PreferenceLoss loss = preference_of(args, chosen, rejected, desirable);
    const float stored = finite_float(loss.loss, "loss", p);
    if (args.loss != nullptr) args.loss[p] = stored;
    pull_answer(args, sequence, loss.chosen / args.normalizer);
    if (!single) pull_answer(args, sequence + 1, loss.rejected / args.normalizer);
    preference_count(args, loss, chosen, rejected, desirable, metrics);
  }
  return metrics;
}

}  // namespace px::kernels
