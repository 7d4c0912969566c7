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
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,prfchw")
#define PX_TILE_INLINE static inline __attribute__((always_inline))
#define PX_TILE_INLINE_MEMBER inline __attribute__((always_inline))
#define PX_TILE_NOINLINE static __attribute__((noinline))

namespace px::kernels {
namespace amx {

#include "kernels/gemm/results-inl.h"
#include "kernels/gemm/tile-inl.h"

inline constexpr int64_t kSixteen = 16;    // rows, columns and words of a tile
inline constexpr int64_t kTileBytes = 64;  // of a tile's row
inline constexpr int64_t kRun = 20;        // blocks of 32 rows that stay in the first cache: 40 KB
inline constexpr int64_t kManyBlocks = 8;  // along which there is time to fetch what will be written

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

// Of what need not stay in the first cache.
template <int Tile>
PX_TILE_INLINE void load_passing(const void* from, int64_t stride) {
  asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(Tile) : "memory");
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

// Up to sixteen rows of up to sixteen words become columns.
PX_TILE_NOINLINE void turn_square(const uint32_t* words, int64_t rows, int64_t columns, int64_t stride, uint32_t* to,
                                  int64_t to_stride) {
  const auto mask = [](int64_t n) { return static_cast<__mmask16>(n < kSixteen ? (1u << n) - 1 : 0xffffu); };
  __m512i v[16];
  for (int64_t r = 0; r < kSixteen; ++r)
    v[r] = r < rows ? _mm512_maskz_loadu_epi32(mask(columns), words + r * stride) : _mm512_setzero_si512();
  transpose(v);
  for (int64_t c = 0; c < kSixteen && c < columns; ++c) _mm512_mask_storeu_epi32(to + c * to_stride, mask(rows), v[c]);
}

// Where the sums of a tile go, row after row.
struct Sums {
  float* at;
  int64_t stride;  // elements

  PX_TILE_INLINE_MEMBER float* high(int64_t column) const { return at + column; }
  PX_TILE_INLINE_MEMBER float* low(int64_t column) const { return at + kSixteen * stride + column; }
  PX_TILE_INLINE_MEMBER int64_t bytes() const { return stride * 4; }
};

// What is done beside the products of a panel, a little after each block: what will be read next is fetched, the sums
// of the tile before become results, and the lines of this tile's results are fetched for writing. Sums that are the
// results go to their place at once.
class Beside {
 public:
  Beside(const PanelWeights& weights, int64_t passes, const PanelOut& out)
      : next_(weights.next),
        lines_(weights.next != nullptr ? (weights.width + passes - 1) / passes : 0),
        out_(out),
        at_once_(out.out != nullptr && out.out_bf16 == nullptr && out.bias == nullptr && out.residual == nullptr &&
                 (out.columns | out.stride) % kSixteen == 0 && reinterpret_cast<uintptr_t>(out.out) % kTileBytes == 0) {
  }

  // A tile of `count` rows from `row` on is multiplied in `steps` blocks; returns where its sums go.
  Sums begin(int64_t row, int64_t count, int64_t steps) {
    row_ = row;
    count_ = count;
    touched_ = 0;
    to_touch_ = steps >= kManyBlocks ? (count + steps - 1) / steps : 0;
    to_finish_ = steps > 0 ? (waiting_ - finished_ + steps - 1) / steps : 0;
    return at_once_ ? Sums{out_.out + row * out_.stride, out_.stride} : Sums{sums_[turn_], kPanel};
  }

  PX_TILE_INLINE_MEMBER void step() {
    for (int64_t i = 0; i < lines_; ++i, next_ += 16) __builtin_prefetch(next_, 0, 2);
    touch();
    finish(to_finish_);
  }

  // The tile's sums are there; those of the one before become results, as far as they have not.
  void end() {
    if (at_once_) return;
    finish(waiting_);
    waiting_row_ = row_;
    waiting_ = count_;
    finished_ = 0;
    turn_ ^= 1;
  }

