// The gradient of attention, block of positions by block of queries: five products with panels (gemm.h), between them
// the gradient of the softmax in vectors of floats.
#include <algorithm>

#include "kernels/attention/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention/attention_backward_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/attention/blocks-inl.h"
#include "kernels/attention/softmax-inl.h"

#ifndef PROXIMAL_ATTENTION_GRADIENT
#define PROXIMAL_ATTENTION_GRADIENT
namespace px::kernels {

// A piece of memory for each thing that a turn holds, of all blocks of its sequence or of the pair of blocks at hand.
class GradientMemory {
 public:
  GradientMemory(const AttentionShape& shape, int64_t rows, std::byte* memory)
      : key_words(shape.key_words()), value_words(shape.value_words()),
        width(packed_columns(shape.head_size)) {
    const int64_t blocks = blocks_of(rows);
    uint32_t* next = reinterpret_cast<uint32_t*>(memory);
    const auto take = [&next](int64_t words) {
      uint32_t* const piece = next;
      next += words;
      return piece;
    };
    const auto take_floats = [&take](int64_t n) { return reinterpret_cast<float*>(take(n)); };
    keys_as_columns = take(blocks * key_words);
    values_as_columns = take(blocks * key_words);
    keys_as_steps = take(blocks * value_words);
    queries = take(blocks * key_words);
    d_out = take(blocks * key_words);
    queries_as_steps = take(blocks * value_words);
    d_out_as_steps = take(blocks * value_words);
    lse = take_floats(blocks * kBlock);
    delta = take_floats(blocks * kBlock);
    member = reinterpret_cast<int32_t*>(take(blocks * kBlock));
    d_queries = take_floats(blocks * kBlock * width);
    d_keys = take_floats(kBlock * width);
    d_values = take_floats(kBlock * width);
    scores = take_floats(kBlock * kBlock);
    d_p = take_floats(kBlock * kBlock);
    p_pairs = take(kBlock * kBlock / 2);
    ds_pairs = take(kBlock * kBlock / 2);
    ds_rows = take(kBlock * kBlock / 2);
  }

  static uint64_t bytes(const AttentionShape& shape, int64_t rows) {
    const int64_t width = packed_columns(shape.head_size);
    const int64_t of_block = 4 * shape.key_words() + 3 * shape.value_words() + kBlock * (3 + width);
    return 4 * static_cast<uint64_t>(blocks_of(rows) * of_block + 2 * kBlock * width + 7 * kBlock * kBlock / 2);
  }

  const int64_t key_words, value_words;  // of a block
  const int64_t width;                   // D in whole sixteens
  // Of all blocks: as weights of products along D, of products along positions, ...
  uint32_t *keys_as_columns, *values_as_columns, *keys_as_steps;
  // ... as rows, and as weights of products along queries, of one head.
  uint32_t *queries, *d_out, *queries_as_steps, *d_out_as_steps;
  float *lse, *delta;  // [blocks, kBlock]
  int32_t* member;     // [blocks, kBlock]: which of the family's sequences has the row
  float* d_queries;    // [blocks, kBlock, width]
  float *d_keys, *d_values;  // [kBlock, width] of one block
  // Of a pair of blocks, [kBlock queries, kBlock positions]: scores, then p; gradients of p, then of the scores.
  float *scores, *d_p;
  // The same in bf16, as pairs along queries [kBlock / 2, kBlock] and along positions [kBlock, kBlock / 2].
  uint32_t *p_pairs, *ds_pairs, *ds_rows;
};

// Queries [begin, end) of a pair with the positions that some of them sees.
struct GradientStrip {
  int64_t begin;  // even
  int64_t end;
  int64_t columns;  // whole sixteens
};

struct GradientPair {
  const float* lse;    // of the pair's queries
  const float* delta;
  float scale;
  const SeenRows* seen;  // by each query, counted from the first column; null: all see all columns
};

}  // namespace px::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Gradients of probabilities and of scores.
struct Slopes {
  Floats p, ds;
};

class PairSlopes {
 public:
  HWY_INLINE PairSlopes(const GradientPair& pair, const GradientMemory& memory) : pair_(pair), memory_(memory) {}

