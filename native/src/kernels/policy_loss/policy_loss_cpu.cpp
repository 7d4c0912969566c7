// policy_loss in vectors of doubles, a block of tokens per turn of a thread, in passes over pieces that stay in the first
// cache: the chain of operations from a vector's log-probs to its gradient is too long for the processor to overlap it
// with the next one. What the reference would refuse is left to it: a block with a number that is not finite is computed
// again there, and its error names the array and the index.
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
#include "kernels/stream-inl.h"

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
    Output loss(args.loss, args.count), gradient(args.gradient, args.count);
    Stage stage;
    for (int64_t i = begin; i < end; i += Output::kPiece) {
      const int64_t n = std::min(Output::kPiece, end - i);
      log_ratios(args, i, n, stage);
      ratios(args, i, n, stage);
      if constexpr (Estimator != 0) penalties(args, i, n, stage);
      losses(args, i, n, stage, loss.open(i), gradient.open(i));
      loss.close(n);
      gradient.close(n);
    }
    return part();
  }

 private:
  // What one pass over a piece leaves to the next, in the first cache.
  struct Stage {
    HWY_ALIGN double log_ratio[Output::kPiece];
    HWY_ALIGN double ratio[Output::kPiece];
    KlPiece<Estimator, Estimator != 0 ? Output::kPiece : 1> kl{kLogRatioClamp, kKlClamp};
  };

  template <class Span>
  HWY_INLINE V weight_of(const px_policy_loss_args& args, Span span, int64_t i) const {
    return args.weight != nullptr ? span.load(args.weight + i) : span.ones();
  }

  // 1. The log-ratios: of masked tokens 0, whatever stands there.
  HWY_INLINE void log_ratios(const px_policy_loss_args& args, int64_t begin, int64_t n, Stage& stage) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const int64_t i = begin + j;
      const M counts = hn::Ne(weight_of(args, span, i), hn::Zero(d));
      const V lp = span.load(args.logprob + i);
      const V log_ratio = hn::IfThenElseZero(counts, hn::Sub(lp, span.load(args.old_logprob + i)));
      hn::Store(log_ratio, d, stage.log_ratio + j);
      squares_ = hn::MulAdd(log_ratio, log_ratio, squares_);
      log_ratios_ = hn::Add(log_ratios_, log_ratio);
      tokens_ += count(counts);
    });
  }

  // 2. The ratios: of masked tokens 1.
  HWY_INLINE void ratios(const px_policy_loss_args& args, int64_t begin, int64_t n, Stage& stage) {
    for (int64_t j = 0; j < n; j += kLanes) {
      ahead(args.logprob, begin + j);
      ahead(args.old_logprob, begin + j);
      const V log_ratio = hn::Load(d, stage.log_ratio + j);
      const V clamped = hn::Min(hn::Max(log_ratio, set(-kLogRatioClamp)), set(kLogRatioClamp));
      const Exponential e = exponential(clamped);
      k3_ = hn::Add(k3_, hn::Sub(e.expm1, clamped));
      hn::Store(e.exp, d, stage.ratio + j);
    }
  }

  // 3. The KL term.
  HWY_INLINE void penalties(const px_policy_loss_args& args, int64_t begin, int64_t n, Stage& stage) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const int64_t i = begin + j;
      const V gap = hn::Sub(span.load(args.logprob + i), span.load(args.ref_logprob + i));
      const V ref_ratio = hn::IfThenElseZero(hn::Ne(weight_of(args, span, i), hn::Zero(d)), gap);
      not_finite_ = hn::MulAdd(ref_ratio, hn::Zero(d), not_finite_);
      stage.kl.put(j, ref_ratio);
    });
    stage.kl.finish(n);
  }

  // 4. The clipped loss: -A times the ratio, held to at least 1 - clip_low and at most dual_clip where A < 0, to at most
  // 1 + clip_high where A > 0. A ratio that is held is constant in lp'.
  HWY_INLINE void losses(const px_policy_loss_args& args, int64_t begin, int64_t n, const Stage& stage, float* losses,
                         float* gradients) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const int64_t i = begin + j;
      ahead(args.advantage, i);
      ahead(args.weight, i);
      const V weight = weight_of(args, span, i);
      const M counts = hn::Ne(weight, hn::Zero(d));
      const V ratio = hn::Load(d, stage.ratio + j);
      const V advantage = hn::IfThenElseZero(counts, span.load(args.advantage + i));
      const M loss_of = hn::Lt(advantage, hn::Zero(d));
      const M gain_of = hn::Gt(advantage, hn::Zero(d));
      const V most = hn::IfThenElse(loss_of, dual_, hn::IfThenElse(gain_of, high_, infinity_));
      const V raised = hn::Max(ratio, hn::IfThenElseZero(loss_of, low_));
      const V held = hn::Min(raised, most);
      const V policy = hn::Neg(hn::Mul(advantage, held));
      const M clamp_moves = hn::Le(hn::Abs(hn::Load(d, stage.log_ratio + j)), set(kLogRatioClamp));
      const M moves = hn::And(hn::Eq(held, ratio), clamp_moves);
      V slope = hn::IfThenElseZero(moves, policy);
      V total = policy;
      if constexpr (Estimator != 0) {
        ahead(args.ref_logprob, i);
        const KlLanes kl = stage.kl.lanes(j);
        total = hn::MulAdd(kl_coefficient_, kl.value, total);
        slope = hn::MulAdd(kl_coefficient_, kl.gradient, slope);
        kl_loss_ = hn::MulAdd(weight, kl.value, kl_loss_);
      }
      if (losses != nullptr) {
        largest_ = larger_magnitude(largest_, total);
        span.store(hn::IfThenElseZero(counts, total), losses + j);
      }
      if (gradients != nullptr) {
        const V pull = hn::Mul(hn::Mul(weight, slope), scale_);
        largest_ = larger_magnitude(largest_, pull);
        span.store(hn::IfThenElseZero(counts, pull), gradients + j);
      }
      loss_ = hn::MulAdd(weight, policy, loss_);
      const M is_lowered = hn::Gt(raised, most);
      low_count_ += count(hn::Gt(raised, ratio));
      bounded_ += count(is_lowered);
      dual_count_ += count(hn::And(is_lowered, loss_of));
      const V counted = hn::IfThenElseZero(counts, ratio);
      ratio_ = hn::Add(ratio_, counted);
      ratio_squared_ = hn::MulAdd(counted, counted, ratio_squared_);
      ratio_min_ = hn::Min(ratio_min_, hn::IfThenElse(counts, ratio, ratio_min_));
      ratio_max_ = hn::Max(ratio_max_, counted);
    });
  }

  HWY_INLINE PolicyLossPart part() const {
    px_policy_metrics m{};
    m.loss = sum(loss_);
    m.kl_loss = sum(kl_loss_);
    m.tokens = tokens_;
    m.clipped = low_count_ + bounded_ - dual_count_;
    m.clipped_low = low_count_;
    m.clipped_high = bounded_ - dual_count_;
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
  const V infinity_ = set(std::numeric_limits<double>::infinity());
  V loss_ = hn::Zero(d), kl_loss_ = hn::Zero(d), squares_ = hn::Zero(d), log_ratios_ = hn::Zero(d), k3_ = hn::Zero(d),
    ratio_ = hn::Zero(d), ratio_squared_ = hn::Zero(d), largest_ = hn::Zero(d), ratio_max_ = hn::Zero(d);
  V not_finite_ = hn::Zero(d);  // 0, or NaN from the first number that the sums would not show
  V ratio_min_ = set(std::numeric_limits<double>::infinity());
  int64_t tokens_ = 0, low_count_ = 0, bounded_ = 0, dual_count_ = 0;
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
