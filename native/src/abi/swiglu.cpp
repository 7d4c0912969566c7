#include "kernels/swiglu/swiglu.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_swiglu_f32(px_engine* engine, const px_swiglu_args* args) {
  return guarded("px_swiglu_f32", [&] {
    Engine& e = engine_of(engine);
    const px_swiglu_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    kernels::swiglu(e.cpu(), a);
  });
}

px_status px_swiglu_backward_f32(px_engine* engine, const px_swiglu_backward_args* args) {
  return guarded("px_swiglu_backward_f32", [&] {
    Engine& e = engine_of(engine);
    const px_swiglu_backward_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t outputs = kernels::check_matrix(a.rows, "args.rows", a.features, "args.features");
    check_array(a.d_out, outputs, "args.d_out");
    kernels::swiglu_backward(e.cpu(), a);
  });
}

}  // extern "C"
