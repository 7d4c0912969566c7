// Rows of floats as packed words of the dtype of products, compiled per target. Include after foreach_target.h.
#if defined(PROXIMAL_BLOCKS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_BLOCKS_INL_H
#undef PROXIMAL_BLOCKS_INL_H
#else
#define PROXIMAL_BLOCKS_INL_H
#endif

#include <algorithm>

#include "base/float16.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// A row of D floats as words of the dtype, the last half one filled with zeros.
HWY_INLINE void words_of_row(const float* from, int64_t size, px_dtype dtype, uint32_t* words) {
  if (dtype == PX_DTYPE_F32) {
    auto* const to = reinterpret_cast<float*>(words);
    for_vectors(size, [&](int64_t i, auto span) PX_LANES { span.store(span.load(from + i), to + i); });
    return;
  }
  auto* const to = reinterpret_cast<uint16_t*>(words);
  int64_t i = 0;
  for (; i + kFloats <= size; i += kFloats)
    hn::StoreU(to_bf16(hn::LoadU(fs, from + i)), Bf16Tag(), to + i);
  for (; i < size; ++i) to[i] = px::to_bf16(from[i]);
  if (size % 2 != 0) to[size] = 0;
}

// A word of bf16 pairs with one of its halves replaced.
HWY_INLINE uint32_t with_half(uint32_t word, uint32_t half, int64_t place) {
  return place % 2 == 0 ? (word & 0xffff0000u) | half : (word & 0xffffu) | half << 16;
}

// Rows [begin, end) of a block: `first` is row `begin`.
struct BlockRows {
  const float* first;
  int64_t stride;
  int64_t begin;
  int64_t end;

  HWY_INLINE const float* row(int64_t i) const { return first + (i - begin) * stride; }
};

// As columns of a panel [kBlock, D].
HWY_INLINE void write_columns(const AttentionShape& shape, const BlockRows& rows, uint32_t* panel) {
  // Sixteen steps of every column stay in the first cache.
  constexpr int64_t kSteps = 16;
  const int64_t step = shape.dtype == PX_DTYPE_F32 ? kSteps : 2 * kSteps;
  for (int64_t d = 0; d < shape.head_size; d += step, panel += kSteps * kBlock) {
    const int64_t elements = std::min(step, shape.head_size - d);
    const int64_t steps = words_along(elements, shape.dtype);
    for (int64_t c = rows.begin; c < rows.end; ++c) {
      HWY_ALIGN uint32_t words[kSteps];
      words_of_row(rows.row(c) + d, elements, shape.dtype, words);
      for (int64_t u = 0; u < steps; ++u) panel[u * kBlock + c] = words[u];
    }
  }
}

// As steps of a matrix [D, kBlock].
HWY_INLINE void write_steps(const AttentionShape& shape, const BlockRows& rows, uint32_t* words) {
  for (int64_t first = 0; first < shape.head_size; first += kPanel) {
    const int64_t columns = std::min(kPanel, shape.head_size - first);
    const int64_t width = packed_columns(columns);
    uint32_t* const panel = words + first * words_along(kBlock, shape.dtype);
    for (int64_t k = rows.begin; k < rows.end; ++k) {
      const float* const row = rows.row(k) + first;
      uint32_t* const step = panel + (shape.dtype == PX_DTYPE_F32 ? k : k / 2) * width;
      if (shape.dtype == PX_DTYPE_F32) {
        auto* const to = reinterpret_cast<float*>(step);
        for_vectors(columns, [&](int64_t d, auto span) PX_LANES { span.store(span.load(row + d), to + d); });
      } else if (k % 2 == 0 && k + 1 < rows.end) {
        // Steps are whole sixteens: behind the columns stand zeros.
        for_vectors(columns, [&](int64_t d, auto span) PX_LANES {
          const Floats low = span.load(row + d), high = span.load(row + rows.stride + d);
          hn::StoreU(pair_of_upper(upper_bf16(fs, low), upper_bf16(fs, high)), fbits, step + d);
        });
        ++k;
      } else {
        for (int64_t d = 0; d < columns; ++d) step[d] = with_half(step[d], px::to_bf16(row[d]), k);
      }
    }
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
