// gemm of bf16 by the processor's matrix unit: tiles of 16 rows, 16 columns and 32 elements along k.
//
// NUMERICS (TDPBF16PS): along k, blocks of 32 from the first on; in a block the even and the odd elements are added by
// fused multiply-adds from 0 on, apart, then both to the sum of the blocks before. Subnormal numbers count as 0. What
// the last block lacks is left out or a product of zeros, which changes no bit.
#include <cstddef>

#include "kernels/gemm/gemm.h"

#if defined(__x86_64__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC's own headers, of registers that they leave open
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq")
#define PX_TILE_INLINE static inline __attribute__((always_inline))
#define PX_TILE_NOINLINE static __attribute__((noinline))

namespace px::kernels {
namespace amx {

#include "kernels/gemm/results-inl.h"
#include "kernels/gemm/tile-inl.h"

inline constexpr int64_t kSixteen = 16;    // rows, columns and words of a tile
inline constexpr int64_t kTileBytes = 64;  // of a tile's row

// What a thread's eight tiles hold: 0 to 3 sums, 4 and 5 rows, 6 and 7 columns; with one tile of rows, 5 to 7 columns.
struct alignas(64) Configuration {
  uint8_t palette = 1;
  uint8_t first_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int64_t height, int64_t bytes) {
    rows[tile] = static_cast<uint8_t>(height);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(Configuration) == 64);

// The instructions, on tiles by number. The compilers' own forms do not say what memory is read.
PX_TILE_INLINE void configure(const Configuration& tiles) { asm volatile("ldtilecfg %0" : : "m"(tiles)); }
PX_TILE_INLINE void release() { asm volatile("tilerelease"); }

template <int Tile>
PX_TILE_INLINE void zero() {
  asm volatile("tilezero %%tmm%c0" : : "i"(Tile));
}

template <int Tile>
PX_TILE_INLINE void load(const void* from, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(Tile) : "memory");
}

template <int Tile>
PX_TILE_INLINE void store(float* to, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(Tile) : "memory");
}

// sum += rows columns.
template <int Sum, int Rows, int Columns>
PX_TILE_INLINE void multiply_add() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(Sum), "i"(Rows), "i"(Columns));
}

// Tiles for up to 16 rows (`low` 0) or 16 and up to 16 more, of `words` along k.
PX_TILE_INLINE void configure(int64_t high, int64_t low, int64_t words) {
  Configuration tiles;
  const bool two = low != 0;
  tiles.set(0, high, kTileBytes);
  tiles.set(1, high, kTileBytes);
  tiles.set(2, two ? low : high, kTileBytes);
  tiles.set(3, two ? low : high, kTileBytes);
  tiles.set(4, high, words * 4);
  two ? tiles.set(5, low, words * 4) : tiles.set(5, words, kTileBytes);
  tiles.set(6, words, kTileBytes);
  tiles.set(7, words, kTileBytes);
  configure(tiles);
}

// A panel's words by blocks along k.
class Columns {
 public:
  explicit Columns(const PanelWeights& weights)
      : words_(weights.words), width_(weights.width), all_(words_along(weights.k, PX_DTYPE_BF16)) {
    blocks_ = (all_ + kSixteen - 1) / kSixteen;
    if (blocks_ < 2 || all_ % kSixteen == 0) return;
    const int64_t left = all_ % kSixteen * width_;
    __builtin_memcpy(last_, words_ + (all_ - all_ % kSixteen) * width_, static_cast<size_t>(left) * 4);
    __builtin_memset(last_ + left, 0, static_cast<size_t>(kSixteen * width_ - left) * 4);
    padded_ = true;
  }

  int64_t blocks() const { return blocks_; }
  // Along k that a tile holds: fewer than sixteen where there are no more.
  int64_t words() const { return all_ < 1 ? 1 : all_ < kSixteen ? all_ : kSixteen; }
  int64_t all_words() const { return all_; }
  int64_t stride() const { return width_ * 4; }
  const uint32_t* block(int64_t b) const {
    return padded_ && b + 1 == blocks_ ? last_ : words_ + b * kSixteen * width_;
  }

 private:
  const uint32_t* words_;
  int64_t width_;
  int64_t all_;
  int64_t blocks_ = 0;
  bool padded_ = false;
  alignas(64) uint32_t last_[kSixteen * kPanel];
};

// Where a tile's rows lie.
struct Place {
  const void* from;
  int64_t stride;
};

