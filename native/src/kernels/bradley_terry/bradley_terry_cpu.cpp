// bradley_terry in vectors of doubles, a block of pairs per turn of a thread. A block with a number that is not finite
// is computed again by the reference, whose error names the array and the index.
#include "kernels/bradley_terry/bradley_terry.h"

#include <array>
#include <cmath>
#include <limits>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bradley_terry/bradley_terry_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/logistic-inl.h"
#include "kernels/simd-inl.h"

#ifndef PROXIMAL_BRADLEY_TERRY_PART
#define PROXIMAL_BRADLEY_TERRY_PART
namespace px::kernels {

// The sums of a block, and whether it was all finite.
struct BradleyTerryPart {
  px_bradley_terry_metrics metrics;
  bool finite;
};

}  // namespace px::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Everything is inlined into one function, in which the sums are registers.
class BradleyTerryBlock {
 public:
  explicit HWY_INLINE BradleyTerryBlock(const px_bradley_terry_args& args)
      : center_(set(args.center_coefficient)), scale_(set(1 / args.normalizer)) {}

  HWY_INLINE BradleyTerryPart run(const px_bradley_terry_args args, int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      add(args.chosen + i, args.rejected + i, at(args.margin, i), set(1), at(args.loss, i), at(args.gradient_chosen, i),
          at(args.gradient_rejected, i));
    if (i < end) add_tail(args, i, end - i);
    return part(end - begin);
  }

 private:
  HWY_INLINE void add_tail(const px_bradley_terry_args& args, int64_t i, int64_t n) {
    const Tail chosen(args.chosen + i, n), rejected(args.rejected + i, n), margin(at(args.margin, i), n);
    Tail loss(at(args.loss, i), n), gradient_chosen(at(args.gradient_chosen, i), n);
    Tail gradient_rejected(at(args.gradient_rejected, i), n);
    add(chosen.data(), rejected.data(), margin.data(), first(n), loss.data(), gradient_chosen.data(),
        gradient_rejected.data());
    loss.copy_to(at(args.loss, i), n);
    gradient_chosen.copy_to(at(args.gradient_chosen, i), n);
    gradient_rejected.copy_to(at(args.gradient_rejected, i), n);
  }

  // `counts`: 1 for a pair, 0 behind the last one.
  HWY_INLINE void add(const float* all_chosen, const float* all_rejected, const float* margins, V counts, float* losses,
                      float* gradients_chosen, float* gradients_rejected) {
    const V chosen = load(all_chosen);
    const V rejected = load(all_rejected);
    const V margin = margins != nullptr ? load(margins) : hn::Zero(d);
    const V total = hn::Add(chosen, rejected);
    const V lead = hn::Sub(chosen, rejected);
    const Logistic pair = logistic(hn::Sub(lead, margin));
    const V centering = hn::Mul(center_, total);
    const V loss = hn::MulAdd(centering, total, pair.loss);
    const V up = hn::Mul(hn::Sub(hn::Add(centering, centering), pair.pull), scale_);
    const V down = hn::Mul(hn::Add(hn::Add(centering, centering), pair.pull), scale_);
    largest_ = larger_magnitude(larger_magnitude(larger_magnitude(largest_, loss), up), down);
    not_finite_ = hn::MulAdd(hn::Add(lead, margin), hn::Zero(d), not_finite_);
    if (losses != nullptr) store(loss, losses);
    if (gradients_chosen != nullptr) store(up, gradients_chosen);
    if (gradients_rejected != nullptr) store(down, gradients_rejected);
    loss_ = hn::MulAdd(counts, loss, loss_);
    lead_ = hn::Add(lead_, lead);
    score_ = hn::Add(score_, total);
    correct_ += count(hn::Gt(chosen, rejected));
  }

  HWY_INLINE BradleyTerryPart part(int64_t pairs) const {
    px_bradley_terry_metrics m{};
    m.loss = sum(loss_);
    m.pairs = pairs;
    m.correct = correct_;
    m.margin = sum(lead_);
    m.score = sum(score_);
    const bool finite = std::isfinite(m.loss) && sum(not_finite_) == 0 &&
                        largest(largest_) <= std::numeric_limits<float>::max();
    return {m, finite};
  }

  const V center_, scale_;
  V loss_ = hn::Zero(d), lead_ = hn::Zero(d), score_ = hn::Zero(d), largest_ = hn::Zero(d);
  V not_finite_ = hn::Zero(d);  // 0, or NaN from the first number that is not finite
  int64_t correct_ = 0;
};

BradleyTerryPart bradley_terry_block(const px_bradley_terry_args& args, int64_t begin, int64_t end) {
  return BradleyTerryBlock(args).run(args, begin, end);
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

void add(px_bradley_terry_metrics& sum, const px_bradley_terry_metrics& part) {
  sum.loss += part.loss;
  sum.pairs += part.pairs;
  sum.correct += part.correct;
  sum.margin += part.margin;
  sum.score += part.score;
}

}  // namespace

px_bradley_terry_metrics bradley_terry_cpu(const Cpu& cpu, const px_bradley_terry_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, bradley_terry_block);
  const Blocks blocks(args.count);
  std::array<BradleyTerryPart, Blocks::kMost> parts;
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    parts[static_cast<size_t>(b)] = block_of(args, blocks.begin(b), blocks.end(b));
  });
  px_bradley_terry_metrics metrics{};
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const BradleyTerryPart& part = parts[static_cast<size_t>(b)];
    add(metrics, part.finite ? part.metrics : bradley_terry_ref(args, blocks.begin(b), blocks.end(b)));
  }
  return metrics;
}

}  // namespace px::kernels
#endif
