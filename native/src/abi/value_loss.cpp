#include "kernels/value_loss/value_loss.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_value_loss_f32(px_engine* engine, const px_value_loss_args* args, px_value_metrics* metrics) {
  return guarded("px_value_loss_f32", [&] {
    Engine& e = engine_of(engine);
    const px_value_loss_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    check_array(a.value, a.count, "args.value");
    check_array(a.old_value, a.count, "args.old_value");
    check_array(a.returns, a.count, "args.returns");
    px_value_metrics result{};
    kernels::value_loss(e.cpu(), a, result);
    if (metrics != nullptr) *metrics = result;
  });
}

}  // extern "C"
