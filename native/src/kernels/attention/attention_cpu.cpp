// attention tile by tile: products with panels (gemm.h), between them the softmax in vectors of floats.
#include <algorithm>
#include <limits>

#include "kernels/attention/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention/attention_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/attention/blocks-inl.h"
#include "kernels/attention/softmax-inl.h"

#ifndef PROXIMAL_ATTENTION_TILE
#define PROXIMAL_ATTENTION_TILE
namespace px::kernels {

// What a tile remembers. Row r is query r / group with head r % group of the group.
struct TileState {
  TileState(const AttentionShape& shape, std::byte* memory) : width(packed_columns(shape.head_size)) {
    const int64_t rows = queries_of_tile(shape) * shape.group();
    scores = reinterpret_cast<float*>(memory);
    out = scores + rows * kBlock;
    largest = out + rows * width;
    sum = largest + packed_columns(rows);
    sums = sum + packed_columns(rows);
    queries = reinterpret_cast<uint32_t*>(sums + rows * kSums);
  }

  static constexpr int64_t kSums = 16;

  static uint64_t bytes(const AttentionShape& shape) {
    const int64_t rows = queries_of_tile(shape) * shape.group();
    const int64_t of_row = kBlock + packed_columns(shape.head_size) + kSums + words_along(shape.head_size, shape.dtype);
    return 4 * static_cast<uint64_t>(rows * of_row + 2 * packed_columns(rows));
  }

  float* scores;      // [rows, kBlock]; then probabilities, as floats or in half as many words
  float* out;         // [rows, width]: sum_j e^(s_j - largest) v_j
  float* largest;     // [rows] of the scores so far
  float* sums;        // [rows, kSums] of e^(s_j - largest), lane by lane of a vector
  float* sum;         // [rows], of the lanes
  uint32_t* queries;  // [rows, words of D]
  int64_t width;      // D in whole sixteens
};

// A block of a tile.
struct SoftmaxBlock {
  int64_t rows;
  int64_t group;
  int64_t sixteens;  // computed columns
  // Row r sees the columns above first + r / group - window up to first + r / group.
  int64_t first;
  int64_t window;
  bool masked;     // whether some row does not see all computed columns
  bool begin;      // the tile's first block
  bool bf16;
  float scale;
};

}  // namespace px::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Scores [kBlock] of one row to probabilities, relative to the largest score so far.
template <int kVectors, bool kMasked>
HWY_INLINE void softmax_row(const SoftmaxBlock& block, const TileState& state, int64_t row) {
  float* const scores = state.scores + row * kBlock;
  const Floats kLowest = splat(-std::numeric_limits<float>::infinity());
  const int64_t last = block.first + row / block.group;
  const Floats end = splat(static_cast<float>(std::min(last, kBlock)));
  const Floats begin = splat(static_cast<float>(std::max<int64_t>(last - block.window, -1)));
  Floats s[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    s[v] = hn::Mul(hn::LoadU(fs, scores + v * kFloats), splat(block.scale));
    if constexpr (kMasked) {
      const Floats column = hn::Iota(fs, static_cast<float>(v * kFloats));
      s[v] = hn::IfThenElse(hn::And(hn::Le(column, end), hn::Gt(column, begin)), s[v], kLowest);
    }
  }
  Floats most = s[0];
  for (int v = 1; v < kVectors; ++v) most = hn::Max(most, s[v]);
  const float before = state.largest[row];
  const float largest = std::max(before, hn::GetLane(hn::MaxOfLanes(fs, most)));
  // A row that has seen nothing yet has no largest score: e^(-inf) is 0 relative to any number.
  const Floats base = splat(largest == -std::numeric_limits<float>::infinity() ? 0 : largest);
  Floats p[kVectors];
  for (int v = 0; v < kVectors; ++v) p[v] = power_of_e(hn::Sub(s[v], base));
  // NUMERICS: vectors in ascending order; those that are not computed would add zeros.
  Floats sum = p[0];
  for (int v = 1; v < kVectors; ++v) sum = hn::Add(sum, p[v]);
  float* const sums = state.sums + row * TileState::kSums;
  if (block.begin) {
    state.largest[row] = largest;
  } else if (largest != before) {
    const Floats shrink = power_of_e(hn::Sub(splat(before), base));
    float* const out = state.out + row * state.width;
    for (int64_t d = 0; d < state.width; d += kFloats)
      hn::StoreU(hn::Mul(hn::LoadU(fs, out + d), shrink), fs, out + d);
    sum = hn::MulAdd(hn::LoadU(fs, sums), shrink, sum);
    state.largest[row] = largest;
  } else {
    sum = hn::Add(hn::LoadU(fs, sums), sum);
  }
  hn::StoreU(sum, fs, sums);
  if (block.bf16) {
    // A NaN among them is in the sum too, and so in the whole row.
    auto* const halves = reinterpret_cast<uint16_t*>(scores);
    for (int v = 0; v < kVectors; ++v) hn::StoreU(upper_half(upper_bf16_of_p(p[v])), Bf16Tag(), halves + v * kFloats);
  } else {
    for (int v = 0; v < kVectors; ++v) hn::StoreU(p[v], fs, scores + v * kFloats);
  }
}

