#include "kernels/kl/kl.h"

#include "abi/arrays.h"
#include "abi/engine.h"
#include "kernels/reward_shape/reward_shape.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_kl_f32(px_engine* engine, const px_kl_args* args) {
  return guarded("px_kl_f32", [&] {
    Engine& e = engine_of(engine);
    const px_kl_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    check_array(a.logprob, a.count, "args.logprob");
    check_array(a.ref_logprob, a.count, "args.ref_logprob");
    kernels::kl(e.cpu(), a);
  });
}

px_status px_reward_shape_f32(px_engine* engine, const px_reward_args* args) {
  return guarded("px_reward_shape_f32", [&] {
    Engine& e = engine_of(engine);
    const px_reward_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    const int64_t tokens = check_ragged(a.offsets, a.sequences);
    check_array(a.logprob, tokens, "args.logprob");
    check_array(a.ref_logprob, tokens, "args.ref_logprob");
    check_array(a.score, a.sequences, "args.score");
    check_array(a.reward, tokens, "args.reward");
    kernels::reward_shape(e.cpu(), a);
  });
}

}  // extern "C"