  void finish_all() { finish(waiting_); }

 private:
  PX_TILE_INLINE_MEMBER void touch() {
    const int64_t last = touched_ + to_touch_ < count_ ? touched_ + to_touch_ : count_;
    for (; touched_ < last; ++touched_) {
      const int64_t at = (row_ + touched_) * out_.stride;
      for (int64_t c = 0; c < out_.columns && out_.out != nullptr; c += 16) __builtin_prefetch(out_.out + at + c, 1, 3);
      for (int64_t c = 0; c < out_.columns && out_.out_bf16 != nullptr; c += 32)
        __builtin_prefetch(out_.out_bf16 + at + c, 1, 3);
    }
  }

  PX_TILE_INLINE_MEMBER void finish(int64_t rows) {
    const int64_t last = finished_ + rows < waiting_ ? finished_ + rows : waiting_;
    for (; finished_ < last; ++finished_) {
      const float* sums = sums_[turn_ ^ 1] + finished_ * kPanel;
      const int64_t row = waiting_row_ + finished_;
      for (int64_t c = 0; c < out_.columns; c += 16) {
        const Results::V sum = Results::load(sums + c);
        c + 16 <= out_.columns ? amx::finish<Results>(sum, out_, row, c) : finish_some<Results>(sum, out_, row, c);
      }
    }
  }

