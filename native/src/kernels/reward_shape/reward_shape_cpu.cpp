// reward_shape in vectors of doubles, a block of tokens per turn of a thread, in passes over pieces that stay in the first
// cache: log-ratios, estimates, -beta k + w, the scores of the sequences that end in the piece, outputs. A score whose
// token stands before the piece of its sequence's end, behind which all is masked, comes last. Input that is not finite is
// left to the reference, whose error names the array and the index.
#include "kernels/reward_shape/reward_shape.h"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/blocks.h"
#include "kernels/kl/kl.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/reward_shape/reward_shape_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/kl/kl-inl.h"
#include "kernels/simd-inl.h"
#include "kernels/stream-inl.h"

#ifndef PROXIMAL_REWARD_PART
#define PROXIMAL_REWARD_PART
namespace px::kernels {

struct RewardPart {
  bool finite;
  bool late;  // scores are missing
};

// Elements of a piece.
inline constexpr int64_t kRewardPiece = 512;

// The last token with mask 1 of a sequence, not before `begin`; begin - 1 if there is none.
inline int64_t last_token(const px_reward_args& args, int64_t sequence, int64_t begin) {
  int64_t last = args.offsets[sequence + 1] - 1;
  while (last >= begin && args.mask != nullptr && args.mask[last] == 0) --last;
  return last;
}

}  // namespace px::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

static_assert(kRewardPiece == Output::kPiece);

// Everything is inlined into one function, in which the sums are registers.
template <int32_t Estimator>
class RewardBlock {
 public:
  HWY_INLINE RewardBlock(const px_reward_args& args, int64_t begin)
      : beta_(set(args.beta)),
        sequence_(std::upper_bound(args.offsets + 1, args.offsets + args.sequences + 1, begin) - args.offsets - 1) {}

  HWY_INLINE RewardPart run(const px_reward_args args, int64_t begin, int64_t end) {
    const int64_t tokens = args.offsets[args.sequences];
    Output reward(args.reward, tokens), estimate(args.kl, tokens);
    Stage stage;
    for (int64_t i = begin; i < end; i += kRewardPiece) {
      const int64_t n = std::min(kRewardPiece, end - i);
      estimates(args, i, n, stage);
      shape(args, i, n, stage, estimate.open(i));
      add_scores(args, i, n, stage);
      put(n, stage, reward.open(i));
      estimate.close(n);
      reward.close(n);
    }
    const bool finite = sum(not_finite_) == 0 && not_finite_score_ == 0 &&
                        largest(largest_) <= std::numeric_limits<float>::max();
    return {finite, late_};
  }

 private:
  // What one pass over a piece leaves to the next, apart from the sums: those are registers.
  struct Stage {
    KlPiece<Estimator, kRewardPiece> kl{kLogRatioClamp, kKlClamp};
    HWY_ALIGN double reward[kRewardPiece];
  };

  HWY_INLINE void estimates(const px_reward_args& args, int64_t begin, int64_t n, Stage& stage) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const int64_t i = begin + j;
      const V gap = hn::Sub(span.load(args.logprob + i), span.load(args.ref_logprob + i));
      stage.kl.put(j, hn::IfThenElseZero(span.mask(args.mask, i), gap));
    });
    stage.kl.finish(n);
  }

  HWY_INLINE void shape(const px_reward_args& args, int64_t begin, int64_t n, Stage& stage, float* estimates) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const int64_t i = begin + j;
      ahead(args.logprob, i);
      ahead(args.ref_logprob, i);
      const V k = stage.kl.lanes(j).value;
      V w = hn::Zero(d);
      if (args.token_reward != nullptr)
        w = hn::IfThenElseZero(span.mask(args.mask, i), span.load(args.token_reward + i));
      not_finite_ = hn::MulAdd(hn::Add(stage.kl.log_ratio(j), w), hn::Zero(d), not_finite_);
      hn::Store(hn::NegMulAdd(beta_, k, w), d, stage.reward + j);
      if (estimates != nullptr) span.store(k, estimates + j);
    });
  }

  // NUMERICS: a score is added in double, so that the sum is rounded once.
  HWY_INLINE void add_scores(const px_reward_args& args, int64_t begin, int64_t n, Stage& stage) {
    for (; sequence_ < args.sequences && args.offsets[sequence_ + 1] <= begin + n; ++sequence_) {
      const int64_t first = args.offsets[sequence_];
      const int64_t last = last_token(args, sequence_, std::max(first, begin));
      const double score = args.score[sequence_];
      if (last >= std::max(first, begin)) {
        stage.reward[last - begin] += std::clamp(score, -args.reward_clip, args.reward_clip);
        not_finite_score_ += 0.0 * score;
      } else {
        late_ = late_ || first < begin;
      }
    }
  }

  HWY_INLINE void put(int64_t n, const Stage& stage, float* rewards) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const V r = hn::Load(d, stage.reward + j);
      largest_ = larger_magnitude(largest_, r);
      span.store(r, rewards + j);
    });
  }

  const V beta_;
  int64_t sequence_;  // the first one that ends behind what is done
  V not_finite_ = hn::Zero(d);  // 0, or NaN from the first number that is not finite
  V largest_ = hn::Zero(d);
  double not_finite_score_ = 0;
  bool late_ = false;
};

RewardPart reward_block(const px_reward_args& args, int64_t begin, int64_t end) {
  switch (args.kl_estimator) {
    case PX_KL_K1:
      return RewardBlock<PX_KL_K1>(args, begin).run(args, begin, end);
    case PX_KL_K2:
      return RewardBlock<PX_KL_K2>(args, begin).run(args, begin, end);
    default:
      return RewardBlock<PX_KL_K3>(args, begin).run(args, begin, end);
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

void add_late_scores(const px_reward_args& args, const Blocks& blocks) {
  for (int64_t s = 0, b = 0; s < args.sequences; ++s) {
    const int64_t end = args.offsets[s + 1];
    while (b + 1 < blocks.count() && blocks.end(b) < end) ++b;
    const int64_t piece = end == 0 ? 0 : end - 1 - (end - 1 - blocks.begin(b)) % kRewardPiece;
    if (args.offsets[s] < piece && last_token(args, s, piece) < piece) reward_shape_score(args, s);
  }
}

}  // namespace

void reward_shape_cpu(const Cpu& cpu, const px_reward_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, reward_block);
  const Blocks blocks(args.offsets[args.sequences]);
  std::array<RewardPart, Blocks::kMost> parts{};
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    parts[static_cast<size_t>(b)] = block_of(args, blocks.begin(b), blocks.end(b));
  });
  bool late = false;
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const RewardPart& part = parts[static_cast<size_t>(b)];
    if (!part.finite) return reward_shape_ref(args);
    late = late || part.late;
  }
  if (late) add_late_scores(args, blocks);
}

}  // namespace px::kernels
#endif
