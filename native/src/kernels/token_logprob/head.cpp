#include "kernels/token_logprob/head.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace px::kernels {
namespace {

// Rows of a turn of the forward pass: their logits lie on the stack (128 KB).
constexpr int64_t kTurnRows = 64;
// Rows whose sums are kept at once where no gradients are wanted.
constexpr int64_t kForwardRows = 1024;
// Rows whose logits are kept for the backward pass, and the bytes that these may take.
constexpr int64_t kBackwardRows = 256;
constexpr int64_t kLogitBytes = int64_t{48} << 20;
// Pairs of slopes of a chunk, from row to row: not a power of two, which would put all rows in few lines of the cache.
constexpr int64_t kPairStride = kChunk + 16;

int64_t chunks_of(int64_t vocabulary) { return (vocabulary + kChunk - 1) / kChunk; }
int64_t logit_stride(int64_t vocabulary) { return packed_columns(vocabulary); }

int64_t block_rows(int64_t vocabulary, int64_t rows, bool gradients) {
  if (!gradients) return std::min(rows, kForwardRows);
  const int64_t fitting = kLogitBytes / (4 * logit_stride(vocabulary)) / 2 * 2;
  return std::min(rows, std::clamp<int64_t>(fitting, 2, kBackwardRows));
}

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

// What is kept of a block of rows.
struct Block {
  Block(Pieces& pieces, const Packed& head, int64_t rows, bool gradients)
      : sums(pieces.take<ChunkSums>(rows * chunks_of(head.n))),
        hit_logit(pieces.take<float>(rows)),
        logprob(pieces.take<float>(rows)),
        entropy(pieces.take<float>(rows)) {
    if (!gradients) return;
    slopes = pieces.take<RowSlope>(rows);
    d_logprob = pieces.take<float>(rows);
    d_entropy = pieces.take<float>(rows);
    logits = pieces.take<float>(rows * logit_stride(head.n));
    hidden_words = pieces.take<uint32_t>(packed_words(head.k, rows, head.dtype));
  }

