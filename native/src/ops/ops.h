// What models compute with, wherever that is: memory and the operations over it. The model core, the trainer and the
// generator are written against this table alone; the processor's is ops/cpu_ops.h, a CUDA device's cuda/ops.cpp.
//
// Arrays lie in the memory of the ops; what the host has or wants is marked [host]. Operations run in the order of the
// calls, on the engine's thread, and where that memory is not the host's they may run later: [host] arrays that are
// read stay as they are until finish() or settle(); those that are written are there when the call returns, but for
// copy_out. Arguments are checked. Every operation throws PX_DEVICE_ERROR or PX_DEVICE_OUT_OF_MEMORY where a device
// fails. Letters: N rows, H hidden, V vocabulary, Hq and Hkv heads, D their size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/backend.h"
#include "kernels/attention/attention.h"
#include "kernels/rows/rows.h"
#include "kernels/token_logprob/head.h"
#include "proximal/kernels/adamw.h"
#include "proximal/kernels/embedding.h"
#include "proximal/kernels/gelu.h"
#include "proximal/kernels/layernorm.h"
#include "proximal/kernels/rmsnorm.h"
#include "proximal/kernels/rope.h"
#include "proximal/kernels/sample.h"
#include "proximal/kernels/swiglu.h"

namespace px {

// An array in the dtype of the products: one of the two is there.
struct Values {
  float* f32 = nullptr;
  uint16_t* bf16 = nullptr;

  const void* data() const { return f32 != nullptr ? static_cast<const void*>(f32) : bf16; }
};

// Rows of a matrix [out, in] that lie together in the arena of parameters (columns where the matrix is transposed).
struct Piece {
  int64_t offset = -1;  // elements into the arena
  int64_t bias = -1;    // -1: none
  int64_t out = 0;
};

// y = x w^T + bias, of several pieces one below the other.
struct Linear {
  std::vector<Piece> pieces;
  int64_t in = 0;
  int64_t out = 0;
  bool transposed = false;        // pieces are [in, out]
  px_dtype dtype = PX_DTYPE_F32;  // of the products: F32 or BF16

  // As pack() leaves them.
  const void* packed = nullptr;
  const void* packed_by_columns = nullptr;
  const float* bias = nullptr;  // [out]

  bool has_bias() const { return !pieces.empty() && pieces.front().bias >= 0; }
};

// A layer's rows in attention.
struct AttentionRows {
  int64_t layer = 0;
  float scale = 1;
  int64_t window = 0;          // positions that a row sees, itself among them; 0: all
  const float* qkv = nullptr;  // [N, Hq + 2 Hkv, D]
  Values out;                  // [N, Hq, D]
  float* lse = nullptr;        // [N, Hq], for a backward pass
};

// Some sequences, among which rows find the keys and values that they see.
class Attention {
 public:
  virtual ~Attention() = default;
  virtual uint64_t forward_bytes() const = 0;  // of workspace
  virtual void forward(const AttentionRows& rows, std::byte* workspace) = 0;
};

class PackedAttention : public Attention {
 public:
  virtual uint64_t backward_bytes() const = 0;  // of workspace
  // d_qkv [N, Hq + 2 Hkv, D] from d_out [N, Hq, D] and the rows as the forward pass left them.
  virtual void backward(const AttentionRows& rows, const float* d_out, float* d_qkv, std::byte* workspace) = 0;
};

// Rows that an LM head takes.
struct HeadRows {
  const Linear& head;
  int64_t n = 0;
  Values hidden;                    // [n, H] in the dtype of the head's products
  const int32_t* target = nullptr;  // [n]
  double temperature = 1;
};

class Ops {
 public:
  virtual ~Ops() = default;

  // JSON object text: what computes. `samples_what_it_scores`: whether a row's bits are shown not to depend on its
  // batch.
  virtual std::string describe() const = 0;

  // ---- Memory ----

  // Whether it is the host's.
  virtual bool on_host() const = 0;
  // At least one byte, at a multiple of 64; what it holds is undefined.
  virtual std::byte* allocate(uint64_t bytes) = 0;
  virtual void release(std::byte* memory, uint64_t bytes) noexcept = 0;
  virtual void copy_in(void* to, const void* host, uint64_t bytes) = 0;
  virtual void copy_out(void* host, const void* from, uint64_t bytes) = 0;  // there after finish()
  virtual void copy(void* to, const void* from, uint64_t bytes) = 0;
  virtual void zero(void* to, uint64_t bytes) = 0;
  // Waits until all is done. finish() throws what failed; settle() leaves that to the next call.
  virtual void finish() = 0;
  virtual void settle() noexcept = 0;

  // ---- Layers: arguments of the kernels with every default resolved; bytes of their args.workspace ----

