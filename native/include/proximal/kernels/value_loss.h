/* Clipped value loss with gradient and metrics in one pass. */
#ifndef PROXIMAL_KERNELS_VALUE_LOSS_H
#define PROXIMAL_KERNELS_VALUE_LOSS_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_value_loss_args {
  uint32_t struct_size;
  uint32_t flags;           /* none yet: 0 */
  int64_t count;            /* n >= 0 */
  const float* value;       /* [n] V', the critic in training */
  const float* old_value;   /* [n] V, at the rollout */
  const float* returns;     /* [n] */
  const float* weight;      /* [n], optional (ones); 0: masked */
  double normalizer;        /* > 0, finite */
  double clip;              /* range eps_v in units of the values; 0: default 0.5; INFINITY: off */
  float* loss;              /* [n] out, optional: per token, before weight and normalizer */
  float* gradient;          /* [n] out, optional: d (sum(weight loss) / normalizer) / d value */
} px_value_loss_args;

/* Sums over tokens whose weight is not 0 (they count 1 each). */
typedef struct px_value_metrics {
  double loss;             /* sum(weight * loss), not normalised */
  int64_t tokens;
  int64_t clipped;         /* clipped branch strictly larger */
  double value;            /* sum of V' */
  double returns;          /* sum of R */
  double returns_squared;  /* sum of R^2 */
  double error;            /* sum of R - V' */
  double error_squared;    /* sum of (R - V')^2: explained variance = 1 - var(error) / var(returns) */
} px_value_metrics;

/* 1/2 max((V' - R)^2, (V + clip(V' - V, +-eps_v) - R)^2). Where both are exactly equal the unclipped branch's gradient
 * is taken. metrics optional, overwritten. PX_NOT_FINITE names the first array and index that is. */
PX_API px_status px_value_loss_f32(px_engine* engine, const px_value_loss_args* args, px_value_metrics* metrics);

#ifdef __cplusplus
}
#endif

#endif