template <int kVectors>
HWY_INLINE void softmax_rows(const SoftmaxBlock& block, const TileState& state) {
  if (block.masked) {
    for (int64_t r = 0; r < block.rows; ++r) softmax_row<kVectors, true>(block, state, r);
  } else {
    for (int64_t r = 0; r < block.rows; ++r) softmax_row<kVectors, false>(block, state, r);
  }
}

void softmax_block(const SoftmaxBlock& block, const TileState& state) {
  constexpr int kSixteen = static_cast<int>(16 / kFloats);
  switch (block.sixteens) {
    case 1: return softmax_rows<kSixteen>(block, state);
    case 2: return softmax_rows<2 * kSixteen>(block, state);
    case 3: return softmax_rows<3 * kSixteen>(block, state);
    default: return softmax_rows<4 * kSixteen>(block, state);
  }
}

// Out over sum, and log-sum-exp, of the rows of a tile.
void finish_tile(const AttentionArgs& args, const AttentionTile& tile, const TileState& state) {
  const int64_t group = args.shape.group(), size = args.shape.head_size;
  const int64_t rows = tile.queries * group;
  for (int64_t r = 0; r < rows; ++r) {
    state.sum[r] = hn::GetLane(hn::SumOfLanes(fs, hn::LoadU(fs, state.sums + r * TileState::kSums)));
    const int64_t row = tile.sequence->first_row + tile.first + r / group;
    const int64_t at = row * args.out_stride + (tile.kv_head * group + r % group) * size;
    const Floats scale = splat(1 / state.sum[r]);
    float* const out = args.out != nullptr ? args.out + at : nullptr;
    uint16_t* const out_bf16 = args.out_bf16 != nullptr ? args.out_bf16 + at : nullptr;
    for_vectors(size, [&](int64_t i, auto span) PX_LANES {
      // Whether a sum that vanishes is 0 or -0 depends on what was multiplied with probabilities of 0: + 0 makes it 0.
      const Floats value = hn::MulAdd(hn::LoadU(fs, state.out + r * state.width + i), scale, hn::Zero(fs));
      store_both(span, value, out, out_bf16, i);
    });
  }
  if (args.lse == nullptr) return;
  for (int64_t r = 0; r < rows; r += kFloats)
    hn::StoreU(hn::Add(hn::LoadU(fs, state.largest + r), natural_log(hn::LoadU(fs, state.sum + r))), fs, state.sum + r);
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t row = tile.sequence->first_row + tile.first + r / group;
    args.lse[row * args.shape.heads + tile.kv_head * group + r % group] = state.sum[r];
  }
}

void read_queries(const AttentionArgs& args, const AttentionTile& tile, const TileState& state) {
  const int64_t group = args.shape.group(), size = args.shape.head_size;
  const int64_t words = words_along(size, args.shape.dtype);
  const float* row = args.qkv + (tile.sequence->first_row + tile.first) * args.qkv_stride + tile.kv_head * group * size;
  uint32_t* to = state.queries;
  for (int64_t i = 0; i < tile.queries; ++i, row += args.qkv_stride)
    for (int64_t h = 0; h < group; ++h, to += words) words_of_row(row + h * size, size, args.shape.dtype, to);
}

