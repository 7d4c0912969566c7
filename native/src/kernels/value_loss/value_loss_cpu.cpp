// value_loss in vectors of doubles, a block of tokens per turn of a thread. A block with a number that is not finite is
// left to the reference, whose error names the array and the index.
#include "kernels/value_loss/value_loss.h"

#include <array>
#include <cmath>
#include <limits>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/value_loss/value_loss_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/simd-inl.h"
#include "kernels/stream-inl.h"

#ifndef PROXIMAL_VALUE_LOSS_PART
#define PROXIMAL_VALUE_LOSS_PART
namespace px::kernels {

// The sums of a block, and whether it was all finite.
struct ValueLossPart {
  px_value_metrics metrics;
  bool finite;
};

}  // namespace px::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Everything is inlined into one function, in which the sums are registers.
class ValueLossBlock {
 public:
  explicit HWY_INLINE ValueLossBlock(const px_value_loss_args& args) : clip_(set(args.clip)), scale_(set(1 / args.normalizer)) {}

  HWY_INLINE ValueLossPart run(const px_value_loss_args args, int64_t begin, int64_t end) {
    Output loss(args.loss, args.count), gradient(args.gradient, args.count);
    for (int64_t i = begin; i < end; i += Output::kPiece) {
      const int64_t n = std::min(Output::kPiece, end - i);
      add_piece(args, i, n, loss.open(i), gradient.open(i));
      loss.close(n);
      gradient.close(n);
    }
    return part();
  }

 private:
  HWY_INLINE void add_piece(const px_value_loss_args& args, int64_t begin, int64_t n, float* losses, float* gradients) {
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      const int64_t i = begin + j;
      ahead(args.value, i);
      ahead(args.old_value, i);
      ahead(args.returns, i);
      ahead(args.weight, i);
      const V weight = args.weight != nullptr ? span.load(args.weight + i) : span.ones();
      add(span, span.load(args.value + i), span.load(args.old_value + i), span.load(args.returns + i), weight,
          at(losses, j), at(gradients, j));
    });
  }

  template <class Span>
  HWY_INLINE void add(Span span, V any_value, V any_old_value, V any_returns, V weight, float* losses, float* gradients) {
    const M counts = hn::Ne(weight, hn::Zero(d));
    const V value = hn::IfThenElseZero(counts, any_value);
    const V old_value = hn::IfThenElseZero(counts, any_old_value);
    const V returns = hn::IfThenElseZero(counts, any_returns);
    // NUMERICS: inside the range the value itself, not old + (value - old), so that both branches are exactly equal
    // there.
    const V move = hn::Sub(value, old_value);
    const V near = hn::IfThenElse(hn::Le(hn::Abs(move), clip_), value, hn::Add(old_value, hn::CopySign(clip_, move)));
    const V error = hn::Sub(value, returns);
    const V near_error = hn::Sub(near, returns);
    const V square = hn::Mul(error, error);
    const V near_square = hn::Mul(near_error, near_error);
    const M is_clipped = hn::Gt(near_square, square);
    const V loss = hn::Mul(set(0.5), hn::Max(near_square, square));
    const V pull = hn::IfThenZeroElse(is_clipped, hn::Mul(hn::Mul(weight, error), scale_));
    largest_ = larger_magnitude(larger_magnitude(largest_, loss), pull);
    if (losses != nullptr) span.store(loss, losses);
    if (gradients != nullptr) span.store(pull, gradients);
    loss_ = hn::MulAdd(weight, loss, loss_);
    value_ = hn::Add(value_, value);
    returns_ = hn::Add(returns_, returns);
    returns_squared_ = hn::MulAdd(returns, returns, returns_squared_);
    error_ = hn::Sub(error_, error);
    error_squared_ = hn::Add(error_squared_, square);
    not_finite_ = hn::MulAdd(move, hn::Zero(d), not_finite_);
    tokens_ += count(counts);
    clipped_ += count(is_clipped);
  }

  HWY_INLINE ValueLossPart part() const {
    px_value_metrics m{};
    m.loss = sum(loss_);
    m.tokens = tokens_;
    m.clipped = clipped_;
    m.value = sum(value_);
    m.returns = sum(returns_);
    m.returns_squared = sum(returns_squared_);
    m.error = sum(error_);
    m.error_squared = sum(error_squared_);
    const bool finite = std::isfinite(m.loss) && std::isfinite(m.error_squared) && sum(not_finite_) == 0 &&
                        largest(largest_) <= std::numeric_limits<float>::max();
    return {m, finite};
  }

  const V clip_, scale_;
  V loss_ = hn::Zero(d), value_ = hn::Zero(d), returns_ = hn::Zero(d), returns_squared_ = hn::Zero(d),
    error_ = hn::Zero(d), error_squared_ = hn::Zero(d), largest_ = hn::Zero(d);
  V not_finite_ = hn::Zero(d);  // 0, or NaN from the first old value that is not finite
  int64_t tokens_ = 0, clipped_ = 0;
};

ValueLossPart value_loss_block(const px_value_loss_args& args, int64_t begin, int64_t end) {
  return ValueLossBlock(args).run(args, begin, end);
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

void add(px_value_metrics& sum, const px_value_metrics& part) {
  sum.loss += part.loss;
  sum.tokens += part.tokens;
  sum.clipped += part.clipped;
  sum.value += part.value;
  sum.returns += part.returns;
  sum.returns_squared += part.returns_squared;
  sum.error += part.error;
  sum.error_squared += part.error_squared;
}

}  // namespace

px_value_metrics value_loss_cpu(const Cpu& cpu, const px_value_loss_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, value_loss_block);
  const Blocks blocks(args.count);
  std::array<ValueLossPart, Blocks::kMost> parts;
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    parts[static_cast<size_t>(b)] = block_of(args, blocks.begin(b), blocks.end(b));
  });
  px_value_metrics metrics{};
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const ValueLossPart& part = parts[static_cast<size_t>(b)];
    add(metrics, part.finite ? part.metrics : value_loss_ref(args, blocks.begin(b), blocks.end(b)));
  }
  return metrics;
}

}  // namespace px::kernels
#endif