  HWY_INLINE void floats(const GradientStrip& strip) const {
    for (int64_t r = strip.begin; r < strip.end; ++r)
      for (int64_t c = 0; c < strip.columns; c += kFloats) {
        const Slopes s = at(r, c);
        hn::StoreU(s.p, fs, memory_.scores + r * kBlock + c);
        hn::StoreU(s.ds, fs, memory_.d_p + r * kBlock + c);
      }
  }

  HWY_INLINE void bf16(const GradientStrip& strip) const {
    auto* const rows = reinterpret_cast<uint16_t*>(memory_.ds_rows);
    for (int64_t r = strip.begin; r < strip.end; r += 2)
      for (int64_t c = 0; c < strip.columns; c += kFloats) {
        const Slopes low = at(r, c);
        // Behind the last query there are zeros.
        const Slopes high = r + 1 < strip.end ? at(r + 1, c) : Slopes{hn::Zero(fs), hn::Zero(fs)};
        const auto low_ds = upper_bf16(fs, low.ds), high_ds = upper_bf16(fs, high.ds);
        hn::StoreU(upper_half(low_ds), Bf16Tag(), rows + r * kBlock + c);
        hn::StoreU(upper_half(high_ds), Bf16Tag(), rows + (r + 1) * kBlock + c);
        hn::StoreU(pair_of_upper(low_ds, high_ds), fbits, memory_.ds_pairs + r / 2 * kBlock + c);
        hn::StoreU(pair_of_upper(upper_bf16_of_p(low.p), upper_bf16_of_p(high.p)), fbits,
                   memory_.p_pairs + r / 2 * kBlock + c);
      }
  }

 private:
  // Which of the columns from c on are in [begin, end).
  static HWY_INLINE auto between(int64_t c, int64_t begin, int64_t end) {
    const Floats column = hn::Iota(fs, static_cast<float>(c));
    return hn::And(hn::Ge(column, splat(static_cast<float>(begin))), hn::Lt(column, splat(static_cast<float>(end))));
  }

  HWY_INLINE Slopes at(int64_t r, int64_t c) const {
    const Floats s = hn::LoadU(fs, memory_.scores + r * kBlock + c);
    Floats p = power_of_e(hn::MulSub(s, splat(pair_.scale), splat(pair_.lse[r])));
    if (pair_.seen != nullptr) {
      const SeenRows& seen = pair_.seen[r];
      p = hn::IfThenElseZero(hn::Or(between(c, seen.shared_begin, seen.shared_end), between(c, seen.begin, seen.end)), p);
    }
    const Floats d_p = hn::Sub(hn::LoadU(fs, memory_.d_p + r * kBlock + c), splat(pair_.delta[r]));
    return {p, hn::Mul(hn::Mul(p, d_p), splat(pair_.scale))};
  }

  const GradientPair& pair_;
  const GradientMemory& memory_;
};

void pair_slopes(const GradientPair& pair, const GradientMemory& memory, const GradientStrip& strip, px_dtype dtype) {
  const PairSlopes slopes(pair, memory);
  dtype == PX_DTYPE_F32 ? slopes.floats(strip) : slopes.bf16(strip);
}

// Rows of a block [count, D], `stride` apart, in the forms that products take; any may be absent.
void write_forms(const AttentionShape& shape, const float* from, int64_t stride, int64_t count, uint32_t* rows,
                 uint32_t* columns, uint32_t* steps) {
  const int64_t words = words_along(shape.head_size, shape.dtype);
  for (int64_t i = 0; i < count && rows != nullptr; ++i)
    words_of_row(from + i * stride, shape.head_size, shape.dtype, rows + i * words);
  // What is not written are zeros.
  const BlockRows block{from, stride, 0, count};
  if (columns != nullptr) {
    if (count < kBlock) std::fill(columns, columns + shape.key_words(), 0u);
    write_columns(shape, block, columns);
  }
  if (steps != nullptr) {
    if (count < kBlock || shape.head_size % 16 != 0) std::fill(steps, steps + shape.value_words(), 0u);
    write_steps(shape, block, steps);
  }
}

