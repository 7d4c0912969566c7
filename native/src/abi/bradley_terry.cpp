#include "kernels/bradley_terry/bradley_terry.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_bradley_terry_f32(px_engine* engine, const px_bradley_terry_args* args,
                               px_bradley_terry_metrics* metrics) {
  return guarded("px_bradley_terry_f32", [&] {
    Engine& e = engine_of(engine);
    const px_bradley_terry_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    check_array(a.chosen, a.count, "args.chosen");
    check_array(a.rejected, a.count, "args.rejected");
    px_bradley_terry_metrics result{};
    kernels::bradley_terry(e.cpu(), a, result);
    if (metrics != nullptr) *metrics = result;
  });
}

}  // extern "C"
