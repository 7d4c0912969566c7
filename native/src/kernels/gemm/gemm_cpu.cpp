// gemm and packing in vectors of floats; bf16 below AVX-512-bf16 is widened in registers.
#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

#include "base/float16.h"
#include "kernels/gemm/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm/gemm_cpu.cpp"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include <hwy/highway.h>

#include "kernels/bf16-inl.h"
#include "kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

#undef PX_TILE_INLINE
#undef PX_TILE_NOINLINE
#define PX_TILE_INLINE static HWY_INLINE
#define PX_TILE_NOINLINE static HWY_NOINLINE
#include "kernels/gemm/tile-inl.h"

using F = hn::ScalableTag<float>;
using W = hn::Rebind<uint32_t, F>;
inline constexpr F f;
inline constexpr W u;

struct Floats {
  using V = hn::Vec<F>;
  using U = hn::Vec<W>;
  static constexpr int kWidth = static_cast<int>(hn::MaxLanes(F()));
  // 32 registers hold tiles of four vectors, 16 of two.
  static constexpr int kColumns = kWidth == 16 ? 4 : 2;
  static constexpr int kPerWord = 1;

  static HWY_INLINE U words(const uint32_t* from) { return hn::LoadU(u, from); }
  static HWY_INLINE U broadcast(uint32_t word) { return hn::Set(u, word); }
  static HWY_INLINE V dot(U x, U w, V sum) { return hn::MulAdd(hn::BitCast(f, x), hn::BitCast(f, w), sum); }
  static HWY_INLINE V zero() { return hn::Zero(f); }
  static HWY_INLINE V load(const float* from) { return hn::LoadU(f, from); }
  static HWY_INLINE V add(V a, V b) { return hn::Add(a, b); }
  static HWY_INLINE void store(V value, float* to) { hn::StoreU(value, f, to); }
  static HWY_INLINE void store_bf16(V value, uint16_t* to) {
    hn::StoreU(nearest_bf16(f, value), hn::Rebind<uint16_t, F>(), to);
  }
};

struct Pairs : Floats {
  static constexpr int kPerWord = 2;

  static HWY_INLINE V low(U pair) { return hn::BitCast(f, hn::ShiftLeft<16>(pair)); }
  static HWY_INLINE V high(U pair) { return hn::BitCast(f, hn::And(pair, hn::Set(u, 0xffff0000u))); }
  static HWY_INLINE V dot(U x, U w, V sum) { return hn::MulAdd(high(x), high(w), hn::MulAdd(low(x), low(w), sum)); }
};

// Element (n, k) as it will be multiplied.
template <class From, class To>
HWY_INLINE To element(const Unpacked& from, int64_t n, int64_t k) {
  const From value = static_cast<const From*>(from.data)[n * from.n_stride + k * from.k_stride];
  if constexpr (std::is_same_v<From, To>) {
    return value;
  } else {
    return to_bf16(value);
  }
}

// The word of column n at step s: a float, or two neighbours along k.
template <class From, class To>
HWY_INLINE uint32_t word(const Unpacked& from, int64_t k, int64_t n, int64_t s) {
  if constexpr (std::is_same_v<To, float>) {
    return std::bit_cast<uint32_t>(element<float, float>(from, n, s));
  } else {
    const uint32_t low = element<From, To>(from, n, 2 * s);
    const uint32_t high = 2 * s + 1 < k ? element<From, To>(from, n, 2 * s + 1) : 0;
    return low | high << 16;
  }
}

#if HWY_TARGET == HWY_SCALAR
// Without vectors nothing is turned.
template <class From, class To>
HWY_INLINE int64_t turn_panel(const Unpacked&, int64_t, int64_t, int64_t, int64_t, uint32_t*) {
  return 0;
}
#else
// Steps of sixteen columns that are turned together.
inline constexpr int64_t kTurned = 64;

// Neighbours along k as words: `words` of them, in whole vectors.
template <class From, class To>
HWY_INLINE void words_of(const From* from, int64_t words, uint32_t* to) {
  if constexpr (std::is_same_v<From, To>) {
    std::memcpy(to, from, static_cast<size_t>(words) * 4);
  } else {
    auto* halves = reinterpret_cast<uint16_t*>(to);
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(f));
    for (int64_t i = 0; i < 2 * words; i += lanes)
      hn::StoreU(nearest_bf16(f, hn::LoadU(f, from + i)), hn::Rebind<uint16_t, F>(), halves + i);
  }
}