// d_out . out of one row and head.
float delta_of_row(const AttentionGradientArgs& args, int64_t row, int64_t head) {
  const int64_t at = row * args.out_stride + head * args.shape.head_size;
  const float* const d_out = args.d_out + row * args.d_out_stride + head * args.shape.head_size;
  const auto with = [&](const auto* out) PX_LANES {
    return sum_of_vectors(args.shape.head_size, [&](Floats sum, int64_t i, auto span) PX_LANES {
      return hn::MulAdd(span.load(d_out + i), span.load(out + i), sum);
    });
  };
  return args.out != nullptr ? with(args.out + at) : with(args.out_bf16 + at);
}

// Rows [count, width] into rows of D, in their place or added to what is there.
void store_rows(const float* from, int64_t width, int64_t count, int64_t size, bool add, float* to, int64_t stride) {
  for (int64_t i = 0; i < count; ++i)
    for_vectors(size, [&](int64_t d, auto span) PX_LANES {
      const Floats value = span.load(from + i * width + d);
      span.store(add ? hn::Add(span.load(to + i * stride + d), value) : value, to + i * stride + d);
    });
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

class Gradient {
 public:
  Gradient(Isa isa, const AttentionGradientArgs& args, const GradientTurn& turn, std::byte* memory)
      : isa_(isa), args_(args), turn_(turn), shape_(args.shape), rows_(turn.rows()), memory_(args.shape, rows_, memory),
        multiply_(multiply_panel(isa, args.shape.dtype)), floats_(args.shape.dtype == PX_DTYPE_F32),
        turned_(turns_columns(isa, args.shape.dtype)),
        words_(words_along(args.shape.head_size, args.shape.dtype)), blocks_(blocks_of(rows_)),
        window_(args.window != 0 ? args.window : kNoWindow) {}

  void run() {
    name_members();
    read_keys_and_values();
    for (int64_t head = turn_.head; head < turn_.head + turn_.heads; ++head) {
      read_queries(head);
      for (int64_t j = 0; j < blocks_; ++j) {
        for (int64_t i = j; i < blocks_; ++i) pair(i, j);
        store(memory_.d_keys, j, head != turn_.head, turn_.d_keys, turn_.d_stride);
        store(memory_.d_values, j, head != turn_.head, turn_.d_values, turn_.d_stride);
      }
      float* const d_queries = args_.d_qkv + turn_.first_row() * args_.d_qkv_stride + head * shape_.head_size;
      for (int64_t i = 0; i < blocks_; ++i)
        store(memory_.d_queries + i * kBlock * memory_.width, i, false, d_queries, args_.d_qkv_stride);
    }
  }

 private:
  int64_t rows_of_block(int64_t b) const { return std::min(kBlock, rows_ - b * kBlock); }

  void store(const float* from, int64_t b, bool add, float* to, int64_t stride) const {
    PX_SELECT(isa_, store_rows)(from, memory_.width, rows_of_block(b), shape_.head_size, add, to + b * kBlock * stride, stride);
  }

  void read_keys_and_values() const {
    const auto write = PX_SELECT(isa_, write_forms);
    for (int64_t b = 0; b < blocks_; ++b) {
      const float* keys = args_.qkv + (turn_.first_row() + b * kBlock) * args_.qkv_stride +
                          (shape_.heads + turn_.kv_head) * shape_.head_size;
      const float* values = keys + shape_.kv_heads * shape_.head_size;
      write(shape_, keys, args_.qkv_stride, rows_of_block(b), nullptr, memory_.keys_as_columns + b * memory_.key_words,
            memory_.keys_as_steps + b * memory_.value_words);
      write(shape_, values, args_.qkv_stride, rows_of_block(b), nullptr,
            memory_.values_as_columns + b * memory_.key_words, nullptr);
    }
  }

  void read_queries(int64_t head) const {
    std::fill_n(memory_.d_queries, blocks_ * kBlock * memory_.width, 0.0f);
    const auto write = PX_SELECT(isa_, write_forms);
    for (int64_t b = 0; b < blocks_; ++b) {
      const int64_t row = turn_.first_row() + b * kBlock;
      write(shape_, args_.qkv + row * args_.qkv_stride + head * shape_.head_size, args_.qkv_stride, rows_of_block(b),
            memory_.queries + b * memory_.key_words, nullptr, memory_.queries_as_steps + b * memory_.value_words);
      write(shape_, args_.d_out + row * args_.d_out_stride + head * shape_.head_size, args_.d_out_stride,
            rows_of_block(b), memory_.d_out + b * memory_.key_words, nullptr,
            memory_.d_out_as_steps + b * memory_.value_words);
      for (int64_t i = 0; i < rows_of_block(b); ++i) {
        memory_.lse[b * kBlock + i] = args_.lse[(row + i) * shape_.heads + head];
        memory_.delta[b * kBlock + i] = PX_SELECT(isa_, delta_of_row)(args_, row + i, head);
      }
    }
  }

  void name_members() const {
    for (int64_t s = 0; s < turn_.family.count; ++s)
      std::fill(memory_.member + turn_.family.offsets[s] - turn_.first_row(),
                memory_.member + turn_.family.offsets[s + 1] - turn_.first_row(), static_cast<int32_t>(s));
  }

  // What a row sees, counted from row `from`.
  SeenRows seen_by(int64_t row, int64_t from) const {
    const int64_t s = memory_.member[row];
    SeenRows seen = SeenRows::of(row, turn_.family.offsets[s] - turn_.first_row(), turn_.family.shared_of(s), window_);
    for (int64_t* const place : {&seen.shared_begin, &seen.shared_end, &seen.begin, &seen.end}) *place -= from;
    return seen;
  }

  // Of queries of block i and positions of block j: whether some query sees some of them, and whether all see all.
  struct Sight {
    bool some = false, all = true;
  };

  Sight sight_of(int64_t i, int64_t j) const {
    const int64_t first = i * kBlock, last = first + rows_of_block(i) - 1;
    // Of one sequence, the first query sees what lies furthest back, and the last one the least of it.
    const int64_t step = memory_.member[first] == memory_.member[last] ? std::max<int64_t>(1, last - first) : 1;
    Sight sight;
    for (int64_t row = first; row <= last; row += step) {
      const SeenRows seen = seen_by(row, j * kBlock);
      sight.some |= std::max<int64_t>(seen.shared_begin, 0) < std::min(seen.shared_end, kBlock) ||
                    std::max<int64_t>(seen.begin, 0) < std::min(seen.end, kBlock);
      sight.all &= (seen.shared_begin <= 0 && seen.shared_end >= kBlock) || (seen.begin <= 0 && seen.end >= kBlock);
    }
    return sight;
  }

  // Queries of block i with positions of block j, if any sees one of them.
  void pair(int64_t i, int64_t j) const {
    const int64_t queries = rows_of_block(i);
    const Sight sight = sight_of(i, j);
    if (!sight.some) return;
    SeenRows seen[kBlock];
    for (int64_t r = 0; r < queries && !sight.all; ++r) seen[r] = seen_by(i * kBlock + r, j * kBlock);
    const GradientPair pair{memory_.lse + i * kBlock, memory_.delta + i * kBlock, args_.scale, sight.all ? nullptr : seen};
    // On the diagonal, strips of sixteen leave most of what nobody sees out.
    const int64_t high = i == j ? 16 : kBlock;
    for (int64_t begin = 0; begin < queries; begin += high) {
      const GradientStrip strip{begin, std::min(queries, begin + high),
                                i == j ? begin + high : packed_columns(rows_of_block(j))};
      multiply_rows(memory_.queries + i * memory_.key_words, memory_.keys_as_columns + j * memory_.key_words, strip,
                    memory_.scores);
      multiply_rows(memory_.d_out + i * memory_.key_words, memory_.values_as_columns + j * memory_.key_words, strip,
                    memory_.d_p);
      PX_SELECT(isa_, pair_slopes)(pair, memory_, strip, shape_.dtype);
      add_to_queries(i, j, strip);
    }
    const int64_t positions = rows_of_block(j);
    const void* const p = slopes_of(memory_.scores, memory_.p_pairs, queries);
    const void* const ds = slopes_of(memory_.d_p, memory_.ds_pairs, queries);
    for (int64_t begin = 0; begin < positions; begin += high) {
      const int64_t end = std::min(positions, begin + high);
      const int64_t seen_from = i == j ? begin : 0;
      add_to_positions(p, begin, end, seen_from, queries, memory_.d_out_as_steps + i * memory_.value_words, i == j,
                       memory_.d_values);
      add_to_positions(ds, begin, end, seen_from, queries, memory_.queries_as_steps + i * memory_.value_words, i == j,
                       memory_.d_keys);
    }
  }

  // Slopes as products along queries take them: turned ones lie in place of the floats that became pairs.
  const void* slopes_of(float* floats, const uint32_t* pairs, int64_t queries) const {
    if (floats_) return floats;
    if (!turned_) return pairs;
    auto* const turned = reinterpret_cast<uint32_t*>(floats);
    turn_words_amx(pairs, (queries + 1) / 2, kBlock, kBlock, turned, kBlock / 2);
    return turned;
  }

  // Rows of the strip times columns [kBlock, D], into [kBlock, kBlock].
  void multiply_rows(const uint32_t* rows, const uint32_t* columns, const GradientStrip& strip, float* to) const {
    PanelOut out;
    out.columns = strip.columns;
    out.out = to + strip.begin * kBlock;
    out.stride = kBlock;
    const auto* const x = reinterpret_cast<const std::byte*>(rows + strip.begin * words_);
    multiply_({x, strip.end - strip.begin, words_ * 4, 4}, {columns, kBlock, floats_ ? words_ : 2 * words_}, out);
  }

  // dq += ds k
  void add_to_queries(int64_t i, int64_t j, const GradientStrip& strip) const {
    const int64_t row_words = floats_ ? kBlock : kBlock / 2;
    const auto* const ds = floats_ ? reinterpret_cast<const uint32_t*>(memory_.d_p) : memory_.ds_rows;
    const auto* const x = reinterpret_cast<const std::byte*>(ds + strip.begin * row_words);
    multiply_steps({x, strip.end - strip.begin, row_words * 4, 4}, memory_.keys_as_steps + j * memory_.value_words, 0,
                   strip.columns, false, memory_.d_queries + (i * kBlock + strip.begin) * memory_.width);
  }

  // dv += p^T d_out or dk += ds^T q for positions [begin, end), over queries [first, last).
  void add_to_positions(const void* slopes, int64_t begin, int64_t end, int64_t first, int64_t last,
                        const uint32_t* steps, bool replace, float* to) const {
    const int64_t first_word = floats_ ? first : first / 2;
    Rows rows = columns_of(isa_, shape_.dtype, slopes, turned_ ? kBlock / 2 : kBlock, begin, end - begin);
    rows.x += first_word * rows.word_bytes;
    multiply_steps(rows, steps, first_word, floats_ ? last - first : (last - first + 1) / 2 * 2, replace,
                   to + begin * memory_.width);
  }

  // Rows times a matrix [D, kBlock] from its word `first` on, k elements of it.
  void multiply_steps(const Rows& rows, const uint32_t* steps, int64_t first, int64_t k, bool replace, float* to) const {
    for (int64_t column = 0; column < memory_.width; column += kPanel) {
      const int64_t width = std::min(kPanel, memory_.width - column);
      PanelOut out;
      out.columns = width;
      out.out = to + column;
      out.residual = replace ? nullptr : out.out;
      out.stride = memory_.width;
      multiply_(rows, {steps + column * words_along(kBlock, shape_.dtype) + first * width, width, k}, out);
    }
  }

  const Isa isa_;
  const AttentionGradientArgs& args_;
  const GradientTurn& turn_;
  const AttentionShape& shape_;
  const int64_t rows_;  // of the family
  const GradientMemory memory_;
  const MultiplyPanel multiply_;
  const bool floats_, turned_;
  const int64_t words_;   // of a row of D
  const int64_t blocks_;
  const int64_t window_;
};

}  // namespace

uint64_t gradient_bytes_cpu(const AttentionShape& shape, int64_t rows) { return GradientMemory::bytes(shape, rows); }

void attention_gradient_cpu(Isa isa, const AttentionGradientArgs& args, const GradientTurn& turn, std::byte* memory) {
  Gradient(isa, args, turn, memory).run();
}

}  // namespace px::kernels
#endif
