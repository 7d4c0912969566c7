#include "kernels/gelu/gelu.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_gelu_f32(px_engine* engine, const px_gelu_args* args) {
  return guarded("px_gelu_f32", [&] {
    Engine& e = engine_of(engine);
    const px_gelu_args a = read_args(args, "args");
    check_flags(a.flags, PX_GELU_ERF, "args");
    kernels::gelu(e.cpu(), a);
  });
}

px_status px_gelu_backward_f32(px_engine* engine, const px_gelu_backward_args* args) {
  return guarded("px_gelu_backward_f32", [&] {
    Engine& e = engine_of(engine);
    const px_gelu_backward_args a = read_args(args, "args");
    check_flags(a.flags, PX_GELU_ERF, "args");
    check_array(a.d_out, a.count, "args.d_out");
    kernels::gelu_backward(e.cpu(), a);
  });
}

}  // extern "C"
