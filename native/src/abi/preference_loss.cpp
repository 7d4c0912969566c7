#include "kernels/preference_loss/preference_loss.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_preference_loss_f32(px_engine* engine, const px_preference_loss_args* args,
                                 px_preference_metrics* metrics) {
  return guarded("px_preference_loss_f32", [&] {
    Engine& e = engine_of(engine);
    const px_preference_loss_args a = read_args(args, "args");
    check_flags(a.flags, PX_PREFERENCE_MEAN, "args");
    const int64_t tokens = check_ragged(a.offsets, a.sequences);
    check_array(a.logprob, tokens, "args.logprob");
    if (kernels::preference_is_single(a.form)) check_array(a.desirable, a.sequences, "args.desirable (KTO and BCO)");
    px_preference_metrics result{};
    kernels::preference_loss(e.cpu(), a, result);
    if (metrics != nullptr) *metrics = result;
  });
}

}  // extern "C"
