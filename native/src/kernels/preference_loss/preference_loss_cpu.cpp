// preference_loss with an answer's tokens in vectors of doubles: its sums, then its gradient; the loss between them is
// one double. Vectors are laid from the answer's first token, so that a loss's bits depend on its answers alone. Losses
// belong to the block of tokens in which they begin. A block with a number that is not finite is computed again by the
// reference, whose error names the array and the index.
#include "kernels/preference_loss/preference_loss.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/preference_loss/preference_loss_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

class PreferenceTokens {
 public:
  explicit HWY_INLINE PreferenceTokens(const px_preference_loss_args& args) : args_(args) {}

  PreferenceAnswer sums(int64_t begin, int64_t end) {
    V log_ratio = hn::Zero(d), logprob = hn::Zero(d), weights = hn::Zero(d);
    const auto add = [&](const float* policy, const float* reference, V weight) HWY_ATTR {
      const M counts = hn::Ne(weight, hn::Zero(d));
      const V lp = hn::IfThenElseZero(counts, load(policy));
      const V ref = reference != nullptr ? hn::IfThenElseZero(counts, load(reference)) : hn::Zero(d);
      log_ratio = hn::MulAdd(weight, hn::Sub(lp, ref), log_ratio);
      logprob = hn::MulAdd(weight, lp, logprob);
      weights = hn::Add(weights, weight);
    };
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) add(args_.logprob + i, at(args_.ref_logprob, i), weight_at(i));
    if (i < end) {
      const int64_t n = end - i;
      const Tail policy(args_.logprob + i, n), reference(at(args_.ref_logprob, i), n);
      add(policy.data(), reference.data(), last_weights(i, n));
    }
    const PreferenceAnswer answer{sum(log_ratio), sum(logprob), sum(weights)};
    finite_ = finite_ && std::isfinite(answer.log_ratio) && std::isfinite(answer.logprob);
    return answer;
  }

  void pull(int64_t begin, int64_t end, double slope) {
    finite_ = finite_ && std::isfinite(slope);
    if (args_.gradient == nullptr) return;
    V most = hn::Zero(d);
    const auto gradient_of = [&](V weight) HWY_ATTR {
      const V gradient = hn::Mul(weight, set(slope));
      most = larger_magnitude(most, gradient);
      return hn::IfThenElseZero(hn::Ne(weight, hn::Zero(d)), gradient);
    };
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) store(gradient_of(weight_at(i)), args_.gradient + i);
    if (i < end) {
      Tail last(args_.gradient + i, end - i);
      store(gradient_of(last_weights(i, end - i)), last.data());
      last.copy_to(args_.gradient + i, end - i);
    }
    finite_ = finite_ && largest(most) <= std::numeric_limits<float>::max();
  }

  bool finite() const { return finite_; }

 private:
  HWY_INLINE V weight_at(int64_t i) const { return args_.weight != nullptr ? load(args_.weight + i) : set(1); }

  HWY_INLINE V last_weights(int64_t i, int64_t n) const {
    return args_.weight != nullptr ? load(Tail(args_.weight + i, n).data()) : first(n);
  }

  const px_preference_loss_args& args_;
  bool finite_ = true;
};

// The losses begin..end-1; whether all was finite.
bool preference_block(const px_preference_loss_args& args, int64_t begin, int64_t end, px_preference_metrics& metrics) {
  const bool single = preference_is_single(args.form);
  const float limit = std::numeric_limits<float>::max();
  PreferenceTokens tokens(args);
  bool finite = true;
  for (int64_t p = begin; p < end; ++p) {
    const int64_t* at = args.offsets + (single ? p : 2 * p);
    const bool desirable = single && args.desirable[p] != 0;
    const PreferenceAnswer chosen = tokens.sums(at[0], at[1]);
    const PreferenceAnswer rejected = single ? PreferenceAnswer{} : tokens.sums(at[1], at[2]);
    const PreferenceLoss loss = preference_of(args, chosen, rejected, desirable);
    finite = finite && std::abs(loss.loss) <= limit && std::abs(args.beta * chosen.log_ratio) <= limit &&
             std::abs(args.beta * rejected.log_ratio) <= limit;
    if (args.loss != nullptr) args.loss[p] = static_cast<float>(loss.loss);
    if (args.reward != nullptr) {
      float* reward = args.reward + (at - args.offsets);
      reward[0] = static_cast<float>(args.beta * chosen.log_ratio);
      if (!single) reward[1] = static_cast<float>(args.beta * rejected.log_ratio);
    }
    tokens.pull(at[0], at[1], loss.chosen / args.normalizer);
    if (!single) tokens.pull(at[1], at[2], loss.rejected / args.normalizer);
    preference_count(args, loss, chosen, rejected, desirable, metrics);
  }
  return finite && tokens.finite();
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

void add(px_preference_metrics& sum, const px_preference_metrics& part) {
  sum.loss += part.loss;
  sum.losses += part.losses;
  sum.correct += part.correct;
  sum.chosen += part.chosen;
  sum.rejected += part.rejected;
  sum.reward_chosen += part.reward_chosen;
  sum.reward_rejected += part.reward_rejected;
  sum.logprob_chosen += part.logprob_chosen;
  sum.logprob_rejected += part.logprob_rejected;
}

struct Part {
  int64_t begin;  // of its losses
  int64_t end;
  px_preference_metrics metrics{};
  bool finite = false;
};

// The first loss whose answers begin at `token` or behind it.
int64_t first_from(const px_preference_loss_args& args, int64_t losses, int64_t token) {
  const int64_t answers = preference_is_single(args.form) ? 1 : 2;
  return first_piece_from(token, losses, [&](int64_t p) { return args.offsets[answers * p]; });
}

}  // namespace

px_preference_metrics preference_loss_cpu(const Cpu& cpu, const px_preference_loss_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, preference_block);
  const int64_t losses = preference_is_single(args.form) ? args.sequences : args.sequences / 2;
  const Blocks blocks(args.offsets[args.sequences]);
  // Answers may all be empty: there is a loss of those too.
  const int64_t count = std::max<int64_t>(1, blocks.count());
  std::array<Part, Blocks::kMost> parts;
  cpu.pool.for_each(count, [&](int64_t b) noexcept {
    Part& part = parts[static_cast<size_t>(b)];
    part.begin = first_from(args, losses, blocks.begin(b));
    part.end = b + 1 == count ? losses : first_from(args, losses, blocks.end(b));
    part.finite = block_of(args, part.begin, part.end, part.metrics);
  });
  px_preference_metrics metrics{};
  for (int64_t b = 0; b < count; ++b) {
    const Part& part = parts[static_cast<size_t>(b)];
    add(metrics, part.finite ? part.metrics : preference_loss_ref(args, part.begin, part.end));
  }
  return metrics;
}

}  // namespace px::kernels
#endif
