// token_logprob from hidden states and the LM head: [tokens, vocabulary] never exists.
//
//   l = hidden head^T, z = l / T, lse = log sum_j e^z_j, logprob = z[target] - lse,
//   entropy = lse - sum_j p_j z_j,  p = e^(z - lse)
//   d logprob / d l_j = ([j = target] - p_j) / T,  d entropy / d l_j = -p_j (log p_j + entropy) / T
//
// The vocabulary goes by in chunks of kChunk columns. Forward: one product; each chunk leaves its largest logit and two
// sums, which are merged in order of the chunks. With gradients: the logits of a block of rows stay in the workspace
// until the objective has seen log-probs and entropies, and become the gradient of the logits in place; so three
// products of the size of the first serve both directions.
//
// NUMERICS: logits and exponentials in float (double at the scalar level), the sums of a chunk are merged in double. A
// token's numbers depend on its hidden state and the head alone. The gradient of the logits is rounded to the dtype of
// the products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/gemm/gemm.h"

namespace px::kernels {

inline constexpr int64_t kChunk = 512;

struct HeadArgs {
  int64_t n = 0;
  const void* hidden = nullptr;     // [n, H] of the head's dtype
  int64_t hidden_stride = 0;        // elements from row to row
  Packed head;                      // [V, H]
  Packed head_transposed;           // [H, V]; for gradients
  const int32_t* target = nullptr;  // [n], each in 0..V-1; not read where no log-prob is wanted
  double temperature = 1;
  void* workspace = nullptr;  // head_workspace() bytes, aligned to 64
};

// What a token's row of logits comes to.
struct HeadOutputs {
  float* logprob = nullptr;  // [n], optional
  float* entropy = nullptr;  // [n], optional
  float* lse = nullptr;      // [n], optional: of z
};

// Called once per block of rows, in order: from the block's outputs to the gradients of the objective, which are
// d_logprob and d_entropy [count], zeros before the call. `first` is the block's first row. What it throws ends the pass; the
// blocks before are in the gradients then.
class HeadObjective {
 public:
  virtual ~HeadObjective() = default;
  virtual void operator()(int64_t first, int64_t count, const float* logprob, const float* entropy, float* d_logprob,
                          float* d_entropy) = 0;
};

struct HeadGradients {
  float* hidden = nullptr;  // [n, H]
  float* head = nullptr;    // [V, H], optional: frozen
  // Whether each is added to what is there, instead of replacing it.
  bool add_hidden = false;
  bool add_head = false;
};

// Bytes of workspace for any number of rows; with the logits of a block where gradients are wanted (below 64 MB for
// vocabularies up to 150,000).
uint64_t head_workspace(const Packed& head, int64_t rows, bool gradients);

// A row whose logits are not finite gives NaN, and no other does. Deterministic for any thread count.
void head_logprob(const Cpu& cpu, const HeadArgs& args, const HeadOutputs& out);
void head_gradient(const Cpu& cpu, const HeadArgs& args, const HeadOutputs& out, HeadObjective& objective,
                   const HeadGradients& gradients);

// Of a row of logits that a product with the head has made: the log-prob of a token and the entropy, by the bits of
// head_logprob.
struct LogitScore {
  float logprob;
  float entropy;
};
LogitScore score_logits(Isa isa, const float* logits, int64_t vocabulary, double temperature, int32_t token);

// The parts that are compiled per level. A chunk of one row of logits: of z relative to the largest one.
struct ChunkSums {
  double largest;  // of z
  double sum;      // of e^(z - largest)
  double product;  // of e^(z - largest) (z - largest)
};

// The same of a token's logit and the sums of its row's chunks.
LogitScore score_sums(const ChunkSums* sums, int64_t chunks, float inverse_temperature, float logit);

// The numbers of a row whose gradient is taken.
struct RowSlope {
  float lse;
  float entropy;
  float d_logprob;  // over T
  float d_entropy;  // over T
};

struct HeadKernels {
  ChunkSums (*sums)(const float* logits, int64_t count, float inverse_temperature);
  // Logits of one row to the slope of the objective, in place; `hit` is the target's column or -1.
  void (*slope)(float* logits, int64_t count, float inverse_temperature, const RowSlope& row, int64_t hit);
  // Two rows (high may be null) to bf16, where each row's floats begin, and to pairs of both.
  void (*round)(float* low, float* high, int64_t count, uint32_t* pairs);
};

HeadKernels head_kernels(Isa isa);
HeadKernels head_kernels_cpu(Isa isa);
HeadKernels head_kernels_ref();

}  // namespace px::kernels
