// swiglu in vectors of floats, a block of rows per turn of a thread.
#include "kernels/swiglu/swiglu.h"

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/swiglu/swiglu_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

template <class From>
HWY_INLINE void swiglu_rows_of(const px_swiglu_args& args, const From* gate_up, int64_t begin, int64_t end) {
  const int64_t features = args.features;
  for (int64_t n = begin; n < end; ++n) {
    const From* const gates = gate_up + 2 * n * features;
    float* const out = args.out != nullptr ? args.out + n * features : nullptr;
    uint16_t* const out_bf16 = args.out_bf16 != nullptr ? args.out_bf16 + n * features : nullptr;
    for_vectors(features, [&](int64_t i, auto span) PX_LANES {
      const Floats gate = span.load(gates + i), up = span.load(gates + features + i);
      store_both(span, hn::Mul(hn::Mul(gate, sigmoid(gate).value), up), out, out_bf16, i);
    });
  }
}

template <class From>
HWY_INLINE void silu_of(const From* from, float* values, uint16_t* bits, int64_t n) {
  for_vectors(n, [&](int64_t i, auto span) PX_LANES {
    const Floats x = span.load(from + i);
    store_both(span, hn::Mul(x, sigmoid(x).value), values, bits, i);
  });
}

template <class From>
HWY_INLINE void swiglu_backward_rows_of(const px_swiglu_backward_args& args, const From* gate_up, int64_t begin, int64_t end) {
  const int64_t features = args.features;
  for (int64_t n = begin; n < end; ++n) {
    const int64_t row = 2 * n * features;
    const From* const gates = gate_up + row;
    const float* const d_out = args.d_out + n * features;
    float* const d = args.d_gate_up != nullptr ? args.d_gate_up + row : nullptr;
    uint16_t* const d_bf16 = args.d_gate_up_bf16 != nullptr ? args.d_gate_up_bf16 + row : nullptr;
    for_vectors(features, [&](int64_t i, auto span) PX_LANES {
      const Floats gate = span.load(gates + i), up = span.load(gates + features + i), dy = span.load(d_out + i);
      const Sigmoid s = sigmoid(gate);
      const Floats silu = hn::Mul(gate, s.value);
      const Floats slope = hn::MulAdd(silu, s.rest, s.value);
      store_both(span, hn::Mul(hn::Mul(dy, up), slope), d, d_bf16, i);
      store_both(span, hn::Mul(dy, silu), d, d_bf16, features + i);
    });
  }
}

void swiglu_rows(const px_swiglu_args& args, int64_t begin, int64_t end) {
  args.gate_up != nullptr ? swiglu_rows_of(args, args.gate_up, begin, end)
                          : swiglu_rows_of(args, args.gate_up_bf16, begin, end);
}

void silu_some(float* values, uint16_t* bits, int64_t n) {
  values != nullptr ? silu_of(values, values, bits, n) : silu_of(bits, values, bits, n);
}

void swiglu_backward_rows(const px_swiglu_backward_args& args, int64_t begin, int64_t end) {
  args.gate_up != nullptr ? swiglu_backward_rows_of(args, args.gate_up, begin, end)
                          : swiglu_backward_rows_of(args, args.gate_up_bf16, begin, end);
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void swiglu_cpu(const Cpu& cpu, const px_swiglu_args& args) {
  const auto rows = PX_SELECT(cpu.isa, swiglu_rows);
  const RowBlocks blocks(args.rows, args.features);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { rows(args, blocks.begin(b), blocks.end(b)); });
}

void silu_cpu(Isa isa, float* values, uint16_t* bits, int64_t n) { PX_SELECT(isa, silu_some)(values, bits, n); }

void swiglu_backward_cpu(const Cpu& cpu, const px_swiglu_backward_args& args) {
  const auto rows = PX_SELECT(cpu.isa, swiglu_backward_rows);
  const RowBlocks blocks(args.rows, args.features);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { rows(args, blocks.begin(b), blocks.end(b)); });
}

}  // namespace px::kernels
#endif
