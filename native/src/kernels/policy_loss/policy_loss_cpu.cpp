// policy_loss in vectors of doubles, a block of tokens per turn of a thread. What the reference would refuse is left to
// it: a block with a number that is not finite is computed again there, and its error names the array and the index.
#include "kernels/policy_loss/policy_loss.h"

#include <array>
#include <cmath>
#include <limits>

#include "kernels/blocks.h"
#include "kernels/kl/kl.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/policy_loss/policy_loss_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/kl/kl-inl.h"
#include "kernels/simd-inl.h"

#ifndef PROXIMAL_POLICY_LOSS_PART
#define PROXIMAL_POLICY_LOSS_PART
namespace px::kernels {

// The sums of a block, and whether it was all finite.
struct PolicyLossPart {
  px_policy_metrics metrics;
  bool finite;
};

}  // namespace px::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Everything is inlined into one function, in which the sums are registers.
template <int32_t Estimator>  // 0: no KL term
class PolicyLossBlock {
 public:
  explicit HWY_INLINE PolicyLossBlock(const px_policy_loss_args& args)
      : low_(set(1 - args.clip_low)),
        high_(set(1 + args.clip_high)),
        dual_(set(args.dual_clip)),
        kl_coefficient_(set(args.kl_coefficient)),
        scale_(set(1 / args.normalizer)) {}

  HWY_INLINE PolicyLossPart run(const px_policy_loss_args args, int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      add(args.logprob + i, args.old_logprob + i, at(args.ref_logprob, i), args.advantage + i,
          args.weight != nullptr ? load(args.weight + i) : set(1), at(args.loss, i), at(args.gradient, i));
    if (i < end) add_tail(args, i, end - i);
    return part();
  }

 private:

  HWY_INLINE void add_tail(const px_policy_loss_args& args, int64_t i, int64_t n) {
    const Tail logprob(args.logprob + i, n), old_logprob(args.old_logprob + i, n), advantage(args.advantage + i, n);
    const Tail ref_logprob(Estimator != 0 ? at(args.ref_logprob, i) : nullptr, n);
    Tail loss(at(args.loss, i), n), gradient(at(args.gradient, i), n);
    const Tail weight(at(args.weight, i), n);
    add(logprob.data(), old_logprob.data(), ref_logprob.data(), advantage.data(),
        args.weight != nullptr ? load(weight.data()) : first(n), loss.data(), gradient.data());
    loss.copy_to(at(args.loss, i), n);
    gradient.copy_to(at(args.gradient, i), n);
  }

  HWY_INLINE void add(const float* logprob, const float* old_logprob, const float* ref_logprob, const float* advantage,
                      V weight, float* loss, float* gradient) {
    // 1. The ratio. Masked tokens are given a log-ratio and an advantage of 0, whatever stands there.
    const M counts = hn::Ne(weight, hn::Zero(d));
    const V lp = load(logprob);
    const V log_ratio = hn::IfThenElseZero(counts, hn::Sub(lp, load(old_logprob)));
    const V down = hn::Neg(hn::IfThenElseZero(counts, load(advantage)));  // -A
    const V clamped = hn::Min(hn::Max(log_ratio, set(-kLogRatioClamp)), set(kLogRatioClamp));
    const Exponential e = exponential(clamped);
    const V ratio = e.exp;

    // 2. The clipped loss. A branch that a clip holds is constant in lp'.
    const V unclipped = hn::Mul(down, ratio);
    const V held = hn::Mul(down, hn::Min(hn::Max(ratio, low_), high_));
    const M is_clipped = hn::Gt(held, unclipped);
    const V worse = hn::Max(unclipped, held);
    const M negative = hn::Gt(down, hn::Zero(d));
    const V bound = hn::IfThenElse(negative, hn::Mul(down, dual_), set(std::numeric_limits<double>::infinity()));
    const M is_bounded = hn::Gt(worse, bound);
    const V policy = hn::Min(worse, bound);
    const M moves = hn::Eq(log_ratio, clamped);
    V slope = hn::IfThenElseZero(hn::AndNot(hn::Or(is_clipped, is_bounded), moves), unclipped);
    V total = policy;

    // 3. The KL term.
    if constexpr (Estimator != 0) {
      const V ref_ratio = hn::IfThenElseZero(counts, hn::Sub(lp, load(ref_logprob)));
      const KlLanes kl = kl_lanes<Estimator>(ref_ratio, set(kLogRatioClamp), set(kKlClamp));
      not_finite_ = hn::MulAdd(ref_ratio, hn::Zero(d), not_finite_);
      total = hn::MulAdd(kl_coefficient_, kl.value, total);
      slope = hn::MulAdd(kl_coefficient_, kl.gradient, slope);
      kl_loss_ = hn::MulAdd(weight, kl.value, kl_loss_);
    }

    // 4. Outputs.
    const V pull = hn::Mul(hn::Mul(weight, slope), scale_);
    largest_ = larger_magnitude(larger_magnitude(largest_, total), pull);
    if (loss != nullptr) store(hn::IfThenElseZero(counts, total), loss);
    if (gradient != nullptr) store(hn::IfThenElseZero(counts, pull), gradient);

    // 5. Metrics.
    loss_ = hn::MulAdd(weight, policy, loss_);
    squares_ = hn::MulAdd(log_ratio, log_ratio, squares_);
    log_ratios_ = hn::Add(log_ratios_, log_ratio);
    k3_ = hn::Add(k3_, hn::Sub(e.expm1, clamped));
    const V counted = hn::IfThenElseZero(counts, ratio);
    ratio_ = hn::Add(ratio_, counted);
    ratio_squared_ = hn::MulAdd(counted, counted, ratio_squared_);
    ratio_min_ = hn::Min(ratio_min_, hn::IfThenElse(counts, ratio, ratio_min_));
    ratio_max_ = hn::Max(ratio_max_, counted);
    tokens_ += count(counts);
    clipped_ += count(is_clipped);
    low_count_ += count(hn::And(hn::Lt(ratio, low_), negative));
    high_count_ += count(hn::And(hn::Gt(ratio, high_), hn::Lt(down, hn::Zero(d))));
    dual_count_ += count(is_bounded);
  }