// Up to sixteen columns that lie one behind the other, `steps` of each, a multiple of 16: vectors of columns, `width`
// words from step to step. Four steps of four columns are a square in a block of 128 bits, which is turned there.
template <class From, class To>
HWY_INLINE void turn(const From* from, int64_t stride, int64_t columns, int64_t steps, int64_t width, uint32_t* to) {
  constexpr int64_t kSquare = 4, kLine = 16;
  HWY_ALIGN uint32_t lines[kTurned * kLine];  // four steps of columns c, c + 4, c + 8, c + 12 lie together
  HWY_ALIGN uint32_t words[kTurned];
  if (columns < kLine) std::fill(lines, lines + steps * kLine, 0u);
  for (int64_t c = 0; c < columns; ++c) {
    words_of<From, To>(from + c * stride, steps, words);
    uint32_t* line = lines + c % kSquare * kLine + c / kSquare * kSquare;
    for (int64_t s = 0; s < steps; s += kSquare, line += kSquare * kLine) std::memcpy(line, words + s, 16);
  }
  const hn::Repartition<uint64_t, W> pairs;
  for (int64_t s = 0; s < steps; s += kSquare)
    for (int64_t half = 0; half < kLine; half += static_cast<int64_t>(hn::Lanes(u))) {
      const uint32_t* line = lines + s * kLine + half;
      const auto a = hn::Load(u, line), b = hn::Load(u, line + kLine);
      const auto c = hn::Load(u, line + 2 * kLine), d = hn::Load(u, line + 3 * kLine);
      const auto low_ab = hn::BitCast(pairs, hn::InterleaveLower(u, a, b));
      const auto low_cd = hn::BitCast(pairs, hn::InterleaveLower(u, c, d));
      const auto high_ab = hn::BitCast(pairs, hn::InterleaveUpper(u, a, b));
      const auto high_cd = hn::BitCast(pairs, hn::InterleaveUpper(u, c, d));
      uint32_t* out = to + s * width + half;
      hn::StoreU(hn::BitCast(u, hn::InterleaveLower(pairs, low_ab, low_cd)), u, out);
      hn::StoreU(hn::BitCast(u, hn::InterleaveUpper(pairs, low_ab, low_cd)), u, out + width);
      hn::StoreU(hn::BitCast(u, hn::InterleaveLower(pairs, high_ab, high_cd)), u, out + 2 * width);
      hn::StoreU(hn::BitCast(u, hn::InterleaveUpper(pairs, high_ab, high_cd)), u, out + 3 * width);
    }
}

// Steps that are neighbours in memory, of the columns of a panel: in whole sixteens as far as they go. Returns how
// many.
template <class From, class To>
HWY_INLINE int64_t turn_panel(const Unpacked& from, int64_t first, int64_t columns, int64_t steps, int64_t width,
                              uint32_t* to) {
  const int64_t whole = steps / 16 * 16, per_step = std::is_same_v<To, float> ? 1 : 2;
  for (int64_t s = 0; s < whole; s += kTurned)
    for (int64_t c = 0; c < columns; c += 16) {
      const From* at = static_cast<const From*>(from.data) + (first + c) * from.n_stride + s * per_step;
      turn<From, To>(at, from.n_stride, std::min<int64_t>(16, columns - c), std::min(kTurned, whole - s), width,
                     to + s * width + c);
    }
  return whole;
}
#endif  // vectors

// A plain loop where columns are neighbours in memory: the compiler makes vectors of it.
template <class From, class To>
HWY_INLINE void pack(const Unpacked& from, const Packed& shape, uint32_t* words, int64_t begin, int64_t end) {
  const int64_t steps = words_along(shape.k, shape.dtype);
  const int64_t whole = shape.dtype == PX_DTYPE_F32 ? steps : shape.k / 2;
  for (int64_t first = begin; first < end; first += kPanel) {
    const int64_t columns = std::min(kPanel, end - first);
    const int64_t width = packed_columns(columns);
    uint32_t* to = words + first * steps;
    std::fill(to, to + (columns < width ? steps * width : 0), 0u);
    if (from.n_stride == 1) {
      for (int64_t s = 0; s < whole; ++s)
        for (int64_t c = 0; c < columns; ++c) to[s * width + c] = word<From, To>(from, INT64_MAX, first + c, s);
    } else {
      for (int64_t s = turn_panel<From, To>(from, first, columns, whole, width, to); s < whole; ++s)
        for (int64_t c = 0; c < columns; ++c) to[s * width + c] = word<From, To>(from, INT64_MAX, first + c, s);
    }
    for (int64_t c = 0; c < columns && whole < steps; ++c)
      to[whole * width + c] = word<From, To>(from, shape.k, first + c, whole);
  }
}

}  // namespace

