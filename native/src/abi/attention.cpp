#include "kernels/attention/attention.h"

#include <cmath>

#include "abi/arrays.h"
#include "abi/engine.h"
#include "proximal/kernels/attention.h"

using namespace px;
using namespace px::abi;
using namespace px::kernels;

namespace {

constexpr uint64_t kLine = 64;

// What both passes are given.
struct Call {
  AttentionShape shape;
  PackedSequences sequences;
  int64_t tokens = 0;
  float scale = 1;
  uint64_t workspace_bytes = 0;
};

Call call_of(Engine& engine, int64_t sequences, const int64_t* offsets, AttentionShape shape) {
  Call call;
  call.shape = shape;
  call.tokens = check_ragged(offsets, sequences);
  check_attention_shape(shape, call.tokens);
  call.sequences = {offsets, sequences};
  // The caller's memory need not begin at a line.
  const int threads = engine.cpu().pool.threads();
  call.workspace_bytes = kLine - 1 + std::max(packed_attention_workspace(shape, call.sequences, threads),
                                              packed_attention_backward_workspace(shape, call.sequences, threads));
  return call;
}

template <class Args>
Call read_call(Engine& engine, const Args& a) {
  check_flags(a.flags, 0, "args");
  check(a.reserved == 0, PX_INVALID_ARGUMENT, "args.reserved: expected 0, got ", a.reserved);
  Call call = call_of(engine, a.sequences, a.offsets, {a.heads, a.kv_heads, a.head_size, static_cast<px_dtype>(a.dtype)});
  check(a.window >= 0, PX_INVALID_ARGUMENT, "args.window: expected at least 0, got ", a.window);
  const double scale = or_default(a.scale, 1 / std::sqrt(static_cast<double>(a.head_size)));
  check_positive(scale, "args.scale");
  call.scale = static_cast<float>(scale);
  check_array(a.qkv, call.tokens * call.shape.row(), "args.qkv");
  check_workspace(a.workspace, a.workspace_bytes, call.workspace_bytes);
  return call;
}

std::byte* first_line(void* workspace) {
  return reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(workspace) + kLine - 1) / kLine * kLine);
}

}  // namespace

extern "C" {

px_status px_attention_f32(px_engine* engine, const px_attention_args* args) {
  return guarded("px_attention_f32", [&] {
    Engine& e = engine_of(engine);
    const px_attention_args a = read_args(args, "args");
    const Call call = read_call(e, a);
    const int64_t columns = call.shape.heads * call.shape.head_size;
    check_some_output(a.out, a.out_bf16, call.tokens * columns, "args.out");
    AttentionArgs to;
    to.shape = call.shape;
    to.scale = call.scale;
    to.window = a.window;
    to.qkv = a.qkv;
    to.qkv_stride = call.shape.row();
    to.out = a.out;
    to.out_bf16 = a.out_bf16;
    to.out_stride = columns;
    to.lse = a.lse;
    to.workspace = first_line(a.workspace);
    packed_attention(e.cpu(), to, call.sequences);
  });
}

px_status px_attention_backward_f32(px_engine* engine, const px_attention_backward_args* args) {
  return guarded("px_attention_backward_f32", [&] {
    Engine& e = engine_of(engine);
    const px_attention_backward_args a = read_args(args, "args");
    const Call call = read_call(e, a);
    const int64_t columns = call.shape.heads * call.shape.head_size;
    check_some_output(a.out, a.out_bf16, call.tokens * columns, "args.out");
    check_array(a.lse, call.tokens * call.shape.heads, "args.lse");
    check_array(a.d_out, call.tokens * columns, "args.d_out");
    check_array(a.d_qkv, call.tokens * call.shape.row(), "args.d_qkv");
    AttentionGradientArgs to;
    to.shape = call.shape;
    to.scale = call.scale;
    to.window = a.window;
    to.qkv = a.qkv;
    to.qkv_stride = to.d_qkv_stride = call.shape.row();
    to.out = a.out;
    to.out_bf16 = a.out_bf16;
    to.out_stride = to.d_out_stride = columns;
    to.lse = a.lse;
    to.d_out = a.d_out;
    to.d_qkv = a.d_qkv;
    to.workspace = first_line(a.workspace);
    packed_attention_backward(e.cpu(), to, call.sequences);
  });
}

uint64_t px_attention_workspace(px_engine* engine, int64_t sequences, const int64_t* offsets, int64_t heads,
                                int64_t kv_heads, int64_t head_size, int32_t dtype) {
  uint64_t bytes = 0;
  guarded("px_attention_workspace", [&] {
    const AttentionShape shape{heads, kv_heads, head_size, static_cast<px_dtype>(dtype)};
    bytes = call_of(engine_of(engine), sequences, offsets, shape).workspace_bytes;
  });
  return bytes;
}

}  // extern "C"
