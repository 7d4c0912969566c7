// attention: causal, over the keys and values of a row's own sequence; several heads of queries may share a head of them.
//
//   s_j = scale q . k_j for the positions j that a row at position i sees: i - window < j <= i
//   p_j = e^(s_j - max s) / sum, out = sum_j p_j v_j, lse = max s + log sum
//
// Source: Milakov and Gimelshein 2018 (arXiv 1805.02867), the running maximum; Dao et al. 2022 (arXiv 2205.14135), the
// blocks. Keys and values lie in blocks of kBlock positions, packed as gemm.h has it: the keys of a block are a panel
// [kBlock, D], its values a matrix [D, kBlock]. A sequence is a table of pointers to its blocks: pages of a cache, or
// one behind the other. So prefill, decoding and training run the same code.
//
// NUMERICS: a row goes over its blocks in ascending order, by float sums of products (gemm.h). What a row does not see
// has a probability of exactly 0 and adds nothing, so a row's bits depend on its query and on the keys and values it sees
// alone: not on the rows that are computed beside it, what else is in its last block, where blocks lie, or the threads.
// Only a value that is not finite also reaches rows of its block that do not see it, since 0 times it is not 0.
// Queries and probabilities are rounded to the dtype of the blocks; sum adds the unrounded ones. The scalar level
// computes in double and rounds queries alone.
//
// Traffic per row and head of keys: its keys and values once for a tile of queries. Memory: linear in the tokens.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/gemm/gemm.h"

namespace px::kernels {

// Positions of a block: one panel. The first block of a sequence begins at its position 0.
inline constexpr int64_t kBlock = kPanel;

// Wider than any sequence is long.
inline constexpr int64_t kNoWindow = int64_t{1} << 60;

struct AttentionShape {
  int64_t heads = 0;     // Hq, of queries
  int64_t kv_heads = 0;  // Hkv, of keys and of values; a divisor of Hq
  int64_t head_size = 0;  // D
  px_dtype dtype = PX_DTYPE_F32;  // of the blocks: F32 or BF16

  int64_t group() const { return heads / kv_heads; }
  int64_t row() const { return (heads + 2 * kv_heads) * head_size; }  // queries, keys and values of a token
  int64_t key_words() const { return kBlock * words_along(head_size, dtype); }
  int64_t value_words() const { return packed_words(head_size, kBlock, dtype); }
  int64_t block_words() const { return key_words() + value_words(); }  // of one head: keys, then values
};

// Checks the sizes, and that there are not too many rows of them.
void check_attention_shape(const AttentionShape& shape, int64_t rows);

inline int64_t blocks_of(int64_t positions) { return (positions + kBlock - 1) / kBlock; }

// Rows of one sequence: `rows` of them from row `first_row`, whose positions are `position` and up.
struct AttentionSequence {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t position = 0;
  // [blocks_of(position + rows)]; those that no row sees are not read.
  uint32_t* const* blocks = nullptr;
};

struct AttentionArgs {
  AttentionShape shape;
  float scale = 1;
  int64_t window = 0;  // positions that a row sees, itself among them; 0: all
  const AttentionSequence* sequences = nullptr;
  int64_t count = 0;         // S, sequences
  int64_t block_offset = 0;  // words from a table's pointer to the block of head 0; those of the other heads follow it
  const float* qkv = nullptr;  // [N, Hq + 2 Hkv, D]: queries, keys, values, turned by their positions
  int64_t qkv_stride = 0;      // elements from row to row
  float* out = nullptr;          // [N, Hq, D], optional
  uint16_t* out_bf16 = nullptr;  // [N, Hq, D], optional: out rounded to nearest even
  int64_t out_stride = 0;        // elements from row to row of both
  float* lse = nullptr;          // [N, Hq], optional
  std::byte* workspace = nullptr;  // attention_workspace() bytes, aligned to 64
};

uint64_t attention_workspace(const AttentionShape& shape, int64_t sequences, int threads);

// Writes keys and values of the rows into their places in the blocks. A block's first position clears the others.
void attention_write(const Cpu& cpu, const AttentionArgs& args);

// Reads queries of rows, and blocks that hold keys and values of these and of all earlier positions.
// Deterministic for any thread count.
void attention(const Cpu& cpu, const AttentionArgs& args);

// Whole sequences, one behind the other: sequence s has rows offsets[s] to offsets[s + 1]. Their blocks live in the
// workspace, for the length of the call.
//
// Sequences that begin alike may be a family: those behind its first one have its first shared[s] rows for their own
// first positions, and rows of their own for what follows.
struct PackedSequences {
  const int64_t* offsets = nullptr;  // [S + 1]
  int64_t count = 0;                 // S
  const int64_t* shared = nullptr;   // [S], optional; 0: begins a family

