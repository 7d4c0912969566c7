// gelu in vectors of floats, a block of elements per turn of a thread.
#include "kernels/gelu/gelu.h"

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gelu/gelu_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// What x is multiplied by, and what the slope adds to it times x.
struct GeluShare {
  Floats share, density;
};

// With u = 2 sqrt(2 / pi) (x + 0.044715 x^3): 1 / (1 + e^-u) and its derivative.
struct GeluTanh {
  HWY_INLINE GeluShare operator()(Floats x) const {
    constexpr float kLinear = 1.5957691216f, kCubic = 0.0713548163f;
    // Beyond 20 nothing changes, and squares do not overflow.
    const Floats held = hn::Min(hn::Max(x, splat(-20.0f)), splat(20.0f));
    const Floats square = hn::Mul(held, held);
    const Sigmoid s = sigmoid(hn::Mul(held, hn::MulAdd(splat(kCubic), square, splat(kLinear))));
    const Floats slope = hn::MulAdd(splat(3 * kCubic), square, splat(kLinear));
    return {s.value, hn::Mul(hn::Mul(s.value, s.rest), slope)};
  }
};

// Phi and its density. Phi(-a) = e^(-a^2 / 2) k q(k) for a >= 0 with k = 1 / (1 + 0.35 a), the polynomial fitted to within
// 3.2e-8 of it (relative) where it is above 0; with float arithmetic 5e-7.
struct GeluErf {
  HWY_INLINE GeluShare operator()(Floats x) const {
    constexpr float kCoefficients[] = {0.143972710f, -0.255716324f, 0.159176484f, -0.0231114179f, 0.105508663f,
                                       0.119832702f, 0.139861897f,  0.139621407f};
    const Floats a = hn::Abs(x);
    const Floats k = hn::Div(splat(1.0f), hn::MulAdd(splat(0.35f), a, splat(1.0f)));
    Floats q = splat(-0.0291461386f);
    for (const float coefficient : kCoefficients) q = hn::MulAdd(q, k, splat(coefficient));
    // NUMERICS: what a^2 loses in rounding would be a large part of e^(-a^2 / 2).
    const Floats square = hn::Mul(a, a);
    const Floats lost = hn::MulSub(a, a, square);
    const Floats e = exponential(hn::Mul(square, splat(-0.5f)));
    const Floats bell = hn::IfThenElseZero(hn::Le(a, splat(13.2f)), hn::NegMulAdd(hn::Mul(lost, splat(0.5f)), e, e));
    const Floats tail = hn::IfThenElseZero(hn::Le(a, splat(13.2f)), hn::Mul(hn::Mul(k, q), bell));
    const Floats share = hn::IfThenElse(hn::Gt(x, hn::Zero(fs)), hn::Sub(splat(1.0f), tail), tail);
    return {share, hn::Mul(bell, splat(0.398942280f))};
  }
};

template <class Share, class From>
HWY_INLINE void gelu_range(const px_gelu_args& a, Share share, const From* from, int64_t begin, int64_t end) {
  const px_gelu_args args = a;
  for_vectors(end - begin, [&](int64_t i, auto span) PX_LANES {
    const Floats x = span.load(from + begin + i);
    store_both(span, hn::Mul(x, share(x).share), args.out, args.out_bf16, begin + i);
  });
}

template <class Share, class From>
HWY_INLINE void gelu_backward_range(const px_gelu_backward_args& a, Share share, const From* from, int64_t begin,
                                    int64_t end) {
  const px_gelu_backward_args args = a;
  for_vectors(end - begin, [&](int64_t i, auto span) PX_LANES {
    const Floats x = span.load(from + begin + i);
    const GeluShare at_x = share(x);
    const Floats slope = hn::MulAdd(x, at_x.density, at_x.share);
    store_both(span, hn::Mul(span.load(args.d_out + begin + i), slope), args.d_x, args.d_x_bf16, begin + i);
  });
}

// body(share, x) with the formula and the array that the arguments say.
template <class Args, class Body>
HWY_INLINE void choose(const Args& args, Body body) {
  const auto with = [&](auto share) PX_LANES { args.x != nullptr ? body(share, args.x) : body(share, args.x_bf16); };
  (args.flags & PX_GELU_ERF) != 0 ? with(GeluErf()) : with(GeluTanh());
}

void gelu_block(const px_gelu_args& args, int64_t begin, int64_t end) {
  choose(args, [&](auto share, const auto* x) PX_LANES { gelu_range(args, share, x, begin, end); });
}

void gelu_backward_block(const px_gelu_backward_args& args, int64_t begin, int64_t end) {
  choose(args, [&](auto share, const auto* x) PX_LANES { gelu_backward_range(args, share, x, begin, end); });
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void gelu_cpu(const Cpu& cpu, const px_gelu_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, gelu_block);
  const Blocks blocks(args.count);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { block_of(args, blocks.begin(b), blocks.end(b)); });
}

void gelu_here_cpu(Isa isa, const px_gelu_args& args) { PX_SELECT(isa, gelu_block)(args, 0, args.count); }

void gelu_backward_cpu(const Cpu& cpu, const px_gelu_backward_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, gelu_backward_block);
  const Blocks blocks(args.count);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { block_of(args, blocks.begin(b), blocks.end(b)); });
}

}  // namespace px::kernels
#endif
