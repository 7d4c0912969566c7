#include "kernels/token_logprob/head_block.h"

#include <cmath>

namespace px::kernels {
namespace {

constexpr int64_t kLogitBytes = int64_t{48} << 20;
// Pairs of slopes of a chunk, from row to row: not a power of two, which would put all rows in few lines of the cache.
constexpr int64_t kPairStride = kChunk + 16;
// The same from column to column where they are turned.
constexpr int64_t kTurnedStride = kKeptRows / 2 + 16;

}  // namespace

int64_t kept_rows(int64_t vocabulary, int64_t rows, int64_t heads) {
  const int64_t fitting = kLogitBytes / (4 * logit_stride(vocabulary) * heads) / 2 * 2;
  return std::min(rows, std::clamp<int64_t>(fitting, 2, kKeptRows));
}

RowTotals merge(const ChunkSums* sums, int64_t chunks, int64_t stride) {
  double largest = sums[0].largest;
  for (int64_t c = 1; c < chunks; ++c) largest = std::max(largest, sums[c * stride].largest);
  double total = 0, product = 0;
  for (int64_t c = 0; c < chunks; ++c) {
    const ChunkSums& chunk = sums[c * stride];
    const double shift = chunk.largest - largest;
    const double factor = std::exp(shift);
    total += factor * chunk.sum;
    product += factor * (chunk.product + shift * chunk.sum);
  }
  const double log_total = std::log(total);
  return {largest + log_total, log_total - product / total};
}

void HeadBlock::multiply(int64_t chunk, int64_t row, int64_t count, float* logits, int64_t logits_stride) const {
  const Rows rows{hidden(row), count, row_bytes_, 4};
  const bool fetch = !waits_for_memory(cpu_.isa, head_.dtype, count);
  for (int64_t c = 0; c < columns(chunk); c += kPanel) {
    const PanelOut out{std::min(kPanel, columns(chunk) - c), nullptr, nullptr, logits + c, nullptr, logits_stride};
    multiply_(rows, panel_of(head_, (chunk * kChunk + c) / kPanel, fetch), out);
  }
}

void HeadBlock::pack(uint32_t* words) {
  packed_hidden_ = gemm_pack(cpu_, {hidden(0), head_.dtype, 1, row_bytes_ / element_bytes(head_.dtype)},
                             {nullptr, head_.k, count_, head_.dtype}, words);
}

void HeadBlock::head_gradient(int64_t chunk, float* slopes, const HeadKernels& kernels,
                             const HeadGradients& gradients) const {
  if (!bf16())
    return multiply_slopes(chunk, columns_of(cpu_.isa, head_.dtype, slopes, stride(), 0, columns(chunk)), gradients);
  alignas(64) uint32_t words[std::max(kKeptRows / 2 * kPairStride, kChunk * kTurnedStride)];
  const bool turns = turns_columns(cpu_.isa, head_.dtype);
  turns ? turned_pairs(chunk, slopes, kernels, words) : pairs_of(chunk, slopes, kernels, 0, count_, words);
  multiply_slopes(chunk,
                  columns_of(cpu_.isa, head_.dtype, words, turns ? kTurnedStride : kPairStride, 0, columns(chunk)),
                  gradients);
}

void HeadBlock::pairs_of(int64_t chunk, float* slopes, const HeadKernels& kernels, int64_t first, int64_t end,
                         uint32_t* pairs) const {
  for (int64_t r = first; r < end; r += 2, pairs += kPairStride) {
    float* low = slopes + r * stride();
    kernels.round(low, r + 1 < count_ ? low + stride() : nullptr, columns(chunk), pairs);
  }
}

void HeadBlock::turned_pairs(int64_t chunk, float* slopes, const HeadKernels& kernels, uint32_t* turned) const {
  alignas(64) uint32_t pairs[kTurnedRows * kPairStride];
  const int64_t words = words_along(count_, head_.dtype);
  for (int64_t u = 0; u < words; u += kTurnedRows) {
    const int64_t end = std::min(words, u + kTurnedRows);
    pairs_of(chunk, slopes, kernels, 2 * u, std::min(count_, 2 * end), pairs);
    turn_words_amx(pairs, end - u, columns(chunk), kPairStride, turned + u, kTurnedStride);
  }
}

void HeadBlock::multiply_slopes(int64_t chunk, const Rows& slopes, const HeadGradients& gradients) const {
  if (gradients.head == nullptr) return;
  const bool add = gradients.add_head || first_ > 0;
  for (int64_t c = 0; c < head_.k; c += kPanel) {
    float* out = gradients.head + chunk * kChunk * head_.k + c;
    multiply_(slopes, panel_of(packed_hidden_, c / kPanel, true),
              {std::min(kPanel, head_.k - c), nullptr, add ? out : nullptr, out, nullptr, head_.k});
  }
}

// Chunk after chunk, each with all threads: the sums stay in the second cache.
void HeadBlock::hidden_gradient(const float* slopes, const Packed& head_transposed,
                               const HeadGradients& gradients) const {
  for (int64_t chunk = 0; chunk < chunks(); ++chunk) {
    GemmArgs args;
    args.x = rows_of(slopes + chunk * kChunk, count_, bf16() ? 2 * stride() : stride(), head_.dtype);
    args.weights = part_along(head_transposed, chunk * kChunk, columns(chunk));
    args.out = gradients.hidden + first_ * head_.k;
    args.residual = chunk > 0 || gradients.add_hidden ? args.out : nullptr;
    args.out_stride = head_.k;
    gemm(cpu_, args);
  }
}

}  // namespace px::kernels