  int64_t rows() const { return offsets[count] - offsets[0]; }
  int64_t rows(int64_t s) const { return offsets[s + 1] - offsets[s]; }
  int64_t shared_of(int64_t s) const { return shared != nullptr ? shared[s] : 0; }
  int64_t length(int64_t s) const { return shared_of(s) + rows(s); }
  // Behind the last of the sequences whose family begins with s.
  int64_t family_end(int64_t s) const {
    while (++s < count && shared_of(s) > 0) {
    }
    return s;
  }
};

uint64_t packed_attention_workspace(const AttentionShape& shape, const PackedSequences& sequences, int threads);

// Writes, then reads; sequences, count and block_offset of `args` are not used.
void packed_attention(const Cpu& cpu, AttentionArgs args, const PackedSequences& sequences);

// The gradient of whole sequences; rows that a family shares get all its sequences'.
// dp_j = d_out . v_j, delta = d_out . out, ds_j = p_j (dp_j - delta) scale:
// dq = sum_j ds_j k_j, dk_j = sum ds_j q and dv_j = sum p_j d_out over the rows and heads that see j.
struct AttentionGradientArgs {
  AttentionShape shape;
  float scale = 1;
  int64_t window = 0;
  const float* qkv = nullptr;  // [N, Hq + 2 Hkv, D] of the forward pass
  int64_t qkv_stride = 0;
  const float* out = nullptr;          // [N, Hq, D] of the forward pass; or
  const uint16_t* out_bf16 = nullptr;  // the same in bf16
  int64_t out_stride = 0;              // of both
  const float* lse = nullptr;          // [N, Hq] of the forward pass
  const float* d_out = nullptr;        // [N, Hq, D]
  int64_t d_out_stride = 0;
  float* d_qkv = nullptr;  // [N, Hq + 2 Hkv, D]
  int64_t d_qkv_stride = 0;
  std::byte* workspace = nullptr;  // packed_attention_backward_workspace() bytes, aligned to 64
};

uint64_t packed_attention_backward_workspace(const AttentionShape& shape, const PackedSequences& sequences, int threads);

// NUMERICS: what is multiplied (queries, keys, values, d_out, p, ds) is rounded to the dtype of the shape; sums over rows
// run in ascending order, head by head. Deterministic for any thread count; a family's gradient is its own. The scalar
// level computes in double from qkv and d_out alone.
void packed_attention_backward(const Cpu& cpu, const AttentionGradientArgs& args, const PackedSequences& sequences);

// Some queries of one sequence with one head of keys.
struct AttentionTile {
  const AttentionSequence* sequence = nullptr;
  int64_t kv_head = 0;
  int64_t first = 0;  // of the sequence's rows
  int64_t queries = 0;
  const uint32_t* next = nullptr;  // the block that the thread reads behind this tile's, optional; fetched meanwhile
};

// The first of the blocks of positions that row `row` sees; in AttentionArgs a window of 0 sees all.
inline int64_t first_block(const AttentionArgs& args, const AttentionSequence& sequence, int64_t row) {
  return args.window != 0 ? std::max<int64_t>(0, sequence.position + row - args.window + 1) / kBlock : 0;
}

// Rows (queries x heads) of a tile: what a tile holds stays in the first cache.
inline constexpr int64_t kTileTarget = 64;

int64_t queries_of_tile(const AttentionShape& shape);
uint64_t attention_tile_bytes(const AttentionShape& shape);

using RunTile = void (*)(Isa, const AttentionArgs&, const AttentionTile&, std::byte* memory);
void attention_tile_ref(Isa isa, const AttentionArgs& args, const AttentionTile& tile, std::byte* memory);
void attention_tile_cpu(Isa isa, const AttentionArgs& args, const AttentionTile& tile, std::byte* memory);

// Positions [begin, end) of one block of one head.
struct BlockPart {
  const float* keys = nullptr;  // of position `begin`; the next one's are `stride` behind
  const float* values = nullptr;
  int64_t stride = 0;
  int64_t begin = 0;
  int64_t end = 0;
};

// Which rows of its family a row sees, as two ranges: of those that its sequence shares, and of its own.
struct SeenRows {
  int64_t shared_begin, shared_end, begin, end;

  // Row `row` of a family belongs to the sequence whose own rows begin at `start`, after `shared` of the family's first.
  static SeenRows of(int64_t row, int64_t start, int64_t shared, int64_t window) {
    const int64_t position = row - start + shared;
    return {std::max<int64_t>(0, position - window + 1), shared, std::max(start, row - window + 1), row + 1};
  }
};

// One family's gradient through some of the heads that share a head of keys.
struct GradientTurn {
  PackedSequences family;
  int64_t first_row() const { return family.offsets[0]; }
  int64_t rows() const { return family.rows(); }
  int64_t kv_head = 0;
  int64_t head = 0;   // the first of them
  int64_t heads = 0;
  float* d_keys = nullptr;  // of the first row; the next one's are d_stride behind
  float* d_values = nullptr;
  int64_t d_stride = 0;
};

uint64_t gradient_bytes_ref(const AttentionShape& shape, int64_t rows);
uint64_t gradient_bytes_cpu(const AttentionShape& shape, int64_t rows);

using RunGradient = void (*)(Isa, const AttentionGradientArgs&, const GradientTurn&, std::byte* memory);
void attention_gradient_ref(Isa isa, const AttentionGradientArgs& args, const GradientTurn& turn, std::byte* memory);
void attention_gradient_cpu(Isa isa, const AttentionGradientArgs& args, const GradientTurn& turn, std::byte* memory);

void write_block_cpu(Isa isa, const AttentionShape& shape, const BlockPart& part, uint32_t* block);

}  // namespace px::kernels
