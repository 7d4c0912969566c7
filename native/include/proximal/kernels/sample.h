/* Sampling from one row of logits with counter-based random numbers. */
#ifndef PROXIMAL_KERNELS_SAMPLE_H
#define PROXIMAL_KERNELS_SAMPLE_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum px_sample_flags {
  PX_SAMPLE_GREEDY = 1 /* the largest logit, lowest id on a tie */
} px_sample_flags;

/* Applied in this order: temperature, top-k, top-p, min-p; each sees what the one before left. */
typedef struct px_sample_args {
  uint32_t struct_size;
  uint32_t flags;         /* px_sample_flags */
  int64_t vocabulary;     /* V >= 1 */
  const float* logits;    /* [V]; -INFINITY: never sampled */
  double temperature;     /* 0: default 1 */
  int64_t top_k;          /* 0: off; keeps all ties of the k-th */
  double top_p;           /* 0: off; removes the tail whose cumulative probability is <= 1 - p; keeps at least one */
  double min_p;           /* 0: off; keeps p_i >= min_p max p */
  uint64_t seed;          /* Philox key */
  uint64_t sample_id;     /* Philox counter, high half */
  uint64_t index;         /* Philox counter, low half: the token's place */
} px_sample_args;

/* Draws one token. *logprob (optional) is log softmax(logits / T)[token] without the filters.
 * PX_NOT_FINITE when a logit is NaN or +INFINITY, or all are -INFINITY. */
PX_API px_status px_sample_f32(px_engine* engine, const px_sample_args* args, int32_t* token, float* logprob);

/* logprob [V] out: log-probabilities of the distribution that px_sample_f32 draws from, -INFINITY where removed. */
PX_API px_status px_sample_distribution_f32(px_engine* engine, const px_sample_args* args, float* logprob);

/* Philox4x32-10 (Salmon et al., SC 2011): key [2], counter [4] -> output [4]. */
PX_API px_status px_philox4x32(const uint32_t* key, const uint32_t* counter, uint32_t* output);

#ifdef __cplusplus
}
#endif

#endif
