// gemm: rows times weights that were packed once.
//
//   out[m, n] = f(sum_k x[m, k] w[n, k] (+ bias[n]) (+ residual[m, n])), f one of px_activation
//
// float or bf16 in, products summed in float. The weights lie in panels of up to 64 columns n; inside a panel, step by
// step along k, one word of four bytes a column: a float, or a pair of bf16 that are neighbours along k.
//
// NUMERICS: an element's products are added along k in ascending order, one word after the other, whatever the tile it
// is computed in: a row's bits depend on that row and the weights alone (and on the level). A pair of bf16 is added by
// the processor's dot product on AVX-512-bf16, by two fused multiply-adds below it; on AMX blocks of sixteen pairs are
// added (gemm_amx.cpp). The scalar level adds in double.
//
// An activation runs over a panel's results of some rows, which lie in the second cache at most, by the bits of the kernel
// of its name in place: over floats, or over bf16 where `out` is not wanted.
//
// Traffic: the weights once for some hundred rows. Left out after a measurement: blocking along k; tiles of 8 x 3 and
// 14 x 2 vectors; a second layout for single rows, which are as fast as memory in this one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/gemm.h"

namespace px::kernels {

// Columns of a panel. The last one of a matrix is as wide as the columns that are left, in whole sixteens.
inline constexpr int64_t kPanel = 64;

inline int64_t element_bytes(px_dtype dtype) { return dtype == PX_DTYPE_F32 ? 4 : 2; }

// Rows of a tile: of registers, where six of four vectors of 16 (of two of 8) leave some for a panel's words; and of the
// matrix unit's two tiles, which come whole.
inline constexpr int64_t kTileRows = 6;
inline constexpr int64_t kWholeTileRows = 32;

// Words along k: floats, or pairs of bf16, the last of them with a zero where k is odd.
inline int64_t words_along(int64_t k, px_dtype dtype) { return dtype == PX_DTYPE_F32 ? k : (k + 1) / 2; }

// n in whole sixteens.
inline int64_t packed_columns(int64_t n) { return (n + 15) / 16 * 16; }

// Words of a packed matrix [n, k].
inline int64_t packed_words(int64_t n, int64_t k, px_dtype dtype) { return packed_columns(n) * words_along(k, dtype); }

// A packed matrix [n, k].
struct Packed {
  const uint32_t* words = nullptr;
  int64_t n = 0;
  int64_t k = 0;
  px_dtype dtype = PX_DTYPE_F32;  // F32 or BF16
  // Of a part along k: where it begins and how much the whole matrix holds, in words; 0, 0: it is all.
  int64_t first_word = 0;
  int64_t all_words = 0;

