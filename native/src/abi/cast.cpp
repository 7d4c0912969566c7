#include "kernels/cast/cast.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_cast_f32_to_bf16(px_engine* engine, const float* x, int64_t n, uint16_t* out) {
  return guarded("px_cast_f32_to_bf16", [&] {
    Engine& e = engine_of(engine);
    check_array(x, n, "x");
    check_array(out, n, "out");
    kernels::cast(e.cpu(), x, n, out);
  });
}

px_status px_cast_bf16_to_f32(px_engine* engine, const uint16_t* x, int64_t n, float* out) {
  return guarded("px_cast_bf16_to_f32", [&] {
    Engine& e = engine_of(engine);
    check_array(x, n, "x");
    check_array(out, n, "out");
    kernels::cast(e.cpu(), x, n, out);
  });
}

}  // extern "C"
