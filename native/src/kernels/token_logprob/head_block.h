// What the passes over logits of hidden states and a head share: blocks of rows, their workspace, the products of both
// directions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/token_logprob/head.h"

namespace px::kernels {

// Rows of a block whose logits are kept for a second look, at most.
inline constexpr int64_t kKeptRows = 256;

// Rows of a turn that keeps no logits: those of a chunk lie on the stack (128 KB).
inline constexpr int64_t kTurnRows = 64;

// As many as may have the logits of `heads` heads kept, in 48 MB.
int64_t kept_rows(int64_t vocabulary, int64_t rows, int64_t heads);

inline int64_t chunks_of(int64_t vocabulary) { return (vocabulary + kChunk - 1) / kChunk; }
inline int64_t columns_of_chunk(int64_t vocabulary, int64_t chunk) {
  return std::min(kChunk, vocabulary - chunk * kChunk);
}

// Elements from row to row of kept logits.
inline int64_t logit_stride(int64_t vocabulary) { return packed_columns(vocabulary); }

// Pieces of the workspace, each aligned to a cache line.
class Pieces {
 public:
  explicit Pieces(void* memory) : memory_(static_cast<std::byte*>(memory)) {}

  template <class T>
  T* take(int64_t count) {
    std::byte* piece = memory_ + used_;
    used_ += (static_cast<uint64_t>(count) * sizeof(T) + 63) / 64 * 64;
    return reinterpret_cast<T*>(piece);
  }

  uint64_t used() const { return used_; }

 private:
  std::byte* memory_;
  uint64_t used_ = 0;
};

struct RowTotals {
  double lse;
  double entropy;
};

// The sums of a row's chunks, `stride` from one to the next.
RowTotals merge(const ChunkSums* sums, int64_t chunks, int64_t stride);

// A block of rows of hidden states, and the head that they meet.
class HeadBlock {
 public:
  HeadBlock(const Cpu& cpu, const void* hidden, int64_t hidden_stride, const Packed& head)
      : cpu_(cpu),
        hidden_(static_cast<const std::byte*>(hidden)),
        row_bytes_(hidden_stride * element_bytes(head.dtype)),
        head_(head),
        multiply_(multiply_panel(cpu.isa, head.dtype)) {}

  void select(int64_t first, int64_t count) { first_ = first, count_ = count; }

  int64_t first() const { return first_; }
  int64_t count() const { return count_; }
  int64_t chunks() const { return chunks_of(head_.n); }
  int64_t columns(int64_t chunk) const { return columns_of_chunk(head_.n, chunk); }
  int64_t stride() const { return logit_stride(head_.n); }
  Rows row(int64_t row) const { return {hidden(row), 1, row_bytes_, 4}; }

  // A chunk's logits of `count` rows of the block from `row` on.
  void multiply(int64_t chunk, int64_t row, int64_t count, float* logits, int64_t logits_stride) const;

  // Packs the hidden states for the gradient of the head: packed_words(H, count, dtype).
  void pack(uint32_t* words);

  // From a chunk's kept logits, which have become slopes, to its part of the head's gradient, and where products are
  // bf16 to bf16 in the logits' place.
  void head_gradient(int64_t chunk, float* slopes, const HeadKernels& kernels, const HeadGradients& gradients) const;

  // From all slopes [count, stride()], as head_gradient() left them, to the gradient of the hidden states.
  void hidden_gradient(const float* slopes, const Packed& head_transposed, const HeadGradients& gradients) const;

 private:
  // Slopes of rows [first, end) as pairs of bf16, [(end - first + 1) / 2, kPairStride]; and of all rows, turned.
  void pairs_of(int64_t chunk, float* slopes, const HeadKernels& kernels, int64_t first, int64_t end,
                uint32_t* pairs) const;
  void turned_pairs(int64_t chunk, float* slopes, const HeadKernels& kernels, uint32_t* turned) const;
  void multiply_slopes(int64_t chunk, const Rows& slopes, const HeadGradients& gradients) const;
  bool bf16() const { return head_.dtype == PX_DTYPE_BF16; }
  const std::byte* hidden(int64_t row) const { return hidden_ + (first_ + row) * row_bytes_; }

  const Cpu& cpu_;
  const std::byte* hidden_;
  int64_t row_bytes_;
  Packed head_;
  MultiplyPanel multiply_;
  int64_t first_ = 0;
  int64_t count_ = 0;
  Packed packed_hidden_;
};

}  // namespace px::kernels
