#include "kernels/attention/attention.h"

#include <algorithm>

#include "kernels/attention/turns.h"
#include "kernels/checks.h"

namespace px::kernels {
namespace {

constexpr uint64_t kLine = 64;

constexpr uint64_t whole_lines(uint64_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

uint64_t table_bytes(int64_t sequences) { return whole_lines(static_cast<uint64_t>(sequences + 1) * sizeof(int64_t)); }

int64_t blocks_touched(const AttentionSequence& s) {
  return s.rows == 0 ? 0 : blocks_of(s.position + s.rows) - s.position / kBlock;
}

uint32_t* block_of(const AttentionArgs& args, const AttentionSequence& s, int64_t b, int64_t kv_head) {
  return s.blocks[b] + args.block_offset + kv_head * args.shape.block_words();
}

// The rows of sequence s that fall into its block number `touched`.
void write(Isa isa, const AttentionArgs& args, const AttentionSequence& s, int64_t touched, int64_t kv_head) {
  const AttentionShape& shape = args.shape;
  const int64_t b = s.position / kBlock + touched;
  const int64_t first = std::max(s.position, b * kBlock);
  const int64_t last = std::min(s.position + s.rows, (b + 1) * kBlock);
  const float* row = args.qkv + (s.first_row + first - s.position) * args.qkv_stride;
  const float* keys = row + (shape.heads + kv_head) * shape.head_size;
  const BlockPart part{keys, keys + shape.kv_heads * shape.head_size, args.qkv_stride, first - b * kBlock,
                       last - b * kBlock};
  write_block_cpu(isa, shape, part, block_of(args, s, b, kv_head));
}

// Where the parts of a packed call's workspace are.
struct PackedLayout {
  PackedLayout(const AttentionShape& shape, const PackedSequences& sequences, int threads) {
    int64_t count = 0, pointers = 0;
    for (int64_t s = 0; s < sequences.count; ++s) {
      const int64_t all = blocks_of(sequences.length(s));
      pointers += all;
      count += all - sequences.shared_of(s) / kBlock;
    }
    blocks = 0;
    tables = blocks + whole_lines(static_cast<uint64_t>(count * shape.kv_heads * shape.block_words()) * sizeof(uint32_t));
    list = tables + whole_lines(static_cast<uint64_t>(pointers) * sizeof(uint32_t*));
    copies = list + whole_lines(static_cast<uint64_t>(sequences.count) * sizeof(AttentionSequence));
    rest = copies + whole_lines(static_cast<uint64_t>(sequences.count) * sizeof(AttentionSequence));
    bytes = rest + attention_workspace(shape, sequences.count, threads);
  }

  uint64_t blocks, tables, list, copies, rest, bytes;
};

}  // namespace

void check_attention_shape(const AttentionShape& shape, int64_t rows) {
  constexpr int64_t kMostHeads = int64_t{1} << 20, kMostSize = int64_t{1} << 16;
  check(shape.heads >= 1 && shape.heads <= kMostHeads, PX_INVALID_ARGUMENT, "heads: expected 1 to ", kMostHeads, ", got ",
        shape.heads);
  check(shape.kv_heads >= 1 && shape.kv_heads <= shape.heads && shape.heads % shape.kv_heads == 0, PX_INVALID_ARGUMENT,
        "kv_heads: expected a divisor of heads = ", shape.heads, ", got ", shape.kv_heads);
  check(shape.head_size >= 1 && shape.head_size <= kMostSize, PX_INVALID_ARGUMENT, "head_size: expected 1 to ", kMostSize,
        ", got ", shape.head_size);
  check(shape.dtype == PX_DTYPE_F32 || shape.dtype == PX_DTYPE_BF16, PX_INVALID_ARGUMENT,
        "dtype: expected PX_DTYPE_F32 or PX_DTYPE_BF16, got ", static_cast<int>(shape.dtype));
  check_matrix(rows, "tokens", shape.row(), "heads x head_size");
}

int64_t queries_of_tile(const AttentionShape& shape) {
  // A power of two, so that tiles begin where sixteens of positions do.
  int64_t queries = kTileTarget;
  while (queries > 1 && queries * shape.group() > kTileTarget) queries /= 2;
  return queries;
}

uint64_t attention_workspace(const AttentionShape& shape, int64_t sequences, int threads) {
  return table_bytes(sequences) + static_cast<uint64_t>(threads) * whole_lines(attention_tile_bytes(shape));
}

void attention_write(const Cpu& cpu, const AttentionArgs& args) {
  const Turns turns(args.count, [&](int64_t s) { return blocks_touched(args.sequences[s]) * args.shape.kv_heads; },
                    reinterpret_cast<int64_t*>(args.workspace));
  cpu.pool.for_each(turns.count(), [&](int64_t i) noexcept {
    const auto [s, turn] = turns.at(i);
    write(cpu.isa, args, args.sequences[s], turn / args.shape.kv_heads, turn % args.shape.kv_heads);
  });
}

void attention(const Cpu& cpu, const AttentionArgs& args) {
  const int64_t queries = queries_of_tile(args.shape);
  const int64_t kv_heads = args.shape.kv_heads;
  const Turns turns(args.count, [&](int64_t s) { return (args.sequences[s].rows + queries - 1) / queries * kv_heads; },
                    reinterpret_cast<int64_t*>(args.workspace));
  const RunTile run = cpu.isa == Isa::kScalar ? &attention_tile_ref : &attention_tile_cpu;
  struct Place {
    const AttentionSequence& sequence;
    int64_t kv_head;
    int64_t first;
  };
  // Turns go down, so heads go up: the order of addresses, which processors fetch by themselves.
  const auto place_of = [&](int64_t i) -> Place {
    const auto [s, turn] = turns.at(i);
    return {args.sequences[s], kv_heads - 1 - turn % kv_heads, turn / kv_heads * queries};
  };
  const auto begin_of = [&](int64_t i) -> const uint32_t* {
    if (i < 0) return nullptr;
    const auto [sequence, kv_head, first] = place_of(i);
    return block_of(args, sequence, first_block(args, sequence, first), kv_head);
  };
  for_each_with_next(cpu.pool, turns.count(), args.workspace + table_bytes(args.count),
                     whole_lines(attention_tile_bytes(args.shape)), [&](int64_t i, int64_t next, std::byte* memory) {
    const auto [sequence, kv_head, first] = place_of(i);
    run(cpu.isa, args, {&sequence, kv_head, first, std::min(queries, sequence.rows - first), begin_of(next)}, memory);
  });
}

uint64_t packed_attention_workspace(const AttentionShape& shape, const PackedSequences& sequences, int threads) {
  return PackedLayout(shape, sequences, threads).bytes;
}

void packed_attention(const Cpu& cpu, AttentionArgs args, const PackedSequences& sequences) {
  const PackedLayout layout(args.shape, sequences, cpu.pool.threads());
  auto* block = reinterpret_cast<uint32_t*>(args.workspace + layout.blocks);
  auto** table = reinterpret_cast<uint32_t**>(args.workspace + layout.tables);
  auto* list = reinterpret_cast<AttentionSequence*>(args.workspace + layout.list);
  // Shared positions of a block that is not shared as a whole.
  auto* copies = reinterpret_cast<AttentionSequence*>(args.workspace + layout.copies);
  int64_t first = 0, copied = 0;
  for (int64_t s = 0; s < sequences.count; ++s) {
    const int64_t shared = sequences.shared_of(s), whole = shared / kBlock;
    if (shared == 0) first = s;
    list[s] = {sequences.offsets[s], sequences.rows(s), shared, table};
    if (shared % kBlock != 0)
      copies[copied++] = {sequences.offsets[first] + whole * kBlock, shared % kBlock, whole * kBlock, table};
    table = std::copy_n(list[first].blocks, whole, table);
    for (int64_t b = whole; b < blocks_of(sequences.length(s)); ++b, block += args.shape.kv_heads * args.shape.block_words())
      *table++ = block;
  }
  args.block_offset = 0;
  args.workspace += layout.rest;
  args.sequences = copies;
  args.count = copied;
  attention_write(cpu, args);
  args.sequences = list;
  args.count = sequences.count;
  attention_write(cpu, args);
  attention(cpu, args);
}

}  // namespace px::kernels
