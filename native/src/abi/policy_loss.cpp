#include "kernels/policy_loss/policy_loss.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_policy_loss_f32(px_engine* engine, const px_policy_loss_args* args, px_policy_metrics* metrics) {
  return guarded("px_policy_loss_f32", [&] {
    Engine& e = engine_of(engine);
    const px_policy_loss_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    check_array(a.logprob, a.count, "args.logprob");
    check_array(a.old_logprob, a.count, "args.old_logprob");
    check_array(a.advantage, a.count, "args.advantage");
    if (a.kl_coefficient != 0) check_array(a.ref_logprob, a.count, "args.ref_logprob (kl_coefficient is not 0)");
    px_policy_metrics result{};
    kernels::policy_loss(e.cpu(), a, result);
    if (metrics != nullptr) *metrics = result;
  });
}

}  // extern "C"
