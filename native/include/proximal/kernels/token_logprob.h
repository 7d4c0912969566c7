/* Log-prob and entropy of given logits, forward and backward. */
#ifndef PROXIMAL_KERNELS_TOKEN_LOGPROB_H
#define PROXIMAL_KERNELS_TOKEN_LOGPROB_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With z = logits / T over each row of logits [n, V]: logprob [n] = log softmax(z)[target], entropy [n] (both optional)
 * in nats; -INFINITY logits contribute 0 to the entropy. target [n] in 0..V-1. temperature > 0.
 * PX_NOT_FINITE for NaN, +INFINITY or a row of -INFINITY only. Accumulates in double. */
PX_API px_status px_token_logprob_f32(px_engine* engine, const float* logits, const int32_t* target, int64_t n,
                                      int64_t vocabulary, double temperature, float* logprob, float* entropy);

/* gradient [n, V] out: d sum(upstream_logprob logprob + upstream_entropy entropy) / d logits. Either upstream [n] may be
 * NULL (0). May alias logits. */
PX_API px_status px_token_logprob_backward_f32(px_engine* engine, const float* logits, const int32_t* target, int64_t n,
                                               int64_t vocabulary, double temperature, const float* upstream_logprob,
                                               const float* upstream_entropy, float* gradient);

#ifdef __cplusplus
}
#endif

#endif