  const uint32_t* next_;
  const int64_t lines_;
  const PanelOut& out_;
  const bool at_once_;
  int64_t row_ = 0, count_ = 0, touched_ = 0, to_touch_ = 0;
  int64_t waiting_row_ = 0, waiting_ = 0, finished_ = 0, to_finish_ = 0;
  int turn_ = 0;
  alignas(64) float sums_[2][2 * kSixteen * kPanel];
};

// Up to sixteen rows times C times sixteen columns.
template <int C>
PX_TILE_INLINE void one_by(WholeRows& rows, const Columns& columns, Beside& beside, const Sums& sums) {
  zero<0>();
  zero<1>();
  zero<2>();
  zero<3>();
  for (int64_t b = 0; b < columns.blocks(); ++b) {
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
    beside.step();
  }
  store<0>(sums.high(0), sums.bytes());
  if constexpr (C > 1) store<1>(sums.high(16), sums.bytes());
  if constexpr (C > 2) store<2>(sums.high(32), sums.bytes());
  if constexpr (C > 3) store<3>(sums.high(48), sums.bytes());
}

// Blocks [begin, end) of up to 32 rows times C times sixteen columns, whose words begin at `first`.
template <int C>
PX_TILE_INLINE void two_by(WholeRows& high, WholeRows& low, const Columns& columns, int64_t first, int64_t begin,
                           int64_t end, Beside& beside, const Sums& sums) {
  if (begin == 0) {
    zero<0>();
    zero<1>();
    zero<2>();
    zero<3>();
  } else {
    load<0>(sums.high(first), sums.bytes());
    load<2>(sums.low(first), sums.bytes());
    if constexpr (C > 1) {
      load<1>(sums.high(first + 16), sums.bytes());
      load<3>(sums.low(first + 16), sums.bytes());
    }
  }
  for (int64_t b = begin; b < end; ++b) {
    const Place above = high.block(b), below = low.block(b);
    const uint32_t* column = columns.block(b) + first;
    load<4>(above.from, above.stride);
    load_passing<6>(column, columns.stride());
    multiply_add<0, 4, 6>();
    load<5>(below.from, below.stride);
    multiply_add<2, 5, 6>();
    if constexpr (C > 1) {
      load_passing<7>(column + 16, columns.stride());
      multiply_add<1, 4, 7>();
      multiply_add<3, 5, 7>();
    }
    beside.step();
  }
  store<0>(sums.high(first), sums.bytes());
  store<2>(sums.low(first), sums.bytes());
  if constexpr (C > 1) {
    store<1>(sums.high(first + 16), sums.bytes());
    store<3>(sums.low(first + 16), sums.bytes());
  }
}

PX_TILE_NOINLINE void sixteen_rows(const Rows& rows, int64_t row, int64_t count, const PanelWeights& weights,
                                   const Columns& columns, int64_t wanted, Beside& beside) {
  WholeRows from(rows, row, count, weights.k);
  const Sums sums = beside.begin(row, count, columns.blocks());
  switch ((wanted + 15) / 16) {
    case 1:
      one_by<1>(from, columns, beside, sums);
      break;
    case 2:
      one_by<2>(from, columns, beside, sums);
      break;
    case 3:
      one_by<3>(from, columns, beside, sums);
      break;
    default:
      one_by<4>(from, columns, beside, sums);
      break;
  }
  beside.end();
}

// By 32 columns at a time, in runs along k whose rows stay in the first cache.
PX_TILE_NOINLINE void thirty_two_rows(const Rows& rows, int64_t row, int64_t count, const PanelWeights& weights,
                                      const Columns& columns, int64_t wanted, Beside& beside) {
  WholeRows high(rows, row, kSixteen, weights.k), low(rows, row + kSixteen, count - kSixteen, weights.k);
  const int64_t blocks = columns.blocks(), runs = blocks > kRun ? (blocks + kRun - 1) / kRun : 1;
  const Sums sums = beside.begin(row, count, wanted > 2 * kSixteen ? 2 * blocks : blocks);
  for (int64_t run = 0; run < runs; ++run)
    for (int64_t first = 0; first < wanted; first += 2 * kSixteen) {
      const int64_t begin = run * blocks / runs, end = (run + 1) * blocks / runs;
      wanted - first > kSixteen ? two_by<2>(high, low, columns, first, begin, end, beside, sums)
                                : two_by<1>(high, low, columns, first, begin, end, beside, sums);
    }
  beside.end();
}

}  // namespace amx

void turn_words_amx(const uint32_t* words, int64_t rows, int64_t columns, int64_t stride, uint32_t* to,
                    int64_t to_stride) {
  using namespace amx;
  for (int64_t row = 0; row < rows; row += kSixteen)
    for (int64_t column = 0; column < columns; column += kSixteen)
      turn_square(words + row * stride + column, rows - row, columns - column, stride, to + column * to_stride + row,
                  to_stride);
}

void multiply_panel_amx(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  using namespace amx;
  const Columns columns(weights);
  // How often the blocks are gone over: by 32 rows, more than 32 columns in two passes.
  const int64_t wide = out.columns > 2 * kSixteen ? 2 : 1, left = rows.count % kWholeTileRows;
  const int64_t passes = rows.count / kWholeTileRows * wide + (left > kSixteen ? wide : left > 0 ? 1 : 0);
  Beside beside(weights, passes > 0 ? passes : 1, out);
  int64_t configured = 0;
  for (int64_t row = 0; row < rows.count;) {
    const int64_t count = rows.count - row < kWholeTileRows ? rows.count - row : kWholeTileRows;
    if (count != configured)
      configure(count < kSixteen ? count : kSixteen, count > kSixteen ? count - kSixteen : 0, columns.words());
    configured = count;
    count > kSixteen ? thirty_two_rows(rows, row, count, weights, columns, out.columns, beside)
                     : sixteen_rows(rows, row, count, weights, columns, out.columns, beside);
    row += count;
  }
  release();
  beside.finish_all();
}

}  // namespace px::kernels
#pragma GCC pop_options
#pragma GCC diagnostic pop

#else

namespace px::kernels {

// No processor but x86's has the level.
void multiply_panel_amx(const Rows&, const PanelWeights&, const PanelOut&) { __builtin_unreachable(); }
void turn_words_amx(const uint32_t*, int64_t, int64_t, int64_t, uint32_t*, int64_t) { __builtin_unreachable(); }

}  // namespace px::kernels
#endif
