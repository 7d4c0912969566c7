#include "ops/cpu_attention.h"

namespace px {
namespace {

// Without its sequences.
kernels::AttentionArgs args_of(const kernels::AttentionShape& shape, const AttentionRows& rows, std::byte* workspace) {
  kernels::AttentionArgs args;
  args.shape = shape;
  args.scale = rows.scale;
  args.window = rows.window;
  args.qkv = rows.qkv;
  args.qkv_stride = shape.row();
  args.out = rows.out.f32;
  args.out_bf16 = rows.out.bf16;
  args.out_stride = shape.heads * shape.head_size;
  args.lse = rows.lse;
  args.workspace = workspace;
  return args;
}

}  // namespace

uint64_t CpuPackedAttention::forward_bytes() const {
  return kernels::packed_attention_workspace(shape_, sequences_, cpu_.pool.threads());
}

void CpuPackedAttention::forward(const AttentionRows& rows, std::byte* workspace) {
  kernels::packed_attention(cpu_, args_of(shape_, rows, workspace), sequences_);
}

uint64_t CpuPackedAttention::backward_bytes() const {
  return kernels::packed_attention_backward_workspace(shape_, sequences_, cpu_.pool.threads());
}

void CpuPackedAttention::backward(const AttentionRows& rows, const float* d_out, float* d_qkv, std::byte* workspace) {
  kernels::AttentionGradientArgs args;
  args.shape = shape_;
  args.scale = rows.scale;
  args.window = rows.window;
  args.qkv = rows.qkv;
  args.qkv_stride = args.d_qkv_stride = shape_.row();
  args.out = rows.out.f32;
  args.out_bf16 = rows.out.bf16;
  args.out_stride = args.d_out_stride = shape_.heads * shape_.head_size;
  args.lse = rows.lse;
  args.d_out = d_out;
  args.d_qkv = d_qkv;
  args.workspace = workspace;
  kernels::packed_attention_backward(cpu_, args, sequences_);
}

uint64_t CpuCachedAttention::forward_bytes() const {
  return kernels::attention_workspace(shape_, static_cast<int64_t>(sequences_.size()), cpu_.pool.threads());
}

void CpuCachedAttention::forward(const AttentionRows& rows, std::byte* workspace) {
  kernels::AttentionArgs args = args_of(shape_, rows, workspace);
  args.sequences = sequences_.data();
  args.count = static_cast<int64_t>(sequences_.size());
  args.block_offset = rows.layer * shape_.kv_heads * shape_.block_words();
  kernels::attention_write(cpu_, args);
  kernels::attention(cpu_, args);
}

}  // namespace px
