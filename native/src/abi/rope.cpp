#include "kernels/rope/rope.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_rope_f32(px_engine* engine, const px_rope_args* args) {
  return guarded("px_rope_f32", [&] {
    Engine& e = engine_of(engine);
    const px_rope_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t elements = a.rows * kernels::check_rope_sizes(a.rows, a.heads, a.kv_heads, a.head_size);
    check_array(a.x, elements, "args.x");
    check_array(a.position, a.rows, "args.position");
    check_array(a.cos, elements, "args.cos");
    check_array(a.sin, elements, "args.sin");
    kernels::rope(e.cpu(), a);
  });
}

px_status px_rope_backward_f32(px_engine* engine, const px_rope_backward_args* args) {
  return guarded("px_rope_backward_f32", [&] {
    Engine& e = engine_of(engine);
    const px_rope_backward_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t elements = a.rows * kernels::check_rope_sizes(a.rows, a.heads, a.kv_heads, a.head_size);
    check_array(a.d_out, elements, "args.d_out");
    check_array(a.position, a.rows, "args.position");
    check_array(a.cos, elements, "args.cos");
    check_array(a.sin, elements, "args.sin");
    kernels::rope_backward(e.cpu(), a);
  });
}

uint64_t px_rope_backward_workspace(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size) {
  uint64_t bytes = 0;
  guarded("px_rope_backward_workspace", [&] {
    kernels::check_rope_sizes(rows, heads, kv_heads, head_size);
    bytes = kernels::rope_backward_workspace(rows, heads, kv_heads, head_size);
  });
  return bytes;
}

}  // extern "C"