  HWY_INLINE PolicyLossPart part() const {
    px_policy_metrics m{};
    m.loss = sum(loss_);
    m.kl_loss = sum(kl_loss_);
    m.tokens = tokens_;
    m.clipped = clipped_;
    m.clipped_low = low_count_;
    m.clipped_high = high_count_;
    m.dual_clipped = dual_count_;
    m.approx_kl = sum(squares_) / 2;
    m.approx_kl_k1 = -sum(log_ratios_);
    m.approx_kl_k3 = sum(k3_);
    m.ratio = sum(ratio_);
    m.ratio_squared = sum(ratio_squared_);
    m.ratio_min = hn::GetLane(hn::MinOfLanes(d, ratio_min_));
    m.ratio_max = tokens_ > 0 ? hn::GetLane(hn::MaxOfLanes(d, ratio_max_))
                              : -std::numeric_limits<double>::infinity();
    // A number that is not finite reaches one of these sums; an output beyond a float's range is finite here.
    const bool finite = std::isfinite(m.loss) && std::isfinite(m.kl_loss) && std::isfinite(m.approx_kl) &&
                        sum(not_finite_) == 0 &&
                        hn::GetLane(hn::MaxOfLanes(d, largest_)) <= std::numeric_limits<float>::max();
    return {m, finite};
  }

  const V low_, high_, dual_, kl_coefficient_, scale_;
  V loss_ = hn::Zero(d), kl_loss_ = hn::Zero(d), squares_ = hn::Zero(d), log_ratios_ = hn::Zero(d), k3_ = hn::Zero(d),
    ratio_ = hn::Zero(d), ratio_squared_ = hn::Zero(d), largest_ = hn::Zero(d), ratio_max_ = hn::Zero(d);
  V not_finite_ = hn::Zero(d);  // 0, or NaN from the first number that the sums would not show
  V ratio_min_ = set(std::numeric_limits<double>::infinity());
  int64_t tokens_ = 0, clipped_ = 0, low_count_ = 0, high_count_ = 0, dual_count_ = 0;
};

PolicyLossPart policy_loss_block(const px_policy_loss_args& args, int64_t begin, int64_t end) {
  if (args.kl_coefficient == 0) return PolicyLossBlock<0>(args).run(args, begin, end);
  switch (args.kl_estimator) {
    case PX_KL_K1:
      return PolicyLossBlock<PX_KL_K1>(args).run(args, begin, end);
    case PX_KL_K2:
      return PolicyLossBlock<PX_KL_K2>(args).run(args, begin, end);
    default:
      return PolicyLossBlock<PX_KL_K3>(args).run(args, begin, end);
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
px_policy_metrics policy_loss_cpu(const Cpu& cpu, const px_policy_loss_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, policy_loss_block);
  const Blocks blocks(args.count);
  std::array<PolicyLossPart, Blocks::kMost> parts;
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    parts[static_cast<size_t>(b)] = block_of(args, blocks.begin(b), blocks.end(b));
  });
  px_policy_metrics metrics = no_policy_metrics();
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const PolicyLossPart& part = parts[static_cast<size_t>(b)];
    add(metrics, part.finite ? part.metrics : policy_loss_ref(args, blocks.begin(b), blocks.end(b)));
  }
  return metrics;
}

}  // namespace px::kernels
#endif