void write_block(const AttentionShape& shape, const BlockPart& part, uint32_t* block) {
  if (part.begin == 0) std::fill(block, block + shape.block_words(), 0u);
  write_columns(shape, {part.keys, part.stride, part.begin, part.end}, block);
  write_steps(shape, {part.values, part.stride, part.begin, part.end}, block + shape.key_words());
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

class Tile {
 public:
  Tile(Isa isa, const AttentionArgs& args, const AttentionTile& tile, std::byte* memory)
      : isa_(isa), args_(args), tile_(tile), shape_(args.shape), state_(args.shape, memory),
        multiply_(multiply_panel(isa, args.shape.dtype)), rows_(tile.queries * args.shape.group()),
        first_(tile.sequence->position + tile.first), last_(first_ + tile.queries - 1) {}

  void run() {
    PX_SELECT(isa_, read_queries)(args_, tile_, state_);
    std::fill(state_.largest, state_.largest + packed_columns(rows_), -std::numeric_limits<float>::infinity());
    std::fill(state_.sum, state_.sum + packed_columns(rows_), 0.0f);
    const int64_t begin = first_block(args_, *tile_.sequence, tile_.first);
    for (int64_t b = begin; b <= last_ / kBlock; ++b) {
      const int64_t sixteens = std::min<int64_t>(4, (last_ - b * kBlock) / 16 + 1);
      const uint32_t* keys = tile_.sequence->blocks[b] + args_.block_offset + tile_.kv_head * shape_.block_words();
      const uint32_t* next =
          b < last_ / kBlock ? tile_.sequence->blocks[b + 1] + (keys - tile_.sequence->blocks[b]) : tile_.next;
      multiply_keys(keys, 16 * sixteens, next);
      PX_SELECT(isa_, softmax_block)(softmax(b, sixteens, b == begin), state_);
      multiply_values(keys + shape_.key_words(), 16 * sixteens, b == begin,
                      next != nullptr ? next + shape_.key_words() : nullptr);
    }
    PX_SELECT(isa_, finish_tile)(args_, tile_, state_);
  }

 private:
  SoftmaxBlock softmax(int64_t b, int64_t sixteens, bool begin) const {
    const int64_t first = first_ - b * kBlock;
    const int64_t window = args_.window != 0 ? args_.window : kNoWindow;
    const bool masked = first < 16 * sixteens - 1 || last_ - b * kBlock >= window;
    return {rows_, shape_.group(), sixteens, first, window, masked, begin, shape_.dtype == PX_DTYPE_BF16, args_.scale};
  }

  void multiply_keys(const uint32_t* keys, int64_t columns, const uint32_t* next) const {
    const int64_t words = words_along(shape_.head_size, shape_.dtype);
    // Rows and panel are filled with zeros to whole words.
    const int64_t k = shape_.dtype == PX_DTYPE_F32 ? words : 2 * words;
    PanelOut out;
    out.columns = columns;
    out.out = state_.scores;
    out.stride = kBlock;
    multiply_(rows_of(state_.queries, words), {keys, kBlock, k, next}, out);
  }

  void multiply_values(const uint32_t* values, int64_t k, bool begin, const uint32_t* next) const {
    for (int64_t first = 0; first < state_.width; first += kPanel) {
      const int64_t width = std::min(kPanel, state_.width - first);
      PanelOut out;
      out.columns = width;
      out.out = state_.out + first;
      out.residual = begin ? nullptr : out.out;
      out.stride = state_.width;
      multiply_(rows_of(state_.scores, kBlock),
                {values + first * words_along(kBlock, shape_.dtype), width, k, next}, out);
      next = nullptr;
    }
  }

  Rows rows_of(const void* words, int64_t stride) const {
    return {static_cast<const std::byte*>(words), rows_, stride * 4, 4};
  }

  const Isa isa_;
  const AttentionArgs& args_;
  const AttentionTile& tile_;
  const AttentionShape& shape_;
  const TileState state_;
  const MultiplyPanel multiply_;
  const int64_t rows_;
  const int64_t first_, last_;  // positions
};

}  // namespace

uint64_t attention_tile_bytes(const AttentionShape& shape) { return TileState::bytes(shape); }

void attention_tile_cpu(Isa isa, const AttentionArgs& args, const AttentionTile& tile, std::byte* memory) {
  Tile(isa, args, tile, memory).run();
}

void write_block_cpu(Isa isa, const AttentionShape& shape, const BlockPart& part, uint32_t* block) {
  const auto write = isa == Isa::kScalar ? &HWY_STATIC_DISPATCH(write_block) : PX_SELECT(isa, write_block);
  write(shape, part, block);
}

}  // namespace px::kernels
#endif
