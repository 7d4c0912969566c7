#include "kernels/adamw/adamw.h"

#include <cmath>

#include "abi/arrays.h"
#include "abi/engine.h"
#include "kernels/checks.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_adamw_f32(px_engine* engine, const px_adamw_args* args) {
  return guarded("px_adamw_f32", [&] {
    Engine& e = engine_of(engine);
    const px_adamw_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    check_array(a.parameter, a.count, "args.parameter");
    check_array(a.gradient, a.count, "args.gradient");
    check_array(a.exp_avg, a.count, "args.exp_avg");
    check_array(a.exp_avg_sq, a.count, "args.exp_avg_sq");
    kernels::adamw(e.cpu(), a);
  });
}

px_status px_squared_norm_f32(px_engine* engine, const float* x, int64_t n, double* sum) {
  return guarded("px_squared_norm_f32", [&] {
    Engine& e = engine_of(engine);
    check_array(x, n, "x");
    check_pointer(sum, "sum");
    const double result = kernels::squared_norm(e.cpu(), x, n);
    if (!std::isfinite(result))
      for (int64_t i = 0; i < n; ++i) kernels::check_finite(x[i], "x", i);
    *sum = result;
  });
}

}  // extern "C"