  ChunkSums* sums;                   // [chunks, rows]
  float* hit_logit;                  // [rows] of the targets
  float* logprob;                    // [rows]
  float* entropy;                    // [rows]
  RowSlope* slopes = nullptr;        // [rows]
  float* d_logprob = nullptr;        // [rows]
  float* d_entropy = nullptr;        // [rows]
  float* logits = nullptr;           // [rows, logit_stride], then their slopes
  uint32_t* hidden_words = nullptr;  // [H, rows] packed
};

struct RowTotals {
  double lse;
  double entropy;
};

// NUMERICS: z in float, as the sums saw it. A probability is at most 1, whatever was rounded; a NaN stays one.
float logprob_of(float logit, float inverse_temperature, const RowTotals& row) {
  const float z = logit * inverse_temperature;
  return static_cast<float>(std::min(double{z} - row.lse, 0.0));
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

class HeadPass {
 public:
  HeadPass(const Cpu& cpu, const HeadArgs& args, int64_t rows, bool gradients)
      : cpu_(cpu),
        args_(args),
        kernels_(head_kernels(cpu.isa)),
        multiply_(multiply_panel(cpu.isa, args.head.dtype)),
        pieces_(args.workspace),
        block_(pieces_, args.head, std::max<int64_t>(1, rows), gradients),
        inverse_temperature_(static_cast<float>(1 / args.temperature)) {}

  // The logits of rows [first, first + count), and what log-probs and entropies need of them.
  void forward(int64_t first, int64_t count, const HeadOutputs& out) {
    first_ = first;
    count_ = count;
    const int64_t turns = block_.logits != nullptr ? 1 : (count + kTurnRows - 1) / kTurnRows;
    cpu_.pool.for_each(chunks() * turns, [&](int64_t i) noexcept {
      if (block_.logits != nullptr) {
        chunk_of_rows(i, 0, count, block_.logits + i * kChunk, stride());
      } else {
        alignas(64) float logits[kTurnRows * kChunk];
        const int64_t row = i % turns * kTurnRows;
        chunk_of_rows(i / turns, row, std::min(kTurnRows, count - row), logits, kChunk);
      }
    });
    for (int64_t r = 0; r < count; ++r) finish_row(r, out);
  }

  void backward(HeadObjective& objective, const HeadGradients& gradients) {
    std::fill_n(block_.d_logprob, count_, 0.f);
    std::fill_n(block_.d_entropy, count_, 0.f);
    objective(first_, count_, block_.logprob, block_.entropy, block_.d_logprob, block_.d_entropy);
    for (int64_t r = 0; r < count_; ++r) {
      block_.slopes[r].d_logprob = block_.d_logprob[r] * inverse_temperature_;
      block_.slopes[r].d_entropy = block_.d_entropy[r] * inverse_temperature_;
    }
    if (gradients.head != nullptr)
      hidden_ = gemm_pack(cpu_, {hidden(0), args_.head.dtype, 1, args_.hidden_stride},
                          {nullptr, args_.head.k, count_, args_.head.dtype}, block_.hidden_words);
    cpu_.pool.for_each(chunks(), [&](int64_t c) noexcept { slope_chunk(c, gradients); });
    if (gradients.hidden != nullptr) hidden_gradient(gradients);
  }

 private:
  int64_t chunks() const { return chunks_of(args_.head.n); }
  int64_t stride() const { return logit_stride(args_.head.n); }
  int64_t columns_of_chunk(int64_t c) const { return std::min(kChunk, args_.head.n - c * kChunk); }
  bool bf16() const { return args_.head.dtype == PX_DTYPE_BF16; }

  const std::byte* hidden(int64_t row) const {
    return static_cast<const std::byte*>(args_.hidden) +
           (first_ + row) * args_.hidden_stride * element_bytes(args_.head.dtype);
  }

  int64_t target(int64_t row) const { return args_.target != nullptr ? args_.target[first_ + row] : -1; }

  // The target's column in a chunk; -1 where it is in another.
  int64_t hit(int64_t row, int64_t chunk) const {
    const int64_t t = target(row);
    return t >= 0 && t / kChunk == chunk ? t % kChunk : -1;
  }

  void chunk_of_rows(int64_t chunk, int64_t row, int64_t count, float* logits, int64_t logits_stride) const {
    const Rows rows = rows_of(hidden(row), count, args_.hidden_stride, args_.head.dtype);
    const int64_t columns = columns_of_chunk(chunk);
    for (int64_t c = 0; c < columns; c += kPanel) {
      const PanelOut out{std::min(kPanel, columns - c), nullptr, nullptr, logits + c, nullptr, logits_stride};
      multiply_(rows, panel_of(args_.head, (chunk * kChunk + c) / kPanel, true), out);
    }
    for (int64_t r = 0; r < count; ++r) {
      const float* values = logits + r * logits_stride;
      block_.sums[chunk * count_ + row + r] = kernels_.sums(values, columns, inverse_temperature_);
      const int64_t at = hit(row + r, chunk);
      if (at >= 0) block_.hit_logit[row + r] = values[at];
    }
  }

  void finish_row(int64_t r, const HeadOutputs& out) {
    const RowTotals row = merge(block_.sums + r, chunks(), count_);
    block_.logprob[r] = target(r) >= 0 ? logprob_of(block_.hit_logit[r], inverse_temperature_, row) : 0;
    block_.entropy[r] = static_cast<float>(row.entropy);
    if (out.logprob != nullptr) out.logprob[first_ + r] = block_.logprob[r];
    if (out.entropy != nullptr) out.entropy[first_ + r] = block_.entropy[r];
    if (out.lse != nullptr) out.lse[first_ + r] = static_cast<float>(row.lse);
    if (block_.slopes != nullptr)
      block_.slopes[r] = {static_cast<float>(row.lse), static_cast<float>(row.entropy), 0, 0};
  }

  // Slopes of a chunk's logits, and the gradient of its part of the head.
  void slope_chunk(int64_t chunk, const HeadGradients& gradients) const {
    const int64_t columns = columns_of_chunk(chunk);
    float* logits = block_.logits + chunk * kChunk;
    if (!bf16()) {
      for (int64_t r = 0; r < count_; ++r)
        kernels_.slope_f32(logits + r * stride(), columns, inverse_temperature_, block_.slopes[r], hit(r, chunk));
      return head_gradient_of(chunk, columns_of(logits, columns, stride()), gradients);
    }
    alignas(64) uint32_t pairs[kBackwardRows / 2 * kPairStride];
    for (int64_t r = 0; r < count_; r += 2) {
      const bool two = r + 1 < count_;
      float* low = logits + r * stride();
      float* high = two ? low + stride() : nullptr;
      const RowSlope slopes[2] = {block_.slopes[r], two ? block_.slopes[r + 1] : RowSlope{}};
      const int64_t hits[2] = {hit(r, chunk), two ? hit(r + 1, chunk) : -1};
      kernels_.slope_bf16(low, high, columns, inverse_temperature_, slopes, hits, reinterpret_cast<uint16_t*>(low),
                          reinterpret_cast<uint16_t*>(high), pairs + r / 2 * kPairStride);
    }
    head_gradient_of(chunk, columns_of(pairs, columns, kPairStride), gradients);
  }

  void head_gradient_of(int64_t chunk, const Rows& slopes, const HeadGradients& gradients) const {
    if (gradients.head == nullptr) return;
    const bool add = gradients.add_head || first_ > 0;
    for (int64_t c = 0; c < args_.head.k; c += kPanel) {
      float* out = gradients.head + chunk * kChunk * args_.head.k + c;
      multiply_(slopes, panel_of(hidden_, c / kPanel, true),
                {std::min(kPanel, args_.head.k - c), nullptr, add ? out : nullptr, out, nullptr, args_.head.k});
    }
  }

  // Chunk after chunk, each with all threads: the sums stay in the second cache.
  void hidden_gradient(const HeadGradients& gradients) const {
    for (int64_t chunk = 0; chunk < chunks(); ++chunk) {
      GemmArgs args;
      args.x = rows_of(block_.logits + chunk * kChunk, count_, bf16() ? 2 * stride() : stride(), args_.head.dtype);
      args.weights = part_along(args_.head_transposed, chunk * kChunk, columns_of_chunk(chunk));
      args.out = gradients.hidden + first_ * args_.head.k;
      args.residual = chunk > 0 || gradients.add_hidden ? args.out : nullptr;
      args.out_stride = args_.head.k;
      gemm(cpu_, args);
    }
  }

  const Cpu& cpu_;
  const HeadArgs& args_;
  const HeadKernels kernels_;
  const MultiplyPanel multiply_;
  Pieces pieces_;
  const Block block_;
  const float inverse_temperature_;
  int64_t first_ = 0;
  int64_t count_ = 0;
  Packed hidden_;
};

}  // namespace

HeadKernels head_kernels(Isa isa) { return isa == Isa::kScalar ? head_kernels_ref() : head_kernels_cpu(isa); }

uint64_t head_workspace(const Packed& head, int64_t rows, bool gradients) {
  Pieces pieces(nullptr);
  const Block block(pieces, head, std::max<int64_t>(1, block_rows(head.n, rows, gradients)), gradients);
  return pieces.used();
}

void head_logprob(const Cpu& cpu, const HeadArgs& args, const HeadOutputs& out) {
  const int64_t rows = block_rows(args.head.n, args.n, false);
  HeadPass pass(cpu, args, rows, false);
  for (int64_t first = 0; first < args.n; first += rows) pass.forward(first, std::min(rows, args.n - first), out);
}

void head_gradient(const Cpu& cpu, const HeadArgs& args, const HeadOutputs& out, HeadObjective& objective,
                   const HeadGradients& gradients) {
  const int64_t rows = block_rows(args.head.n, args.n, true);
  HeadPass pass(cpu, args, rows, true);
  for (int64_t first = 0; first < args.n; first += rows) {
    pass.forward(first, std::min(rows, args.n - first), out);
    pass.backward(objective, gradients);
  }
  if (args.n == 0 && !gradients.add_head && gradients.head != nullptr)
    std::fill_n(gradients.head, args.head.n * args.head.k, 0.f);
}

LogitScore score_logits(Isa isa, const float* logits, int64_t vocabulary, double temperature, int32_t token) {
  const HeadKernels kernels = head_kernels(isa);
  const auto inverse_temperature = static_cast<float>(1 / temperature);
  std::vector<ChunkSums> sums;
  for (int64_t first = 0; first < vocabulary; first += kChunk)
    sums.push_back(kernels.sums(logits + first, std::min(kChunk, vocabulary - first), inverse_temperature));
  const RowTotals row = merge(sums.data(), static_cast<int64_t>(sums.size()), 1);
  return {logprob_of(logits[token], inverse_temperature, row), static_cast<float>(row.entropy)};
}

}  // namespace px::kernels
