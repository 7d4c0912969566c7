// Attention on the processor.
#pragma once

#include "base/cpu.h"
#include "ops/ops.h"

namespace px {

class CpuPackedAttention final : public PackedAttention {
 public:
  CpuPackedAttention(const Cpu& cpu, const kernels::AttentionShape& shape, const kernels::PackedSequences& sequences)
      : cpu_(cpu), shape_(shape), sequences_(sequences) {}

  uint64_t forward_bytes() const override;
  void forward(const AttentionRows& rows, std::byte* workspace) override;
  uint64_t backward_bytes() const override;
  void backward(const AttentionRows& rows, const float* d_out, float* d_qkv, std::byte* workspace) override;

 private:
  const Cpu cpu_;
  const kernels::AttentionShape shape_;
  const kernels::PackedSequences sequences_;
};

class CpuCachedAttention final : public Attention {
 public:
  CpuCachedAttention(const Cpu& cpu, const kernels::AttentionShape& shape,
                     std::span<const kernels::AttentionSequence> sequences)
      : cpu_(cpu), shape_(shape), sequences_(sequences) {}

  uint64_t forward_bytes() const override;
  void forward(const AttentionRows& rows, std::byte* workspace) override;

 private:
  const Cpu cpu_;
  const kernels::AttentionShape shape_;
  const std::span<const kernels::AttentionSequence> sequences_;
};

}  // namespace px
