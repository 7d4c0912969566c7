#include "cuda/attention_ops.h"

#include <algorithm>

namespace px::cuda {
namespace {

static_assert(kernels::kPagePositions == kernels::kBlock);

kernels::AttentionCuda args_of(const kernels::AttentionShape& shape, const AttentionRows& rows) {
  kernels::AttentionCuda args;
  args.heads = shape.heads;
  args.kv_heads = shape.kv_heads;
  args.head_size = shape.head_size;
  args.scale = rows.scale;
  args.window = rows.window;
  args.bf16 = shape.dtype == PX_DTYPE_BF16;
  args.qkv = rows.qkv;
  args.out = rows.out.f32;
  args.out_bf16 = rows.out.bf16;
  args.lse = rows.lse;
  return args;
}

// Before anything is copied: a copy would read what the caller gives up with the error.
const kernels::AttentionShape& checked(const kernels::AttentionShape& shape) {
  kernels::check_attention_cuda(shape.head_size);
  return shape;
}

// By sequence the first row of its family; none where there are no families.
std::vector<int64_t> first_rows(const kernels::PackedSequences& sequences) {
  std::vector<int64_t> rows;
  for (int64_t s = 0; s < sequences.count && sequences.shared != nullptr; ++s)
    rows.push_back(sequences.shared_of(s) > 0 ? rows.back() : sequences.offsets[s]);
  return rows;
}

}  // namespace

CudaPackedAttention::CudaPackedAttention(DeviceMemory& memory, const kernels::AttentionShape& shape,
                                         const kernels::PackedSequences& sequences)
    : memory_(memory),
      shape_(checked(shape)),
      host_family_(first_rows(sequences)),
      offsets_(memory, sequences.offsets, sequences.count + 1),
      shared_(memory, sequences.shared, sequences.count),
      family_(memory, host_family_.data(), static_cast<int64_t>(host_family_.size())) {
  sequences_.tokens = sequences.offsets[sequences.count];
  sequences_.sequences = sequences.count;
  for (int64_t s = 0; s < sequences.count; ++s) sequences_.longest = std::max(sequences_.longest, sequences.rows(s));
  sequences_.offsets = offsets_.data();
  sequences_.shared = shared_.data();
  sequences_.family = family_.data();
}

void CudaPackedAttention::forward(const AttentionRows& rows, std::byte*) {
  kernels::attention_cuda(memory_.stream(), args_of(shape_, rows), sequences_);
}

uint64_t CudaPackedAttention::backward_bytes() const {
  return static_cast<uint64_t>(sequences_.tokens * shape_.heads) * sizeof(float);
}

void CudaPackedAttention::backward(const AttentionRows& rows, const float* d_out, float* d_qkv, std::byte* workspace) {
  kernels::attention_backward_cuda(memory_.stream(), args_of(shape_, rows), sequences_, d_out, d_qkv,
                                   reinterpret_cast<float*>(workspace));
}

CudaCachedAttention::CudaCachedAttention(DeviceMemory& memory, const kernels::AttentionShape& shape,
                                         std::span<const kernels::AttentionSequence> sequences)
    : memory_(memory), shape_(shape) {
  kernels::check_attention_cuda(shape.head_size);
  for (const kernels::AttentionSequence& s : sequences) {
    host_sequences_.push_back({s.first_row, s.rows, s.position, static_cast<int64_t>(host_pages_.size())});
    host_pages_.insert(host_pages_.end(), s.blocks, s.blocks + kernels::blocks_of(s.position + s.rows));
    cached_.longest = std::max(cached_.longest, s.rows);
  }
  cached_.sequences = static_cast<int64_t>(sequences.size());
  device_sequences_ = {memory, host_sequences_.data(), cached_.sequences};
  device_pages_ = {memory, host_pages_.data(), static_cast<int64_t>(host_pages_.size())};
  cached_.sequence = device_sequences_.data();
  cached_.pages = device_pages_.data();
}

void CudaCachedAttention::forward(const AttentionRows& rows, std::byte*) {
  const kernels::AttentionCuda args = args_of(shape_, rows);
  kernels::CachedCuda layer = cached_;
  layer.offset = rows.layer * shape_.kv_heads * 2 * kernels::kPagePositions * shape_.head_size;
  kernels::attention_write_cuda(memory_.stream(), args, layer);
  kernels::attention_cuda(memory_.stream(), args, layer);
}

}  // namespace px::cuda
