// The CUDA forms of gemm, attention and of what is computed from hidden states and the LM head, over pointers of the
// device in the order of a stream. Products go through cuda/product.h.
#pragma once

#include <cstdint>

#include "cuda/product.h"
#include "proximal/kernels/policy_loss.h"

namespace px::kernels {

// out = the product (+ bias) and out_bf16, either optional but product.out, which the product needs.
void gemm_cuda(cuda::Products& products, const cuda::Product& product, const float* bias, uint16_t* out_bf16);

// Hidden states [n, H] and a head [V, H] of one dtype; [tokens, vocabulary] never exists: rows go by in chunks.
struct HeadCuda {
  px_dtype dtype = PX_DTYPE_F32;
  int64_t n = 0, hidden = 0, vocabulary = 0;
  const void* states = nullptr;     // [n, H]
  const void* head = nullptr;       // [V, H]
  const int32_t* target = nullptr;  // [n]
  double temperature = 1;
  int64_t chunk_bytes = int64_t{60} << 20;  // that a chunk's logits may take; a chunk has one row at least
};
// Where gradients go.
struct HeadCudaGradients {
  float* states = nullptr;  // [n, H] out
  float* head = nullptr;    // [V, H] in/out, optional: added to
};
uint64_t head_cuda_workspace(const HeadCuda& head);
// logprob, entropy [n], either optional.
void head_logprob_cuda(cuda::Products& products, const HeadCuda& head, float* logprob, float* entropy,
                       int32_t* not_finite, void* workspace);
// From d objective / d logprob and d entropy [n], either optional.
void head_backward_cuda(cuda::Products& products, const HeadCuda& head, const float* upstream_logprob,
                        const float* upstream_entropy, const HeadCudaGradients& gradients, int32_t* not_finite,
                        void* workspace);

// policy_loss of the head's own log-probs with the gradient of states and head in the same pass over the chunks.
struct FusedPolicyCuda {
  HeadCuda head;
  // Every default resolved; logprob, loss and gradient are not read.
  px_policy_loss_args loss;
  double entropy_coefficient = 0;  // - coefficient * entropy in the loss
  float* logprob = nullptr;        // [n] out
  float* entropy = nullptr;        // [n] out
  HeadCudaGradients gradients;
};
uint64_t fused_policy_loss_cuda_workspace(const HeadCuda& head);
// totals as policy_loss_cuda leaves them.
void fused_policy_loss_cuda(cuda::Products& products, const FusedPolicyCuda& args, double* totals, int32_t* not_finite,
                            void* workspace);

// Causal attention of rows that are queries, keys and values of a token each; grouped queries, window. Head sizes up to 128.
struct AttentionCuda {
  int64_t heads = 0, kv_heads = 0, head_size = 0;
  float scale = 1;
  int64_t window = 0;            // positions that a row sees, itself among them; 0: all
  bool bf16 = false;             // queries, keys, values and probabilities are rounded to bf16 first
  const float* qkv = nullptr;    // [N, Hq + 2 Hkv, D]
  float* out = nullptr;          // [N, Hq, D], optional
  uint16_t* out_bf16 = nullptr;  // [N, Hq, D], optional
  float* lse = nullptr;          // [N, Hq], optional
};

// Throws PX_UNSUPPORTED for a head that attention cannot take.
void check_attention_cuda(int64_t head_size);

// Whole sequences, packed end to end; those of a family share rows, as kernels::PackedSequences has it.
struct PackedCuda {
  int64_t tokens = 0;     // N
  int64_t sequences = 0;  // S
  int64_t longest = 0;    // rows of the sequence with most of them, or more
  const int64_t* offsets = nullptr;  // [S + 1] on the device
  const int64_t* shared = nullptr;   // [S] on the device, optional
  const int64_t* family = nullptr;   // [S] likewise: the family's first row
};

// Positions of a page.
inline constexpr int64_t kPagePositions = 64;

// `rows` rows from `first_row` on, at positions `position` and up of a sequence whose pages begin at `first_page`.
struct CachedSequenceCuda {
  int64_t first_row = 0, rows = 0, position = 0, first_page = 0;
};

// Sequences whose keys and values lie in pages of floats, or of bf16 where attention is: for each head the keys
// [kPagePositions, D], then the values.
struct CachedCuda {
  int64_t sequences = 0;                         // S
  int64_t longest = 0;                           // rows of the sequence with most of them
  const CachedSequenceCuda* sequence = nullptr;  // [S] on the device
  void* const* pages = nullptr;                  // on the device; those that no row sees are not read
  int64_t offset = 0;                            // elements from a page's beginning to the first head
};

void attention_cuda(cudaStream_t stream, const AttentionCuda& args, const PackedCuda& sequences);
// Keys and values of the rows to their places; attention then sees these and all earlier positions, by the bits of
// packed sequences.
void attention_write_cuda(cudaStream_t stream, const AttentionCuda& args, const CachedCuda& sequences);
void attention_cuda(cudaStream_t stream, const AttentionCuda& args, const CachedCuda& sequences);
// d_qkv [N, Hq + 2 Hkv, D] from d_out [N, Hq, D], and out (in one of the two forms) and lse of the forward pass; delta
// [N, Hq] is workspace.
void attention_backward_cuda(cudaStream_t stream, const AttentionCuda& args, const PackedCuda& sequences,
                             const float* d_out, float* d_qkv, float* delta);

}  // namespace px::kernels
