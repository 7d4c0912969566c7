#include "kernels/group_advantage/group_advantage.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_group_advantage_f32(px_engine* engine, const px_group_advantage_args* args, px_group_metrics* metrics) {
  return guarded("px_group_advantage_f32", [&] {
    Engine& e = engine_of(engine);
    const px_group_advantage_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    kernels::check_count(a.groups, "args.groups");
    check_pointer(a.offsets, "args.offsets");
    const int64_t rows = kernels::check_offsets(a.offsets, a.groups);
    check_array(a.score, rows, "args.score");
    check_array(a.advantage, rows, "args.advantage");
    px_group_metrics result{};
    kernels::group_advantage(e.cpu(), a, result);
    if (metrics != nullptr) *metrics = result;
  });
}

}  // extern "C"