// Words of sixteen rows, each neighbours, as they lie in memory: row after row, the last of which may have half a word.
class WholeRows {
 public:
  WholeRows(const Rows& rows, int64_t first, int64_t count, int64_t k)
      : x_(rows.x + first * rows.row_bytes), row_bytes_(rows.row_bytes), last_block_(INT64_MAX) {
    const int64_t in_last = k % (2 * kSixteen);
    if (in_last == 0 || (k < 2 * kSixteen && k % 2 == 0)) return;
    last_block_ = k / (2 * kSixteen);
    __builtin_memset(last_, 0, static_cast<size_t>(count) * kTileBytes);
    for (int64_t r = 0; r < count; ++r)
      __builtin_memcpy(last_ + r * kSixteen, x_ + r * row_bytes_ + last_block_ * kTileBytes,
                       static_cast<size_t>(in_last) * 2);
  }

  Place block(int64_t b) {
    return b == last_block_ ? Place{last_, kTileBytes} : Place{x_ + b * kTileBytes, row_bytes_};
  }

 private:
  const std::byte* x_;
  int64_t row_bytes_;
  int64_t last_block_;
  alignas(64) uint32_t last_[kSixteen * kSixteen];
};

// Sixteen vectors of words, rows and columns swapped.
PX_TILE_INLINE void transpose(__m512i (&v)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 4)
    for (int h = 0; h < 4; h += 2) {
      t[i + h] = _mm512_unpacklo_epi32(v[i + h], v[i + h + 1]);
      t[i + h + 1] = _mm512_unpackhi_epi32(v[i + h], v[i + h + 1]);
    }
  for (int i = 0; i < 16; i += 4) {
    v[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    v[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    v[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    v[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(v[i], v[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(v[i + 8], v[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    v[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    v[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    v[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

// Rows whose first words are neighbours, then their second ones: turned block by block.
class InterleavedRows {
 public:
  InterleavedRows(const Rows& rows, int64_t first, int64_t count, int64_t k)
      : x_(rows.x + first * rows.row_bytes),
        word_bytes_(rows.word_bytes),
        words_(words_along(k, PX_DTYPE_BF16)),
        wanted_(static_cast<__mmask16>((1u << count) - 1)) {}

  Place block(int64_t b) {
    __m512i v[16];
    const std::byte* from = x_ + b * kSixteen * word_bytes_;
    const int64_t left = words_ - b * kSixteen;
    for (int64_t u = 0; u < 16; ++u)
      v[u] = u < left ? _mm512_maskz_loadu_epi32(wanted_, from + u * word_bytes_) : _mm512_setzero_si512();
    transpose(v);
    for (int r = 0; r < 16; ++r) _mm512_store_si512(turned_ + r * kSixteen, v[r]);
    return {turned_, kTileBytes};
  }

 private:
  const std::byte* x_;
  int64_t word_bytes_;
  int64_t words_;
  __mmask16 wanted_;
  alignas(64) uint32_t turned_[kSixteen * kSixteen];
};

// Up to sixteen rows times C times sixteen columns; results [16, kPanel].
template <int C, class From>
PX_TILE_INLINE void one_by(From& rows, const Columns& columns, Fetch fetch, float* results) {
  zero<0>();
  zero<1>();
  zero<2>();
  zero<3>();
  for (int64_t b = 0; b < columns.blocks(); ++b) {
    for (int64_t i = 0; i < fetch.lines; ++i, fetch.from += 16) __builtin_prefetch(fetch.from, 0, 2);
    const Place row = rows.block(b);
    const uint32_t* column = columns.block(b);
    load<4>(row.from, row.stride);
    load<5>(column, columns.stride());
    multiply_add<0, 4, 5>();
    if constexpr (C > 1) {
      load<6>(column + 16, columns.stride());
      multiply_add<1, 4, 6>();
    }
    if constexpr (C > 2) {
      load<7>(column + 32, columns.stride());
      multiply_add<2, 4, 7>();
    }
    if constexpr (C > 3) {
      load<5>(column + 48, columns.stride());
      multiply_add<3, 4, 5>();
    }
  }
  constexpr int64_t kStride = kPanel * 4;
  store<0>(results, kStride);
  if constexpr (C > 1) store<1>(results + 16, kStride);
  if constexpr (C > 2) store<2>(results + 32, kStride);
  if constexpr (C > 3) store<3>(results + 48, kStride);
}

// Up to 32 rows times C times sixteen columns, from `first` on; results [32, kPanel].
template <int C>
PX_TILE_INLINE void two_by(WholeRows& high, WholeRows& low, const Columns& columns, int64_t first, Fetch& fetch,
                           float* results) {
  zero<0>();
  zero<1>();
  zero<2>();
  zero<3>();
  for (int64_t b = 0; b < columns.blocks(); ++b) {
    for (int64_t i = 0; i < fetch.lines; ++i, fetch.from += 16) __builtin_prefetch(fetch.from, 0, 2);
    const Place above = high.block(b), below = low.block(b);
    const uint32_t* column = columns.block(b) + first;
    load<4>(above.from, above.stride);
    load<6>(column, columns.stride());
    multiply_add<0, 4, 6>();
    load<5>(below.from, below.stride);
    multiply_add<2, 5, 6>();
    if constexpr (C > 1) {
      load<7>(column + 16, columns.stride());
      multiply_add<1, 4, 7>();
      multiply_add<3, 5, 7>();
    }
  }
  constexpr int64_t kStride = kPanel * 4;
  store<0>(results + first, kStride);
  store<2>(results + 16 * kPanel + first, kStride);
  if constexpr (C > 1) {
    store<1>(results + first + 16, kStride);
    store<3>(results + 16 * kPanel + first + 16, kStride);
  }
}

PX_TILE_INLINE void finish_rows(const float* results, int64_t row, int64_t count, const PanelOut& out) {
  for (int64_t r = 0; r < count; ++r)
    for (int64_t column = 0; column < out.columns; column += 16) {
      const Results::V sum = Results::load(results + r * kPanel + column);
      column + 16 <= out.columns ? finish<Results>(sum, out, row + r, column)
                                 : finish_some<Results>(sum, out, row + r, column);
    }
}

template <class From>
PX_TILE_NOINLINE void sixteen_rows(const Rows& rows, int64_t row, int64_t count, const PanelWeights& weights,
                                   const Columns& columns, Fetch fetch, const PanelOut& out) {
  alignas(64) float results[kSixteen * kPanel];
  From from(rows, row, count, weights.k);
  switch ((out.columns + 15) / 16) {
    case 1:
      one_by<1>(from, columns, fetch, results);
      break;
    case 2:
      one_by<2>(from, columns, fetch, results);
      break;
    case 3:
      one_by<3>(from, columns, fetch, results);
      break;
    default:
      one_by<4>(from, columns, fetch, results);
      break;
  }
  finish_rows(results, row, count, out);
}

PX_TILE_NOINLINE void thirty_two_rows(const Rows& rows, int64_t row, int64_t count, const PanelWeights& weights,
                                      const Columns& columns, Fetch fetch, const PanelOut& out) {
  alignas(64) float results[2 * kSixteen * kPanel];
  WholeRows high(rows, row, kSixteen, weights.k), low(rows, row + kSixteen, count - kSixteen, weights.k);
  for (int64_t first = 0; first < out.columns; first += 2 * kSixteen) {
    if (out.columns - first > kSixteen) {
      two_by<2>(high, low, columns, first, fetch, results);
    } else {
      two_by<1>(high, low, columns, first, fetch, results);
    }
  }
  finish_rows(results, row, count, out);
}

// Rows that a turn over the panel takes: one tile of them or two.
PX_TILE_INLINE int64_t next_rows(int64_t left, bool whole_rows) {
  const int64_t most = whole_rows && left > kSixteen ? 2 * kSixteen : kSixteen;
  return left < most ? left : most;
}

}  // namespace amx

void multiply_panel_amx(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  using namespace amx;
  const Columns columns(weights);
  const bool whole_rows = rows.word_bytes == 4;
  const int64_t height = whole_rows ? 2 * kSixteen : kSixteen;
  const int64_t turns = (rows.count + height - 1) / height;
  // Of 16 words along k a block, a line holds one of 16 columns; a turn goes over the blocks once or, by 32 columns,
  // twice.
  const int64_t passes =
      turns * (height == 2 * kSixteen && rows.count > kSixteen && out.columns > 2 * kSixteen ? 2 : 1);
  Fetch fetch{weights.next, weights.next != nullptr ? (weights.width + passes - 1) / passes : 0};
  int64_t configured = 0;
  for (int64_t row = 0; row < rows.count;) {
    const int64_t count = next_rows(rows.count - row, whole_rows);
    if (count != configured)
      configure(count < kSixteen ? count : kSixteen, count > kSixteen ? count - kSixteen : 0, columns.words());
    configured = count;
    if (count > kSixteen) {
      thirty_two_rows(rows, row, count, weights, columns, fetch, out);
    } else if (whole_rows) {
      sixteen_rows<WholeRows>(rows, row, count, weights, columns, fetch, out);
    } else {
      sixteen_rows<InterleavedRows>(rows, row, count, weights, columns, fetch, out);
    }
    fetch.from += passes / turns * columns.blocks() * fetch.lines * 16;
    row += count;
  }
  release();
}

}  // namespace px::kernels
#pragma GCC pop_options
#pragma GCC diagnostic pop

#else

namespace px::kernels {

// No processor but x86's has the level.
void multiply_panel_amx(const Rows&, const PanelWeights&, const PanelOut&) { __builtin_unreachable(); }

}  // namespace px::kernels
#endif
