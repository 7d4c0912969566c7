// rope in vectors of floats, a block of rows per turn of a thread. The two halves of a head run side by side, so that
// nothing is moved across lanes.
#include "kernels/rope/rope.h"

#include <algorithm>
#include <cmath>

#include "kernels/blocks.h"
#include "kernels/row_sums.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rope/rope_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Where a head is written to: a place in `out`, in `out_bf16`, or in both.
struct RopeOut {
  float* out;
  uint16_t* out_bf16;

  HWY_INLINE RopeOut(float* o, uint16_t* b, int64_t head)
      : out(o != nullptr ? o + head : nullptr), out_bf16(b != nullptr ? b + head : nullptr) {}
};

HWY_INLINE void turn_head(const float* x, const float* cos, const float* sin, int64_t half, RopeOut to) {
  for_vectors(half, [&](int64_t i, auto span) PX_LANES {
    const Floats a = span.load(x + i), b = span.load(x + half + i);
    const Floats c = span.load(cos + i), s = span.load(sin + i);
    store_both(span, hn::NegMulAdd(b, s, hn::Mul(a, c)), to.out, to.out_bf16, i);
    store_both(span, hn::MulAdd(a, s, hn::Mul(b, c)), to.out, to.out_bf16, half + i);
  });
}

// The same of x rstd weight. Returns rstd.
HWY_INLINE float norm_and_turn_head(const float* x, const float* weight, double epsilon, const float* cos,
                                    const float* sin, int64_t half, RopeOut to) {
  const double squares = sum_of_vectors(half, [&](Floats sum, int64_t i, auto span) PX_LANES {
    const Floats a = span.load(x + i), b = span.load(x + half + i);
    return hn::MulAdd(b, b, hn::MulAdd(a, a, sum));
  });
  const auto rstd = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(2 * half) + epsilon));
  for_vectors(half, [&](int64_t i, auto span) PX_LANES {
    const Floats a = hn::Mul(hn::Mul(span.load(x + i), splat(rstd)), span.load(weight + i));
    const Floats b = hn::Mul(hn::Mul(span.load(x + half + i), splat(rstd)), span.load(weight + half + i));
    const Floats c = span.load(cos + i), s = span.load(sin + i);
    store_both(span, hn::NegMulAdd(b, s, hn::Mul(a, c)), to.out, to.out_bf16, i);
    store_both(span, hn::MulAdd(a, s, hn::Mul(b, c)), to.out, to.out_bf16, half + i);
  });
  return rstd;
}

// Values, unless they stay in their place.
HWY_INLINE void copy_heads(const float* x, int64_t n, RopeOut to) {
  if (to.out == x) to.out = nullptr;
  if (to.out == nullptr && to.out_bf16 == nullptr) return;
  for_vectors(n, [&](int64_t i, auto span) PX_LANES { store_both(span, span.load(x + i), to.out, to.out_bf16, i); });
}

void rope_rows(const px_rope_args& a, int64_t begin, int64_t end) {
  const px_rope_args args = a;
  const int64_t size = args.head_size, half = size / 2, turned = args.heads + args.kv_heads;
  for (int64_t n = begin; n < end; ++n) {
    const float* const cos = args.cos + args.position[n] * half;
    const float* const sin = args.sin + args.position[n] * half;
    const int64_t row = n * (turned + args.kv_heads) * size;
    for (int64_t h = 0; h < turned; ++h) {
      const RopeOut to(args.out, args.out_bf16, row + h * size);
      const float* const weight = h < args.heads ? args.query_norm : args.key_norm;
      if (weight == nullptr) {
        turn_head(args.x + row + h * size, cos, sin, half, to);
        continue;
      }
      const float rstd = norm_and_turn_head(args.x + row + h * size, weight, args.epsilon, cos, sin, half, to);
      if (args.rstd != nullptr) args.rstd[n * turned + h] = rstd;
    }
    copy_heads(args.x + row + turned * size, args.kv_heads * size, RopeOut(args.out, args.out_bf16, row + turned * size));
  }
}

// A pair of halves.
struct RopePair {
  Floats a, b;
};

template <class Span>
HWY_INLINE RopePair turn_back(Span span, const float* d_out, const float* cos, const float* sin, int64_t half, int64_t i) {
  const Floats a = span.load(d_out + i), b = span.load(d_out + half + i);
  const Floats c = span.load(cos + i), s = span.load(sin + i);
  return {hn::MulAdd(b, s, hn::Mul(a, c)), hn::NegMulAdd(a, s, hn::Mul(b, c))};
}

