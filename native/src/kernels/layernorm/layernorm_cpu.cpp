// layernorm in vectors of floats, a block of rows per turn of a thread.
#include "kernels/layernorm/layernorm.h"

#include <algorithm>
#include <cmath>

#include "kernels/blocks.h"
#include "kernels/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/layernorm/layernorm_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// The sum of x + delta, which is written to `sum`.
HWY_INLINE float add_and_total(const float* x, const float* delta, float* sum, int64_t hidden) {
  return sum_of_vectors(hidden, [&](Floats total, int64_t i, auto span) PX_LANES {
    const Floats value = hn::Add(span.load(x + i), span.load(delta + i));
    span.store(value, sum + i);
    return hn::Add(total, value);
  });
}

HWY_INLINE float total_of(const float* x, int64_t hidden) {
  return sum_of_vectors(hidden, [&](Floats total, int64_t i, auto span) PX_LANES { return hn::Add(total, span.load(x + i)); });
}

// NUMERICS: around the mean, in a pass of its own: a difference of squares would cancel.
HWY_INLINE float squares_around(float mean, const float* x, int64_t hidden) {
  return sum_of_vectors(hidden, [&](Floats squares, int64_t i, auto span) PX_LANES {
    const Floats off = span.keep(hn::Sub(span.load(x + i), splat(mean)));
    return hn::MulAdd(off, off, squares);
  });
}

void layernorm_rows(const px_layernorm_args& args, int64_t begin, int64_t end) {
  const int64_t hidden = args.hidden;
  const auto count = static_cast<double>(hidden);
  const float* const weight = args.weight;
  const float* const bias = args.bias;
  for (int64_t n = begin; n < end; ++n) {
    const int64_t row = n * hidden;
    const float* const x = (args.delta != nullptr ? args.sum : args.x) + row;
    const double total = args.delta != nullptr ? add_and_total(args.x + row, args.delta + row, args.sum + row, hidden)
                                               : total_of(x, hidden);
    const auto mean = static_cast<float>(total / count);
    const auto rstd = static_cast<float>(1 / std::sqrt(squares_around(mean, x, hidden) / count + args.epsilon));
    if (args.mean != nullptr) args.mean[n] = mean;
    if (args.rstd != nullptr) args.rstd[n] = rstd;
    float* const out = args.out != nullptr ? args.out + row : nullptr;
    uint16_t* const out_bf16 = args.out_bf16 != nullptr ? args.out_bf16 + row : nullptr;
    for_vectors(hidden, [&](int64_t i, auto span) PX_LANES {
      const Floats h = hn::Mul(hn::Sub(span.load(x + i), splat(mean)), splat(rstd));
      store_both(span, hn::MulAdd(h, span.load(weight + i), span.load(bias + i)), out, out_bf16, i);
    });
  }
}

// d_weights [2, H]: this block's sums for the weight and the bias, or NULL.
void layernorm_backward_rows(const px_layernorm_backward_args& args, float* d_weights, int64_t begin, int64_t end) {
  const int64_t hidden = args.hidden;
  const auto count = static_cast<double>(hidden);
  const bool add = (args.flags & PX_LAYERNORM_ADD) != 0;
  const float* const weight = args.weight;
  float* const d_bias = d_weights != nullptr ? d_weights + hidden : nullptr;
  if (d_weights != nullptr) std::fill_n(d_weights, 2 * hidden, 0.0f);
  for (int64_t n = begin; n < end; ++n) {
    const int64_t row = n * hidden;
    const float* const x = args.x + row;
    const float* const d_out = args.d_out + row;
    float* const d_x = args.d_x + row;
    uint16_t* const d_x_bf16 = args.d_x_bf16 != nullptr ? args.d_x_bf16 + row : nullptr;
    const Floats mean = splat(args.mean[n]), rstd = splat(args.rstd[n]);
    const TwoSums sums = two_sums_of_vectors(hidden, [&](Floats& sum, Floats& dot, int64_t i, auto span) PX_LANES {
      const Floats g = hn::Mul(span.load(d_out + i), span.load(weight + i));
      sum = hn::Add(sum, g);
      dot = hn::MulAdd(g, hn::Mul(hn::Sub(span.load(x + i), mean), rstd), dot);
    });
    const Floats mean_g = splat(static_cast<float>(sums.sum / count));
    const Floats along = splat(static_cast<float>(sums.other / count));
    for_vectors(hidden, [&](int64_t i, auto span) PX_LANES {
      const Floats h = hn::Mul(hn::Sub(span.load(x + i), mean), rstd);
      const Floats d = span.load(d_out + i);
      if (d_weights != nullptr) {
        span.store(hn::MulAdd(d, h, span.load(d_weights + i)), d_weights + i);
        span.store(hn::Add(d, span.load(d_bias + i)), d_bias + i);
      }
      const Floats rest = hn::Sub(hn::Mul(d, span.load(weight + i)), hn::MulAdd(h, along, mean_g));
      const Floats result = add ? hn::MulAdd(rstd, rest, span.load(d_x + i)) : hn::Mul(rstd, rest);
      span.store(result, d_x + i);
      if (d_x_bf16 != nullptr) span.store(result, d_x_bf16 + i);
    });
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void layernorm_cpu(const Cpu& cpu, const px_layernorm_args& args) {
  const auto rows = PX_SELECT(cpu.isa, layernorm_rows);
  const RowBlocks blocks(args.rows, args.hidden);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { rows(args, blocks.begin(b), blocks.end(b)); });
}

void layernorm_backward_cpu(const Cpu& cpu, const px_layernorm_backward_args& args) {
  const auto rows = PX_SELECT(cpu.isa, layernorm_backward_rows);
  const RowBlocks blocks(args.rows, args.hidden);
  const int64_t stride = 2 * args.hidden;
  auto* const parts = static_cast<float*>(args.d_weight != nullptr ? args.workspace : nullptr);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    rows(args, parts != nullptr ? parts + b * stride : nullptr, blocks.begin(b), blocks.end(b));
  });
  if (parts == nullptr) return;
  add_row_sums(parts, blocks.count(), stride, args.hidden, args.d_weight);
  add_row_sums(parts + args.hidden, blocks.count(), stride, args.hidden, args.d_bias);
}

}  // namespace px::kernels
#endif
