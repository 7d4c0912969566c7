#include <algorithm>

#include "kernels/attention/attention.h"
#include "kernels/attention/turns.h"

namespace px::kernels {
namespace {

constexpr uint64_t kLine = 64;

constexpr uint64_t whole_lines(uint64_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

// The sequences whose family begins with s; none where s is not the first of one.
PackedSequences family_of(const PackedSequences& sequences, int64_t s) {
  if (sequences.shared_of(s) > 0) return {sequences.offsets + s, 0};
  return {sequences.offsets + s, sequences.family_end(s) - s, sequences.shared != nullptr ? sequences.shared + s : nullptr};
}

// A turn is a family with one head of keys and all heads of queries that share it. Where that makes too few turns for
// the threads, a turn is one head of queries: it leaves its part of the gradients of keys and values in the workspace,
// and the parts are added in the order in which one turn would have added them. So the bits are the same.
struct GradientLayout {
  GradientLayout(const AttentionShape& shape, const PackedSequences& sequences, int threads) {
    int64_t filled = 0, most = 0;
    for (int64_t s = 0; s < sequences.count; ++s) {
      const int64_t of_family = family_of(sequences, s).rows();
      filled += of_family > 0;
      most = std::max(most, of_family);
    }
    split = shape.group() > 1 && filled * shape.kv_heads < 4 * threads && threads > 1;
    rows = sequences.count > 0 ? sequences.offsets[sequences.count] : 0;
    parts = whole_lines(static_cast<uint64_t>(sequences.count + 1) * sizeof(int64_t));
    memory = parts + (split ? whole_lines(static_cast<uint64_t>(shape.heads * rows * 2 * shape.head_size) * 4) : 0);
    memory_bytes = whole_lines(std::max(gradient_bytes_cpu(shape, most), gradient_bytes_ref(shape, most)));
    bytes = memory + static_cast<uint64_t>(threads) * memory_bytes;
  }

  bool split;
  int64_t rows;
  uint64_t parts, memory, memory_bytes, bytes;
};

// The parts of the heads of queries, [Hq, N, 2, D], added to the gradients of keys and values of rows [begin, end).
void add_parts(const AttentionGradientArgs& args, const float* parts, int64_t rows, int64_t begin, int64_t end) {
  const AttentionShape& shape = args.shape;
  const int64_t size = shape.head_size;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t kv = 0; kv < shape.kv_heads; ++kv)
      for (int64_t h = 0; h < shape.group(); ++h) {
        const float* const part = parts + ((kv * shape.group() + h) * rows + row) * 2 * size;
        float* const d_keys = args.d_qkv + row * args.d_qkv_stride + (shape.heads + kv) * size;
        float* const d_values = d_keys + shape.kv_heads * size;
        for (int64_t d = 0; d < size; ++d) d_keys[d] = h == 0 ? part[d] : d_keys[d] + part[d];
        for (int64_t d = 0; d < size; ++d) d_values[d] = h == 0 ? part[size + d] : d_values[d] + part[size + d];
      }
}

}  // namespace

uint64_t packed_attention_backward_workspace(const AttentionShape& shape, const PackedSequences& sequences,
                                             int threads) {
  return GradientLayout(shape, sequences, threads).bytes;
}

void packed_attention_backward(const Cpu& cpu, const AttentionGradientArgs& args, const PackedSequences& sequences) {
  const AttentionShape& shape = args.shape;
  const GradientLayout layout(shape, sequences, cpu.pool.threads());
  const bool split = layout.split && cpu.isa != Isa::kScalar;
  auto* const parts = reinterpret_cast<float*>(args.workspace + layout.parts);
  const int64_t heads = split ? 1 : shape.group();
  const auto of_sequence = [&](int64_t s) { return family_of(sequences, s).rows() > 0 ? shape.heads / heads : 0; };
  const Turns turns(sequences.count, of_sequence, reinterpret_cast<int64_t*>(args.workspace));
  const RunGradient run = cpu.isa == Isa::kScalar ? &attention_gradient_ref : &attention_gradient_cpu;
  for_each_with_memory(cpu.pool, turns.count(), args.workspace + layout.memory, layout.memory_bytes,
                       [&](int64_t i, std::byte* memory) {
    const auto [s, number] = turns.at(i);
    GradientTurn turn;
    turn.family = family_of(sequences, s);
    turn.head = number * heads;
    turn.heads = heads;
    turn.kv_head = turn.head / shape.group();
    if (split) {
      turn.d_stride = 2 * shape.head_size;
      turn.d_keys = parts + (turn.head * layout.rows + turn.first_row()) * turn.d_stride;
      turn.d_values = turn.d_keys + shape.head_size;
    } else {
      turn.d_stride = args.d_qkv_stride;
      turn.d_keys = args.d_qkv + turn.first_row() * turn.d_stride + (shape.heads + turn.kv_head) * shape.head_size;
      turn.d_values = turn.d_keys + shape.kv_heads * shape.head_size;
    }
    run(cpu.isa, args, turn, memory);
  });
  if (!split) return;
  cpu.pool.for_each(blocks_of(layout.rows), [&](int64_t b) noexcept {
    add_parts(args, parts, layout.rows, b * kBlock, std::min(layout.rows, (b + 1) * kBlock));
  });
}

}  // namespace px::kernels