HWY_INLINE void turn_head_back(const float* d_out, const float* cos, const float* sin, int64_t half, RopeOut to) {
  for_vectors(half, [&](int64_t i, auto span) PX_LANES {
    const RopePair d = turn_back(span, d_out, cos, sin, half, i);
    store_both(span, d.a, to.out, to.out_bf16, i);
    store_both(span, d.b, to.out, to.out_bf16, half + i);
  });
}

// Through the turn and the norm; d_weight [D] of this block is added to, or NULL.
HWY_INLINE void norm_and_turn_head_back(const float* d_out, const float* x, const float* weight, float rstd,
                                        const float* cos, const float* sin, int64_t half, float* d_weight, RopeOut to) {
  const float dot = sum_of_vectors(half, [&](Floats sum, int64_t i, auto span) PX_LANES {
    const RopePair d = turn_back(span, d_out, cos, sin, half, i);
    sum = hn::MulAdd(hn::Mul(d.a, span.load(weight + i)), span.load(x + i), sum);
    return hn::MulAdd(hn::Mul(d.b, span.load(weight + half + i)), span.load(x + half + i), sum);
  });
  const double r = rstd;
  const Floats along = splat(static_cast<float>(-dot / static_cast<double>(2 * half) * r * r * r));
  for_vectors(half, [&](int64_t i, auto span) PX_LANES {
    const RopePair d = turn_back(span, d_out, cos, sin, half, i);
    const auto store = [&](Floats dh, int64_t at) PX_LANES {
      const Floats value = span.load(x + at);
      const Floats scaled = hn::Mul(dh, splat(rstd));
      if (d_weight != nullptr) span.store(hn::MulAdd(scaled, value, span.load(d_weight + at)), d_weight + at);
      const Floats d_x = hn::MulAdd(along, value, hn::Mul(scaled, span.load(weight + at)));
      store_both(span, d_x, to.out, to.out_bf16, at);
    };
    store(d.a, i);
    store(d.b, half + i);
  });
}

// d_norms [2, D]: this block's sums for queries and keys, or NULL.
void rope_backward_rows(const px_rope_backward_args& a, float* d_norms, int64_t begin, int64_t end) {
  const px_rope_backward_args args = a;
  const int64_t size = args.head_size, half = size / 2, turned = args.heads + args.kv_heads;
  if (d_norms != nullptr) std::fill_n(d_norms, 2 * size, 0.0f);
  for (int64_t n = begin; n < end; ++n) {
    const float* const cos = args.cos + args.position[n] * half;
    const float* const sin = args.sin + args.position[n] * half;
    const int64_t row = n * (turned + args.kv_heads) * size;
    for (int64_t h = 0; h < turned; ++h) {
      const int64_t head = row + h * size;
      const RopeOut to(args.d_x, args.d_x_bf16, head);
      const float* const weight = h < args.heads ? args.query_norm : args.key_norm;
      if (weight == nullptr) {
        turn_head_back(args.d_out + head, cos, sin, half, to);
        continue;
      }
      float* const d_weight = d_norms == nullptr ? nullptr : h < args.heads ? d_norms : d_norms + size;
      norm_and_turn_head_back(args.d_out + head, args.x + head, weight, args.rstd[n * turned + h], cos, sin, half,
                              d_weight, to);
    }
    copy_heads(args.d_out + row + turned * size, args.kv_heads * size,
               RopeOut(args.d_x, args.d_x_bf16, row + turned * size));
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void rope_cpu(const Cpu& cpu, const px_rope_args& args) {
  const auto rows = PX_SELECT(cpu.isa, rope_rows);
  const RowBlocks blocks(args.rows, (args.heads + 2 * args.kv_heads) * args.head_size);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { rows(args, blocks.begin(b), blocks.end(b)); });
}

void rope_backward_cpu(const Cpu& cpu, const px_rope_backward_args& args) {
  const auto rows = PX_SELECT(cpu.isa, rope_backward_rows);
  const RowBlocks blocks(args.rows, (args.heads + 2 * args.kv_heads) * args.head_size);
  const int64_t stride = 2 * args.head_size;
  auto* const parts = static_cast<float*>(args.d_query_norm != nullptr ? args.workspace : nullptr);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    rows(args, parts != nullptr ? parts + b * stride : nullptr, blocks.begin(b), blocks.end(b));
  });
  if (parts == nullptr) return;
  add_row_sums(parts, blocks.count(), stride, args.head_size, args.d_query_norm);
  if (args.d_key_norm != nullptr)
    add_row_sums(parts + args.head_size, blocks.count(), stride, args.head_size, args.d_key_norm);
}

}  // namespace px::kernels
#endif
