// Attention of models that live on a device.
#pragma once

#include <vector>

#include "cuda/heads.h"
#include "cuda/memory.h"
#include "ops/ops.h"

namespace px::cuda {

class CudaPackedAttention final : public PackedAttention {
 public:
  // `memory` outlives it.
  CudaPackedAttention(DeviceMemory& memory, const kernels::AttentionShape& shape,
                      const kernels::PackedSequences& sequences);

  uint64_t forward_bytes() const override { return 0; }
  void forward(const AttentionRows& rows, std::byte* workspace) override;
  uint64_t backward_bytes() const override;
  void backward(const AttentionRows& rows, const float* d_out, float* d_qkv, std::byte* workspace) override;

 private:
  DeviceMemory& memory_;
  const kernels::AttentionShape shape_;
  std::vector<int64_t> host_family_;
  DeviceArray<int64_t> offsets_, shared_, family_;
  kernels::PackedCuda sequences_;
};

class CudaCachedAttention final : public Attention {
 public:
  CudaCachedAttention(DeviceMemory& memory, const kernels::AttentionShape& shape,
                      std::span<const kernels::AttentionSequence> sequences);

  uint64_t forward_bytes() const override { return 0; }
  void forward(const AttentionRows& rows, std::byte* workspace) override;

 private:
  DeviceMemory& memory_;
  const kernels::AttentionShape shape_;
  std::vector<kernels::CachedSequenceCuda> host_sequences_;
  std::vector<void*> host_pages_;
  DeviceArray<kernels::CachedSequenceCuda> device_sequences_;
  DeviceArray<void*> device_pages_;
  kernels::CachedCuda cached_;
};

}  // namespace px::cuda
