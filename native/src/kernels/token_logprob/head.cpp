#include "kernels/token_logprob/head.h"

#include <algorithm>
#include <vector>

#include "kernels/token_logprob/head_block.h"

namespace px::kernels {
namespace {

// Rows whose sums are kept at once where no gradients are wanted.
constexpr int64_t kForwardRows = 1024;

int64_t block_rows(int64_t vocabulary, int64_t rows, bool gradients) {
  return gradients ? kept_rows(vocabulary, rows, 1) : std::min(rows, kForwardRows);
}

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

// NUMERICS: z in float, as the sums saw it. A probability is at most 1, whatever was rounded; a NaN stays one.
float logprob_of(float logit, float inverse_temperature, const RowTotals& row) {
  const float z = logit * inverse_temperature;
  return static_cast<float>(std::min(double{z} - row.lse, 0.0));
}

class HeadPass {
 public:
  HeadPass(const Cpu& cpu, const HeadArgs& args, int64_t rows, bool gradients)
      : cpu_(cpu),
        args_(args),
        kernels_(head_kernels(cpu.isa)),
        rows_(cpu, args.hidden, args.hidden_stride, args.head),
        pieces_(args.workspace),
        block_(pieces_, args.head, std::max<int64_t>(1, rows), gradients),
        inverse_temperature_(static_cast<float>(1 / args.temperature)) {}

  // The logits of rows [first, first + count), and what log-probs and entropies need of them.
  void forward(int64_t first, int64_t count, const HeadOutputs& out) {
    rows_.select(first, count);
    const int64_t turns = block_.logits != nullptr ? 1 : (count + kTurnRows - 1) / kTurnRows;
    cpu_.pool.for_each(rows_.chunks() * turns, [&](int64_t i) noexcept {
      if (block_.logits != nullptr) {
        chunk_of_rows(i, 0, count, block_.logits + i * kChunk, rows_.stride());
      } else {
        alignas(64) float logits[kTurnRows * kChunk];
        const int64_t row = i % turns * kTurnRows;
        chunk_of_rows(i / turns, row, std::min(kTurnRows, count - row), logits, kChunk);
      }
    });
    for (int64_t r = 0; r < count; ++r) finish_row(r, out);
  }

  void backward(HeadObjective& objective, const HeadGradients& gradients) {
    const int64_t count = rows_.count();
    std::fill_n(block_.d_logprob, count, 0.f);
    std::fill_n(block_.d_entropy, count, 0.f);
    objective(rows_.first(), count, block_.logprob, block_.entropy, block_.d_logprob, block_.d_entropy);
    for (int64_t r = 0; r < count; ++r) {
      block_.slopes[r].d_logprob = block_.d_logprob[r] * inverse_temperature_;
      block_.slopes[r].d_entropy = block_.d_entropy[r] * inverse_temperature_;
    }
    if (gradients.head != nullptr) rows_.pack(block_.hidden_words);
    cpu_.pool.for_each(rows_.chunks(), [&](int64_t c) noexcept { slope_chunk(c, gradients); });
    if (gradients.hidden != nullptr) rows_.hidden_gradient(block_.logits, args_.head_transposed, gradients);
  }

 private:
  int64_t target(int64_t row) const { return args_.target != nullptr ? args_.target[rows_.first() + row] : -1; }

  // The target's column in a chunk; -1 where it is in another.
  int64_t hit(int64_t row, int64_t chunk) const {
    const int64_t t = target(row);
    return t >= 0 && t / kChunk == chunk ? t % kChunk : -1;
  }

  void chunk_of_rows(int64_t chunk, int64_t row, int64_t count, float* logits, int64_t logits_stride) const {
    rows_.multiply(chunk, row, count, logits, logits_stride);
    for (int64_t r = 0; r < count; ++r) {
      const float* values = logits + r * logits_stride;
      block_.sums[chunk * rows_.count() + row + r] = kernels_.sums(values, rows_.columns(chunk), inverse_temperature_);
      const int64_t at = hit(row + r, chunk);
      if (at >= 0) block_.hit_logit[row + r] = values[at];
    }
  }

  void finish_row(int64_t r, const HeadOutputs& out) {
    const RowTotals row = merge(block_.sums + r, rows_.chunks(), rows_.count());
    block_.logprob[r] = target(r) >= 0 ? logprob_of(block_.hit_logit[r], inverse_temperature_, row) : 0;
    block_.entropy[r] = static_cast<float>(row.entropy);
    const int64_t at = rows_.first() + r;
    if (out.logprob != nullptr) out.logprob[at] = block_.logprob[r];
    if (out.entropy != nullptr) out.entropy[at] = block_.entropy[r];
    if (out.lse != nullptr) out.lse[at] = static_cast<float>(row.lse);
    if (block_.slopes != nullptr)
      block_.slopes[r] = {static_cast<float>(row.lse), static_cast<float>(row.entropy), 0, 0};
  }

  // Slopes of a chunk's logits, and the gradient of its part of the head.
  void slope_chunk(int64_t chunk, const HeadGradients& gradients) const {
    float* logits = block_.logits + chunk * kChunk;
    for (int64_t r = 0; r < rows_.count(); ++r)
      kernels_.slope(logits + r * rows_.stride(), rows_.columns(chunk), inverse_temperature_, block_.slopes[r],
                     hit(r, chunk));
    rows_.head_gradient(chunk, logits, kernels_, gradients);
  }

  const Cpu& cpu_;
  const HeadArgs& args_;
  const HeadKernels kernels_;
  HeadBlock rows_;
  Pieces pieces_;
  const Block block_;
  const float inverse_temperature_;
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
  for (int64_t chunk = 0; chunk < chunks_of(vocabulary); ++chunk)
    sums.push_back(kernels.sums(logits + chunk * kChunk, columns_of_chunk(vocabulary, chunk), inverse_temperature));
  return score_sums(sums.data(), static_cast<int64_t>(sums.size()), inverse_temperature, logits[token]);
}

LogitScore score_sums(const ChunkSums* sums, int64_t chunks, float inverse_temperature, float logit) {
  const RowTotals row = merge(sums, chunks, 1);
  return {logprob_of(logit, inverse_temperature, row), static_cast<float>(row.entropy)};
}

}  // namespace px::kernels