  virtual void embedding(const px_embedding_args& args) = 0;
  virtual void embedding_backward(const px_embedding_backward_args& args) = 0;
  virtual void rmsnorm(const px_rmsnorm_args& args) = 0;
  virtual uint64_t rmsnorm_backward_bytes(int64_t rows, int64_t hidden) const = 0;
  virtual void rmsnorm_backward(const px_rmsnorm_backward_args& args) = 0;
  virtual void layernorm(const px_layernorm_args& args) = 0;
  virtual uint64_t layernorm_backward_bytes(int64_t rows, int64_t hidden) const = 0;
  virtual void layernorm_backward(const px_layernorm_backward_args& args) = 0;
  virtual void rope(const px_rope_args& args) = 0;
  virtual uint64_t rope_backward_bytes(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size) const = 0;
  virtual void rope_backward(const px_rope_backward_args& args) = 0;
  virtual void swiglu(const px_swiglu_args& args) = 0;
  virtual void swiglu_backward(const px_swiglu_backward_args& args) = 0;
  virtual void gelu(const px_gelu_args& args) = 0;
  virtual void gelu_backward(const px_gelu_backward_args& args) = 0;
  virtual void cast(const float* x, int64_t count, uint16_t* out) = 0;

  // ---- Products ----

  // The form in which products read a linear: `packed`, bias and, for the gradients of an LM head, `packed_by_columns`
  // point into packed_bytes() of memory or into the arena. Made again whenever the parameters have changed.
  virtual uint64_t packed_bytes(const Linear& linear, bool by_columns) const = 0;
  virtual void pack(const float* arena, Linear& linear, bool by_columns, std::byte* memory) = 0;
  // out [count, out] = x w^T (+ bias) (+ residual, which may be out).
  virtual void project(const Linear& linear, Values x, int64_t count, const float* residual, Values out) = 0;
  // out [count, out] = gelu(x w^T + bias), by the bits of project() and gelu() one after the other.
  virtual void project_gelu(const Linear& linear, Values x, int64_t count, Values out) = 0;
  // d_x [count, in] = d_y w; d_y^T x and the sums of d_y's columns are added to `gradient`, which lies as the arena
  // does.
  virtual uint64_t project_backward_bytes(const Linear& linear, int64_t count) const = 0;
  virtual void project_backward(const float* arena, const Linear& linear, Values x, Values d_y, int64_t count,
                                float* d_x, float* gradient, std::byte* workspace) = 0;

  // ---- Attention ----

  // Sequences packed end to end; their arrays [host] live as long as the object.
  virtual std::unique_ptr<PackedAttention> packed_attention(const kernels::AttentionShape& shape,
                                                            const kernels::PackedSequences& sequences) = 0;
  // Rows that are added to sequences in pages of kernels::kBlock positions, which forward() writes first. `sequences`
  // [host] live as long as the object; the tables of their blocks are [host], the blocks are not. A page holds the
  // blocks of layer 0, head by head, then those of the next layer.
  virtual std::unique_ptr<Attention> cached_attention(const kernels::AttentionShape& shape,
                                                      std::span<const kernels::AttentionSequence> sequences) = 0;
  // Of one head: keys and values.
  virtual uint64_t block_bytes(const kernels::AttentionShape& shape) const = 0;

  // ---- Heads ----

  // logprob, entropy [n] [host].
  virtual uint64_t head_bytes(const Linear& head, int64_t rows, bool gradients) const = 0;
  virtual void head_logprob(const HeadRows& rows, float* logprob, float* entropy, std::byte* workspace) = 0;
  // The objective's arrays are [host]. d_hidden [n, H] is written, d_head [V, H] is added to.
  virtual void head_gradient(const HeadRows& rows, kernels::HeadObjective& objective, float* d_hidden, float* d_head,
                             std::byte* workspace) = 0;
  // values [n] [host].
  virtual void scalar_head(const kernels::ScalarRows& rows, float* values) = 0;
  // slopes [n] [host] -> d_rows [n, H], and d_head [H], which is added to.
  virtual void scalar_head_backward(const kernels::ScalarRows& rows, const float* slopes, float* d_rows,
                                    float* d_head) = 0;
  // As kernels/rows/rows.h has them.
  virtual void gather_rows(const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) = 0;
  virtual void add_rows(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) = 0;

  // ---- Optimizer ----

  // The gradient is known to be finite.
  virtual void adamw(const px_adamw_args& args) = 0;
  virtual double squared_norm(const float* x, int64_t count) = 0;

  // ---- Sampling ----

  // From hidden states [draws, H] and an LM head, what sample() and score() make of their logits: tokens, scores [host].
  virtual uint64_t draw_bytes(const Linear& head, std::span<const px_sample_args> draws) const = 0;  // of workspace
  virtual void draw(const Linear& head, Values hidden, std::span<const px_sample_args> draws,
                    std::span<int32_t> tokens, std::span<TokenScore> scores, std::byte* workspace) = 0;
  // Of row i of logits [draws, V]: tokens [host]; -1 for a row whose logits are not finite. The draws have every default
  // resolved; their own logits are not read.
  virtual void sample(const float* logits, std::span<const px_sample_args> draws, std::span<int32_t> tokens) = 0;
  // scores [host], by the bits of head_logprob().
  virtual void score(const float* logits, std::span<const px_sample_args> draws, std::span<const int32_t> tokens,
                     std::span<TokenScore> scores) = 0;
};

}  // namespace px
