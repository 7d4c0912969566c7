#include "model/core/attention_contexts.h"

#include <cmath>

namespace px::core {

kernels::AttentionArgs attention_args(const Descriptor& d, px_dtype dtype, int64_t layer, const LayerRows& rows,
                                      std::byte* workspace) {
  kernels::AttentionArgs args;
  args.shape = attention_shape(d, dtype);
  args.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(d.head_size)));
  args.window = d.window(layer);
  args.qkv = rows.qkv;
  args.qkv_stride = args.shape.row();
  args.out = rows.attended.f32;
  args.out_bf16 = rows.attended.bf16;
  args.out_stride = d.heads * d.head_size;
  args.lse = rows.lse;
  args.workspace = workspace;
  return args;
}

kernels::AttentionShape attention_shape(const Descriptor& d, px_dtype dtype) {
  return {d.heads, d.kv_heads, d.head_size, dtype};
}

PackedContext::PackedContext(const Cpu& cpu, const Descriptor& descriptor, px_dtype dtype,
                             std::span<const int64_t> offsets)
    : cpu_(cpu), d_(descriptor), dtype_(dtype), sequences_{offsets.data(), static_cast<int64_t>(offsets.size()) - 1} {}

uint64_t PackedContext::bytes() const {
  return kernels::packed_attention_workspace(attention_shape(d_, dtype_), sequences_, cpu_.pool.threads());
}

void PackedContext::attend(int64_t layer, const LayerRows& rows) {
  kernels::packed_attention(cpu_, attention_args(d_, dtype_, layer, rows, workspace_), sequences_);
}

CachedContext::CachedContext(const Cpu& cpu, const Descriptor& descriptor, px_dtype dtype,
                             std::span<const kernels::AttentionSequence> sequences)
    : cpu_(cpu), d_(descriptor), dtype_(dtype), sequences_(sequences) {}

uint64_t CachedContext::bytes() const {
  return kernels::attention_workspace(attention_shape(d_, dtype_), static_cast<int64_t>(sequences_.size()),
                                      cpu_.pool.threads());
}

void CachedContext::attend(int64_t layer, const LayerRows& rows) {
  kernels::AttentionArgs args = attention_args(d_, dtype_, layer, rows, workspace_);
  args.sequences = sequences_.data();
  args.count = static_cast<int64_t>(sequences_.size());
  args.block_offset = layer * d_.kv_heads * args.shape.block_words();
  kernels::attention_write(cpu_, args);
  kernels::attention(cpu_, args);
}

}  // namespace px::core
