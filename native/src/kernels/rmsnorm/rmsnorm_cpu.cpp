// rmsnorm in vectors of floats, a block of rows per turn of a thread.
#include "kernels/rmsnorm/rmsnorm.h"

#include <algorithm>
#include <cmath>

#include "kernels/blocks.h"
#include "kernels/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rmsnorm/rmsnorm_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// x + delta into sum, and the sum of its squares.
HWY_INLINE float add_and_square(const float* x, const float* delta, float* sum, int64_t hidden) {
  return sum_of_vectors(hidden, [&](Floats squares, int64_t i, auto span) PX_LANES {
    const Floats value = hn::Add(span.load(x + i), span.load(delta + i));
    span.store(value, sum + i);
    return hn::MulAdd(value, value, squares);
  });
}

HWY_INLINE float square(const float* x, int64_t hidden) {
  return sum_of_vectors(hidden, [&](Floats squares, int64_t i, auto span) PX_LANES {
    const Floats value = span.load(x + i);
    return hn::MulAdd(value, value, squares);
  });
}

void rmsnorm_rows(const px_rmsnorm_args& args, int64_t begin, int64_t end) {
  const int64_t hidden = args.hidden;
  const float* const weight = args.weight;
  for (int64_t n = begin; n < end; ++n) {
    const int64_t row = n * hidden;
    const float* const x = (args.delta != nullptr ? args.sum : args.x) + row;
    const double squares = args.delta != nullptr ? add_and_square(args.x + row, args.delta + row, args.sum + row, hidden)
                                                 : square(x, hidden);
    const auto rstd = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(hidden) + args.epsilon));
    if (args.rstd != nullptr) args.rstd[n] = rstd;
    float* const out = args.out != nullptr ? args.out + row : nullptr;
    uint16_t* const out_bf16 = args.out_bf16 != nullptr ? args.out_bf16 + row : nullptr;
    for_vectors(hidden, [&](int64_t i, auto span) PX_LANES {
      const Floats y = hn::Mul(hn::Mul(span.load(x + i), splat(rstd)), span.load(weight + i));
      store_both(span, y, out, out_bf16, i);
    });
  }
}

// d_weight [H]: this block's sums, or NULL.
void rmsnorm_backward_rows(const px_rmsnorm_backward_args& args, float* d_weight, int64_t begin, int64_t end) {
  const int64_t hidden = args.hidden;
  const bool add = (args.flags & PX_RMSNORM_ADD) != 0;
  const float* const weight = args.weight;
  if (d_weight != nullptr) std::fill_n(d_weight, hidden, 0.0f);
  for (int64_t n = begin; n < end; ++n) {
    const int64_t row = n * hidden;
    const float* const x = args.x + row;
    const float* const d_out = args.d_out + row;
    float* const d_x = args.d_x + row;
    uint16_t* const d_x_bf16 = args.d_x_bf16 != nullptr ? args.d_x_bf16 + row : nullptr;
    const float rstd = args.rstd[n];
    const float dot = sum_of_vectors(hidden, [&](Floats sum, int64_t i, auto span) PX_LANES {
      return hn::MulAdd(hn::Mul(span.load(d_out + i), span.load(weight + i)), span.load(x + i), sum);
    });
    const double r = rstd;
    const auto along = static_cast<float>(-dot / static_cast<double>(hidden) * r * r * r);
    for_vectors(hidden, [&](int64_t i, auto span) PX_LANES {
      const Floats value = span.load(x + i);
      const Floats d = hn::Mul(span.load(d_out + i), splat(rstd));
      if (d_weight != nullptr) span.store(hn::MulAdd(d, value, span.load(d_weight + i)), d_weight + i);
      Floats result = hn::MulAdd(splat(along), value, hn::Mul(d, span.load(weight + i)));
      if (add) result = hn::Add(span.load(d_x + i), result);
      span.store(result, d_x + i);
      if (d_x_bf16 != nullptr) span.store(result, d_x_bf16 + i);
    });
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void rmsnorm_cpu(const Cpu& cpu, const px_rmsnorm_args& args) {
  const auto rows = PX_SELECT(cpu.isa, rmsnorm_rows);
  const RowBlocks blocks(args.rows, args.hidden);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { rows(args, blocks.begin(b), blocks.end(b)); });
}

void rmsnorm_backward_cpu(const Cpu& cpu, const px_rmsnorm_backward_args& args) {
  const auto rows = PX_SELECT(cpu.isa, rmsnorm_backward_rows);
  const RowBlocks blocks(args.rows, args.hidden);
  auto* const parts = static_cast<float*>(args.d_weight != nullptr ? args.workspace : nullptr);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    rows(args, parts != nullptr ? parts + b * args.hidden : nullptr, blocks.begin(b), blocks.end(b));
  });
  if (parts != nullptr) add_row_sums(parts, blocks.count(), args.hidden, args.hidden, args.d_weight);
}

}  // namespace px::kernels
#endif
