#include "kernels/gae/gae.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_gae_f32(px_engine* engine, const px_gae_args* args) {
  return guarded("px_gae_f32", [&] {
    Engine& e = engine_of(engine);
    const px_gae_args a = read_args(args, "args");
    check_flags(a.flags, PX_GAE_ONE_STEP_RETURNS, "args");
    const int64_t tokens = check_ragged(a.offsets, a.sequences);
    check_array(a.reward, tokens, "args.reward");
    check_array(a.value, tokens, "args.value");
    check_array(a.advantage, tokens, "args.advantage");
    kernels::gae(e.cpu(), a);
  });
}

}  // extern "C"
