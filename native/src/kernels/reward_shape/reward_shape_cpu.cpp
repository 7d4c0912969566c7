// reward_shape in two passes: every token's -beta k + w in vectors, a block of tokens per turn of a thread; then the
// score of each sequence at its last token that counts. Input that is not finite is left to the reference, whose error
// names the array and the index.
#include "kernels/reward_shape/reward_shape.h"

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

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Everything is inlined into one function, in which the sums are registers.
template <int32_t Estimator>
class RewardBlock {
 public:
  explicit HWY_INLINE RewardBlock(const px_reward_args& args) : beta_(set(args.beta)) {}

  // Whether all of it was finite.
  HWY_INLINE bool run(const px_reward_args args, int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      add(args.logprob + i, args.ref_logprob + i, at(args.token_reward, i), mask_at(args.mask, i), args.reward + i,
          at(args.kl, i));
    if (i < end) add_tail(args, i, end - i);
    return sum(not_finite_) == 0 && largest(largest_) <= std::numeric_limits<float>::max();
  }

 private:
  HWY_INLINE void add_tail(const px_reward_args& args, int64_t i, int64_t n) {
    const Tail logprob(args.logprob + i, n), ref_logprob(args.ref_logprob + i, n);
    const Tail token_reward(at(args.token_reward, i), n);
    Tail reward(args.reward + i, n), kl(at(args.kl, i), n);
    add(logprob.data(), ref_logprob.data(), token_reward.data(), first_of_mask(at(args.mask, i), n), reward.data(),
        kl.data());
    reward.copy_to(args.reward + i, n);
    kl.copy_to(at(args.kl, i), n);
  }

  HWY_INLINE void add(const float* logprob, const float* ref_logprob, const float* token_reward, M counts,
                      float* reward, float* kl) {
    const V log_ratio = hn::IfThenElseZero(counts, hn::Sub(load(logprob), load(ref_logprob)));
    const V k = kl_lanes<Estimator>(log_ratio, set(kLogRatioClamp), set(kKlClamp)).value;
    const V w = token_reward != nullptr ? hn::IfThenElseZero(counts, load(token_reward)) : hn::Zero(d);
    const V r = hn::NegMulAdd(beta_, k, w);
    not_finite_ = hn::MulAdd(hn::Add(log_ratio, w), hn::Zero(d), not_finite_);
    largest_ = larger_magnitude(largest_, r);
    store(r, reward);
    if (kl != nullptr) store(k, kl);
  }

  const V beta_;
  V not_finite_ = hn::Zero(d);  // 0, or NaN from the first number that is not finite
  V largest_ = hn::Zero(d);
};

bool reward_block(const px_reward_args& args, int64_t begin, int64_t end) {
  switch (args.kl_estimator) {
    case PX_KL_K1:
      return RewardBlock<PX_KL_K1>(args).run(args, begin, end);
    case PX_KL_K2:
      return RewardBlock<PX_KL_K2>(args).run(args, begin, end);
    default:
      return RewardBlock<PX_KL_K3>(args).run(args, begin, end);
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void reward_shape_cpu(const Cpu& cpu, const px_reward_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, reward_block);
  const Blocks blocks(args.offsets[args.sequences]);
  std::array<bool, Blocks::kMost> finite{};
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    finite[static_cast<size_t>(b)] = block_of(args, blocks.begin(b), blocks.end(b));
  });
  for (int64_t b = 0; b < blocks.count(); ++b)
    if (!finite[static_cast<size_t>(b)]) return reward_shape_ref(args);
  for (int64_t s = 0; s < args.sequences; ++s) reward_shape_score(args, s);
}

}  // namespace px::kernels
#endif
