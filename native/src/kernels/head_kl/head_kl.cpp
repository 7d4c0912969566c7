#include "kernels/head_kl/head_kl.h"

#include <algorithm>

#include "kernels/token_logprob/head_block.h"

namespace px::kernels {
namespace {

constexpr int64_t kHeads = 2;

// What is kept of a block of rows.
struct Block {
  Block(Pieces& pieces, const Packed& head, int64_t rows, bool gradients)
      : row(pieces.take<KlRow>(rows)), terms(pieces.take<double>(rows * chunks_of(head.n))) {
    for (int64_t h = 0; h < kHeads; ++h) {
      sums[h] = pieces.take<ChunkSums>(rows * chunks_of(head.n));
      logits[h] = pieces.take<float>(rows * logit_stride(head.n));
    }
    if (gradients) hidden_words = pieces.take<uint32_t>(packed_words(head.k, rows, head.dtype));
  }

  KlRow* row;                        // [rows]
  double* terms;                     // [chunks, rows]
  ChunkSums* sums[kHeads];           // [chunks, rows] of policy and reference
  float* logits[kHeads];             // [rows, logit_stride] likewise; then the policy's slopes
  uint32_t* hidden_words = nullptr;  // [H, rows] packed
};

int64_t block_rows(const Packed& head, int64_t rows) { return std::max<int64_t>(1, kept_rows(head.n, rows, kHeads)); }

class HeadKlPass {
 public:
  HeadKlPass(const Cpu& cpu, const HeadKlArgs& args, bool gradients)
      : cpu_(cpu),
        args_(args),
        head_kernels_(head_kernels(cpu.isa)),
        kernels_(cpu.isa == Isa::kScalar ? head_kl_kernels_ref() : head_kl_kernels_cpu(cpu.isa)),
        sides_{side(args.policy), side(args.reference)},
        pieces_(args.workspace),
        block_(pieces_, args.policy.head, block_rows(args.policy.head, args.n), gradients),
        inverse_temperature_(static_cast<float>(1 / args.temperature)) {}

  void forward(int64_t first, int64_t count, float* kl) {
    for (HeadBlock& rows : sides_) rows.select(first, count);
    cpu_.pool.for_each(kHeads * chunks(), [&](int64_t i) noexcept { multiply(i % kHeads, i / kHeads); });
    for (int64_t r = 0; r < count; ++r)
      block_.row[r] = {merge(block_.sums[0] + r, chunks(), count).lse, merge(block_.sums[1] + r, chunks(), count).lse};
    cpu_.pool.for_each(chunks(), [&](int64_t chunk) noexcept {
      for (int64_t r = 0; r < count; ++r)
        block_.terms[chunk * count + r] = kernels_.terms(logits(0, chunk, r), logits(1, chunk, r), columns(chunk),
                                                         inverse_temperature_, block_.row[r]);
    });
    for (int64_t r = 0; r < count; ++r) {
      for (int64_t chunk = 0; chunk < chunks(); ++chunk) block_.row[r].kl += block_.terms[chunk * count + r];
      if (kl != nullptr) kl[first + r] = static_cast<float>(block_.row[r].kl);
    }
  }

  void backward(const float* upstream, const HeadGradients& gradients) {
    HeadBlock& policy = sides_[0];
    for (int64_t r = 0; r < policy.count(); ++r)
      block_.row[r].upstream = double{upstream[policy.first() + r]} / args_.temperature;
    if (gradients.head != nullptr) policy.pack(block_.hidden_words);
    cpu_.pool.for_each(chunks(), [&](int64_t chunk) noexcept {
      for (int64_t r = 0; r < policy.count(); ++r)
        kernels_.slopes(logits(0, chunk, r), logits(1, chunk, r), columns(chunk), inverse_temperature_, block_.row[r]);
      policy.head_gradient(chunk, logits(0, chunk, 0), head_kernels_, gradients);
    });
    if (gradients.hidden != nullptr) policy.hidden_gradient(block_.logits[0], args_.head_transposed, gradients);
  }

 private:
  HeadBlock side(const HeadSide& s) const { return {cpu_, s.hidden, s.hidden_stride, s.head}; }
  int64_t chunks() const { return sides_[0].chunks(); }
  int64_t columns(int64_t chunk) const { return sides_[0].columns(chunk); }
  float* logits(int64_t head, int64_t chunk, int64_t row) const {
    return block_.logits[head] + row * sides_[0].stride() + chunk * kChunk;
  }

  void multiply(int64_t head, int64_t chunk) const {
    const HeadBlock& rows = sides_[head];
    rows.multiply(chunk, 0, rows.count(), logits(head, chunk, 0), rows.stride());
    for (int64_t r = 0; r < rows.count(); ++r)
      block_.sums[head][chunk * rows.count() + r] =
          head_kernels_.sums(logits(head, chunk, r), columns(chunk), inverse_temperature_);
  }

  const Cpu& cpu_;
  const HeadKlArgs& args_;
  const HeadKernels head_kernels_;
  const HeadKlKernels kernels_;
  HeadBlock sides_[kHeads];
  Pieces pieces_;
  const Block block_;
  const float inverse_temperature_;
};

}  // namespace

uint64_t head_kl_workspace(const Packed& head, int64_t rows, bool gradients) {
  Pieces pieces(nullptr);
  const Block block(pieces, head, block_rows(head, rows), gradients);
  return pieces.used();
}

void head_kl(const Cpu& cpu, const HeadKlArgs& args, float* kl) {
  const int64_t rows = block_rows(args.policy.head, args.n);
  HeadKlPass pass(cpu, args, false);
  for (int64_t first = 0; first < args.n; first += rows) pass.forward(first, std::min(rows, args.n - first), kl);
}

void head_kl_gradient(const Cpu& cpu, const HeadKlArgs& args, const float* upstream, float* kl,
                      const HeadGradients& gradients) {
  const int64_t rows = block_rows(args.policy.head, args.n);
  HeadKlPass pass(cpu, args, true);
  for (int64_t first = 0; first < args.n; first += rows) {
    pass.forward(first, std::min(rows, args.n - first), kl);
    pass.backward(upstream, gradients);
  }
  if (args.n == 0 && !gradients.add_head && gradients.head != nullptr)
    std::fill_n(gradients.head, args.policy.head.n * args.policy.head.k, 0.f);
}

}  // namespace px::kernels