void panel_f32(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  multiply_panel_with<Floats>(rows, weights, out);
}

void panel_bf16(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  multiply_panel_with<Pairs>(rows, weights, out);
}

// Packs the panels of columns [begin, end), which begin at a whole panel.
void pack_columns(const Unpacked& from, const Packed& shape, uint32_t* words, int64_t begin, int64_t end) {
  if (shape.dtype == PX_DTYPE_F32) {
    pack<float, float>(from, shape, words, begin, end);
  } else if (from.dtype == PX_DTYPE_F32) {
    pack<float, uint16_t>(from, shape, words, begin, end);
  } else {
    pack<uint16_t, uint16_t>(from, shape, words, begin, end);
  }
}

// Rows 2 u and 2 u + 1 of a matrix [m, n] side by side.
template <class From>
HWY_INLINE void interleave(const From* x, int64_t m, int64_t n, int64_t stride, int64_t u, uint32_t* to) {
  const auto half = [](From value) -> uint32_t {
    if constexpr (std::is_same_v<From, float>) {
      return to_bf16(value);
    } else {
      return value;
    }
  };
  const From* low = x + 2 * u * stride;
  if (2 * u + 1 < m) {
    for (int64_t c = 0; c < n; ++c) to[c] = half(low[c]) | half(low[stride + c]) << 16;
  } else {
    for (int64_t c = 0; c < n; ++c) to[c] = half(low[c]);
  }
}

// Their elements from column `first` on, n of them.
void interleave_rows(const void* x, px_dtype dtype, int64_t m, int64_t first, int64_t n, int64_t stride, int64_t u,
                     uint32_t* to) {
  dtype == PX_DTYPE_F32 ? interleave(static_cast<const float*>(x) + first, m, n, stride, u, to)
                        : interleave(static_cast<const uint16_t*>(x) + first, m, n, stride, u, to);
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

MultiplyPanel multiply_panel_cpu(Isa isa, px_dtype dtype) {
  return dtype == PX_DTYPE_F32 ? PX_SELECT(isa, panel_f32) : PX_SELECT(isa, panel_bf16);
}

Packed gemm_pack(const Cpu& cpu, const Unpacked& from, Packed shape, uint32_t* words) {
  const auto pack = cpu.isa == Isa::kScalar ? &HWY_STATIC_DISPATCH(pack_columns) : PX_SELECT(cpu.isa, pack_columns);
  cpu.pool.for_each((shape.n + kPanel - 1) / kPanel, [&](int64_t panel) noexcept {
    pack(from, shape, words, panel * kPanel, std::min(shape.n, (panel + 1) * kPanel));
  });
  shape.words = words;
  return shape;
}

void gemm_interleave(const Cpu& cpu, const void* x, px_dtype dtype, int64_t m, int64_t n, int64_t stride, Pairs to) {
  const auto lay =
      cpu.isa == Isa::kScalar ? &HWY_STATIC_DISPATCH(interleave_rows) : PX_SELECT(cpu.isa, interleave_rows);
  const int64_t pairs = (m + 1) / 2;
  if (!turns_columns(cpu.isa, PX_DTYPE_BF16)) {
    cpu.pool.for_each(pairs, [&](int64_t u) noexcept { lay(x, dtype, m, 0, n, stride, u, to.words + u * to.stride); });
    return;
  }
  constexpr int64_t kColumns = 256;
  cpu.pool.for_each((pairs + kTurnedRows - 1) / kTurnedRows, [&](int64_t i) noexcept {
    alignas(64) uint32_t some[kTurnedRows * kColumns];
    const int64_t begin = i * kTurnedRows, rows = std::min(kTurnedRows, pairs - begin);
    for (int64_t first = 0; first < n; first += kColumns) {
      const int64_t columns = std::min(kColumns, n - first);
      for (int64_t u = 0; u < rows; ++u) lay(x, dtype, m, first, columns, stride, begin + u, some + u * kColumns);
      turn_words_amx(some, rows, columns, kColumns, to.words + first * to.stride + begin, to.stride);
    }
  });
}

}  // namespace px::kernels
#endif
