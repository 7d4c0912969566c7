/* Generalised advantage estimation over ragged sequences (Schulman et al. 2016, arXiv 1506.02438). */
#ifndef PROXIMAL_KERNELS_GAE_H
#define PROXIMAL_KERNELS_GAE_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum px_gae_flags {
  PX_GAE_ONE_STEP_RETURNS = 1 /* returns = reward + gamma * next value, instead of advantage + value */
} px_gae_flags;

typedef struct px_gae_args {
  uint32_t struct_size;
  uint32_t flags;           /* px_gae_flags */
  int64_t sequences;        /* S >= 0 */
  const int64_t* offsets;   /* [S + 1], non-decreasing from 0; N = offsets[S] */
  const float* reward;      /* [N] */
  const float* value;       /* [N]: value[i] of the state before token i */
  const uint8_t* mask;      /* [N] 1: counts; optional (ones) */
  double gamma;             /* in [0, 1]; there is no default: 0 is 0 */
  double lambda;            /* in [0, 1]; there is no default */
  float* advantage;         /* [N] out, 0 where masked */
  float* returns;           /* [N] out, optional, 0 where masked */
} px_gae_args;

/* delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}, returns = A + V, from the last token back;
 * the value past the end is 0; masked positions carry the next value and advantage through, whatever stands there.
 * Accumulates in double. PX_NOT_FINITE names an array and index that is. Deterministic for any thread count. */
PX_API px_status px_gae_f32(px_engine* engine, const px_gae_args* args);

#ifdef __cplusplus
}
#endif

#endif