  int64_t words_of_column() const { return all_words != 0 ? all_words : words_along(k, dtype); }
};

// Elements [first, first + count) along k; `first` at a whole word.
inline Packed part_along(const Packed& whole, int64_t first, int64_t count) {
  return {whole.words,
          whole.n,
          count,
          whole.dtype,
          whole.first_word + words_along(first, whole.dtype),
          whole.words_of_column()};
}

// A matrix to pack: element (n, k) is at data[n * n_stride + k * k_stride]; one of the strides is 1.
struct Unpacked {
  const void* data = nullptr;
  px_dtype dtype = PX_DTYPE_F32;  // of data; F32 may become BF16, rounded to nearest even
  int64_t n_stride = 0;
  int64_t k_stride = 0;
};

// Writes `from` into `words`, the packed_words() of the matrix that `shape` describes; returns it.
Packed gemm_pack(const Cpu& cpu, const Unpacked& from, Packed shape, uint32_t* words);

// Rows to multiply: word u of row r is at x + r * row_bytes + u * word_bytes.
struct Rows {
  const std::byte* x = nullptr;
  int64_t count = 0;
  int64_t row_bytes = 0;
  int64_t word_bytes = 0;
};

// The rows of a matrix [m, k] with `stride` elements from row to row.
inline Rows rows_of(const void* x, int64_t m, int64_t stride, px_dtype dtype) {
  return {static_cast<const std::byte*>(x), m, stride * element_bytes(dtype), 4};
}

// Whether the columns of a matrix have to be turned to rows before they are multiplied: tiles hold whole rows.
inline bool turns_columns(Isa isa, px_dtype dtype) { return isa == Isa::kAmx && dtype == PX_DTYPE_BF16; }

// Rows of a product that waits for memory: two tiles, which leave the processor time to wait. It sees one line after
// the other then and reads ahead by itself, faster than it is told to.
inline constexpr int64_t kFewRows = 2 * kTileRows;

inline bool waits_for_memory(Isa isa, px_dtype dtype, int64_t rows) {
  return isa >= Isa::kAvx512 && !turns_columns(isa, dtype) && rows <= kFewRows;
}

// Whether the first cache holds what tiles fetch beside what they read: two blocks of attention of 16 KB in 48 KB. In
// 32 KB they drive each other out.
extern const bool kFetchesNear;

// Columns [first, first + count) of a matrix [m, n] as rows of length m: of a float matrix with `stride` elements from
// row to row, of bf16 as gemm_interleave() laid it.
inline Rows columns_of(Isa isa, px_dtype dtype, const void* words, int64_t stride, int64_t first, int64_t count) {
  const auto* at = static_cast<const std::byte*>(words);
  if (turns_columns(isa, dtype)) return {at + 4 * first * stride, count, 4 * stride, 4};
  return {at + 4 * first, count, 4, 4 * stride};
}

// Pairs of bf16 that are neighbours along m of a matrix [m, n], the last with zeros where m is odd: row after row of
// pairs, `stride` words from one to the next, or where columns are turned column after column.
struct Pairs {
  uint32_t* words;
  int64_t stride;
};

// A good stride: turned columns are an odd number of cache lines apart, so that a tile's rows meet in no set of a cache.
inline int64_t pairs_stride(Isa isa, int64_t m, int64_t n) {
  return turns_columns(isa, PX_DTYPE_BF16) ? ((m + 31) / 32 | 1) * 16 : n;
}
inline int64_t pairs_words(Isa isa, int64_t m, int64_t n) {
  return pairs_stride(isa, m, n) * (turns_columns(isa, PX_DTYPE_BF16) ? n : (m + 1) / 2);
}

// Lays a matrix [m, n] of floats or bf16 with `stride` elements from row to row as pairs.
void gemm_interleave(const Cpu& cpu, const void* x, px_dtype dtype, int64_t m, int64_t n, int64_t stride, Pairs pairs);

// Rows of pairs that are turned together.
inline constexpr int64_t kTurnedRows = 16;

// Rows of `columns` words, `stride` from row to row, become columns of `to`.
void turn_words_amx(const uint32_t* words, int64_t rows, int64_t columns, int64_t stride, uint32_t* to,
                    int64_t to_stride);

// With y = x w^T: dx is a gemm of dy and w packed the other way (strides swapped); dw += dy^T x is a gemm of the
// columns of dy and x packed as [k, m], with residual = out.
struct GemmArgs {
  Rows x;  // [m, k] of the weights' dtype
  Packed weights;
  const float* bias = nullptr;      // [n], optional
  const float* residual = nullptr;  // [m, n], optional; may be `out`
  float* out = nullptr;             // [m, n], optional
  uint16_t* out_bf16 = nullptr;     // [m, n] rounded to nearest even, optional
  int64_t out_stride = 0;           // elements from row to row of residual, out and out_bf16
  px_activation activation = PX_ACTIVATION_NONE;
};

// Deterministic for any thread count.
void gemm(const Cpu& cpu, const GemmArgs& args);

// The micro-kernel's part: rows times one panel. Other kernels compose their products of it.
struct PanelWeights {
  const uint32_t* words = nullptr;  // word u of column c is at words[u * width + c]
  int64_t width = 0;                // 16, 32, 48 or 64
  int64_t k = 0;                    // elements along k
  const uint32_t* next = nullptr;   // a panel that will be read next, as large as this; fetched meanwhile; optional
};

struct PanelOut {
  int64_t columns = 0;              // that are wanted, at most the width
  const float* bias = nullptr;      // [columns]
  const float* residual = nullptr;  // [count, columns]
  float* out = nullptr;             // [count, columns]
  uint16_t* out_bf16 = nullptr;     // [count, columns]
  int64_t stride = 0;               // elements from row to row
};

// Panel p of a packed matrix; with what comes behind it fetched meanwhile when `more`, if that is a whole panel too.
inline PanelWeights panel_of(const Packed& matrix, int64_t p, bool more) {
  const int64_t column_words = matrix.words_of_column();
  const int64_t left = packed_columns(matrix.n) - p * kPanel;
  const int64_t width = left < kPanel ? left : kPanel;
  const uint32_t* words = matrix.words + p * kPanel * column_words + matrix.first_word * width;
  return {words, width, matrix.k, more && left >= 2 * kPanel ? words + kPanel * column_words : nullptr};
}

using MultiplyPanel = void (*)(const Rows&, const PanelWeights&, const PanelOut&);

// The one for a level and the dtype of the words.
MultiplyPanel multiply_panel(Isa isa, px_dtype dtype);

void multiply_panel_ref_f32(const Rows& rows, const PanelWeights& weights, const PanelOut& out);
void multiply_panel_ref_bf16(const Rows& rows, const PanelWeights& weights, const PanelOut& out);
MultiplyPanel multiply_panel_cpu(Isa isa, px_dtype dtype);
void multiply_panel_avx512bf16(const Rows& rows, const PanelWeights& weights, const PanelOut& out);
void multiply_panel_amx(const Rows& rows, const PanelWeights& weights, const PanelOut& out);

}  // namespace px::kernels
