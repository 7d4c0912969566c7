// adamw and squared_norm in vectors of doubles, a block of elements per turn of a thread.
#include "kernels/adamw/adamw.h"

#include <array>
#include <cmath>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adamw/adamw_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/bf16-inl.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Everything is inlined into one function, in which the constants are registers.
class AdamwRange {
 public:
  explicit HWY_INLINE AdamwRange(const px_adamw_args& args)
      : gradient_scale_(set(args.gradient_scale)),
        beta1_(set(args.beta1)),
        rest1_(set(1 - args.beta1)),
        beta2_(set(args.beta2)),
        rest2_(set(1 - args.beta2)),
        correction2_(set(1 / (1 - std::pow(args.beta2, static_cast<double>(args.step))))),
        epsilon_(set(args.epsilon)),
        keep_(set(1 - args.learning_rate * args.weight_decay)),
        rate_(set(args.learning_rate / (1 - std::pow(args.beta1, static_cast<double>(args.step))))) {}

  HWY_INLINE void run(const px_adamw_args args, int64_t begin, int64_t end) const {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      update(args.parameter + i, args.gradient + i, args.exp_avg + i, args.exp_avg_sq + i, at(args.shadow, i));
    if (i < end) update_tail(args, i, end - i);
  }

 private:
  HWY_INLINE void update(float* parameter, const float* gradient, float* exp_avg, float* exp_avg_sq,
                         uint16_t* shadow) const {
    // NUMERICS: one element's update in double, rounded once into each array.
    const V g = hn::Mul(gradient_scale_, load(gradient));
    const V m = hn::MulAdd(beta1_, load(exp_avg), hn::Mul(rest1_, g));
    const V v = hn::MulAdd(beta2_, load(exp_avg_sq), hn::Mul(hn::Mul(rest2_, g), g));
    const V step = hn::Div(m, hn::Add(hn::Sqrt(hn::Mul(v, correction2_)), epsilon_));
    const V p = hn::NegMulAdd(rate_, step, hn::Mul(keep_, load(parameter)));
    store(m, exp_avg);
    store(v, exp_avg_sq);
    const auto stored = hn::DemoteTo(f, p);
    hn::StoreU(stored, f, parameter);
    if (shadow != nullptr) hn::StoreU(nearest_bf16(f, stored), hn::Rebind<uint16_t, F>(), shadow);
  }

  HWY_INLINE void update_tail(const px_adamw_args& args, int64_t i, int64_t n) const {
    Tail parameter(args.parameter + i, n), exp_avg(args.exp_avg + i, n), exp_avg_sq(args.exp_avg_sq + i, n);
    const Tail gradient(args.gradient + i, n);
    uint16_t shadow[kLanes] = {};
    update(parameter.data(), gradient.data(), exp_avg.data(), exp_avg_sq.data(), shadow);
    parameter.copy_to(args.parameter + i, n);
    exp_avg.copy_to(args.exp_avg + i, n);
    exp_avg_sq.copy_to(args.exp_avg_sq + i, n);
    if (args.shadow != nullptr) std::copy_n(shadow, n, args.shadow + i);
  }

  const V gradient_scale_, beta1_, rest1_, beta2_, rest2_, correction2_, epsilon_, keep_, rate_;
};

void adamw_block(const px_adamw_args& args, int64_t begin, int64_t end) { AdamwRange(args).run(args, begin, end); }

// Four sums, so that one addition need not wait for the one before.
double square_block(const float* x, int64_t begin, int64_t end) {
  V sums[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  int64_t i = begin;
  for (; i + 4 * kLanes <= end; i += 4 * kLanes)
    for (int64_t j = 0; j < 4; ++j) {
      const V value = load(x + i + j * kLanes);
      sums[j] = hn::MulAdd(value, value, sums[j]);
    }
  for (; i < end; i += kLanes) {
    const Tail tail(x + i, std::min(kLanes, end - i));
    sums[0] = hn::MulAdd(load(tail.data()), load(tail.data()), sums[0]);
  }
  return sum(hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])));
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void adamw_cpu(const Cpu& cpu, const px_adamw_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, adamw_block);
  const Blocks blocks(args.count);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { block_of(args, blocks.begin(b), blocks.end(b)); });
}

double squared_norm_cpu(const Cpu& cpu, const float* x, int64_t n) {
  const auto block_of = PX_SELECT(cpu.isa, square_block);
  const Blocks blocks(n);
  std::array<double, Blocks::kMost> parts;
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    parts[static_cast<size_t>(b)] = block_of(x, blocks.begin(b), blocks.end(b));
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks.count(); ++b) sum += parts[static_cast<size_t>(b)];
  return sum;
}

}  // namespace px::kernels
#endif
