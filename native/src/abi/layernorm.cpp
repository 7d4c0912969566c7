#include "kernels/layernorm/layernorm.h"

#include "abi/arrays.h"
#include "abi/engine.h"
#include "kernels/checks.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_layernorm_f32(px_engine* engine, const px_layernorm_args* args) {
  return guarded("px_layernorm_f32", [&] {
    Engine& e = engine_of(engine);
    const px_layernorm_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t elements = kernels::check_matrix(a.rows, "args.rows", a.hidden, "args.hidden");
    check_array(a.x, elements, "args.x");
    check_array(a.weight, elements, "args.weight");
    check_array(a.bias, elements, "args.bias");
    kernels::layernorm(e.cpu(), a);
  });
}

px_status px_layernorm_backward_f32(px_engine* engine, const px_layernorm_backward_args* args) {
  return guarded("px_layernorm_backward_f32", [&] {
    Engine& e = engine_of(engine);
    const px_layernorm_backward_args a = read_args(args, "args");
    check_flags(a.flags, PX_LAYERNORM_ADD, "args");
    const int64_t elements = kernels::check_matrix(a.rows, "args.rows", a.hidden, "args.hidden");
    check_array(a.x, elements, "args.x");
    check_array(a.weight, elements, "args.weight");
    check_array(a.mean, a.rows, "args.mean");
    check_array(a.rstd, a.rows, "args.rstd");
    check_array(a.d_out, elements, "args.d_out");
    check_array(a.d_x, elements, "args.d_x");
    kernels::layernorm_backward(e.cpu(), a);
  });
}

uint64_t px_layernorm_backward_workspace(int64_t rows, int64_t hidden) {
  uint64_t bytes = 0;
  guarded("px_layernorm_backward_workspace", [&] {
    kernels::check_matrix(rows, "rows", hidden, "hidden");
    bytes = kernels::layernorm_backward_workspace(rows, hidden);
  });
  return bytes;
}

}  // extern "C"
