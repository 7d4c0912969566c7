#include "kernels/token_logprob/token_logprob.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_token_logprob_f32(px_engine* engine, const float* logits, const int32_t* target, int64_t n,
                               int64_t vocabulary, double temperature, float* logprob, float* entropy) {
  return guarded("px_token_logprob_f32", [&] {
    Engine& e = engine_of(engine);
    check_array(logits, n, "logits");
    check_array(target, n, "target");
    kernels::token_logprob(e.cpu(), {logits, target, n, vocabulary, temperature}, logprob, entropy);
  });
}

px_status px_token_logprob_backward_f32(px_engine* engine, const float* logits, const int32_t* target, int64_t n,
                                        int64_t vocabulary, double temperature, const float* upstream_logprob,
                                        const float* upstream_entropy, float* gradient) {
  return guarded("px_token_logprob_backward_f32", [&] {
    Engine& e = engine_of(engine);
    check_array(logits, n, "logits");
    check_array(target, n, "target");
    check_array(gradient, n, "gradient");
    kernels::token_logprob_backward(e.cpu(), {logits, target, n, vocabulary, temperature}, upstream_logprob, upstream_entropy,
                                    gradient);
  });
}

}  // extern "C"
