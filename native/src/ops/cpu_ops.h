// The operations on the processor: the kernels of native/src/kernels over the host's memory.
#pragma once

#include "base/cpu.h"
#include "ops/ops.h"

namespace px {

class CpuOps final : public Ops {
 public:
  explicit CpuOps(const Cpu& cpu) : cpu_(cpu) {}

  std::string describe() const override;

  bool on_host() const override { return true; }
  std::byte* allocate(uint64_t bytes) override;
  void release(std::byte* memory, uint64_t bytes) noexcept override;
  void copy_in(void* to, const void* host, uint64_t bytes) override { copy(to, host, bytes); }
  void copy_out(void* host, const void* from, uint64_t bytes) override { copy(host, from, bytes); }
  void copy(void* to, const void* from, uint64_t bytes) override;
  void zero(void* to, uint64_t bytes) override;
  void finish() override {}
  void settle() noexcept override {}

  void embedding(const px_embedding_args& args) override;
  void embedding_backward(const px_embedding_backward_args& args) override;
  void rmsnorm(const px_rmsnorm_args& args) override;
  uint64_t rmsnorm_backward_bytes(int64_t rows, int64_t hidden) const override;
  void rmsnorm_backward(const px_rmsnorm_backward_args& args) override;
  void layernorm(const px_layernorm_args& args) override;
  uint64_t layernorm_backward_bytes(int64_t rows, int64_t hidden) const override;
  void layernorm_backward(const px_layernorm_backward_args& args) override;
  void rope(const px_rope_args& args) override;
  uint64_t rope_backward_bytes(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size) const override;
  void rope_backward(const px_rope_backward_args& args) override;
  void swiglu(const px_swiglu_args& args) override;
  void swiglu_backward(const px_swiglu_backward_args& args) override;
  void gelu(const px_gelu_args& args) override;
  void gelu_backward(const px_gelu_backward_args& args) override;
  void cast(const float* x, int64_t count, uint16_t* out) override;

  uint64_t packed_bytes(const Linear& linear, bool by_columns) const override;
  void pack(const float* arena, Linear& linear, bool by_columns, std::byte* memory) override;
  void project(const Linear& linear, Values x, int64_t count, const float* residual, Values out) override;
  void project_gelu(const Linear& linear, Values x, int64_t count, Values out) override;
  uint64_t project_backward_bytes(const Linear& linear, int64_t count) const override;
  void project_backward(const float* arena, const Linear& linear, Values x, Values d_y, int64_t count, float* d_x,
                        float* gradient, std::byte* workspace) override;

  std::unique_ptr<PackedAttention> packed_attention(const kernels::AttentionShape& shape,
                                                    const kernels::PackedSequences& sequences) override;
  std::unique_ptr<Attention> cached_attention(const kernels::AttentionShape& shape,
                                              std::span<const kernels::AttentionSequence> sequences) override;
  uint64_t block_bytes(const kernels::AttentionShape& shape) const override;

  uint64_t head_bytes(const Linear& head, int64_t rows, bool gradients) const override;
  void head_logprob(const HeadRows& rows, float* logprob, float* entropy, std::byte* workspace) override;
  void head_gradient(const HeadRows& rows, kernels::HeadObjective& objective, float* d_hidden, float* d_head,
                     std::byte* workspace) override;
  void scalar_head(const kernels::ScalarRows& rows, float* values) override;
  void scalar_head_backward(const kernels::ScalarRows& rows, const float* slopes, float* d_rows,
                            float* d_head) override;
  void gather_rows(const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) override;
  void add_rows(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) override;

  void adamw(const px_adamw_args& args) override;
  double squared_norm(const float* x, int64_t count) override;

  uint64_t draw_bytes(const Linear& head, std::span<const px_sample_args> draws) const override;
  void draw(const Linear& head, Values hidden, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
            std::span<TokenScore> scores, std::byte* workspace) override;
  void sample(const float* logits, std::span<const px_sample_args> draws, std::span<int32_t> tokens) override;
  void score(const float* logits, std::span<const px_sample_args> draws, std::span<const int32_t> tokens,
             std::span<TokenScore> scores) override;

 private:
  void weight_gradient(const Linear& linear, Values x, Values d_y, int64_t count, float* gradient,
                       std::byte* workspace);
  int64_t logit_draws(std::span<const px_sample_args> draws) const;
  void bias_gradient(const Linear& linear, Values d_y, int64_t count, float* gradient);
  template <class Body>
  void for_each_row(size_t count, const Body& body);

  const Cpu cpu_;
};

}  // namespace px
