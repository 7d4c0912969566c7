/* KL estimators per token, and the token rewards built from them. */
#ifndef PROXIMAL_KERNELS_KL_H
#define PROXIMAL_KERNELS_KL_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With d = logprob - ref_logprob clamped to +-log_ratio_clamp. Schulman, "Approximating KL divergence" (2020). */
typedef enum px_kl_estimator {
  PX_KL_K1 = 1, /* d */
  PX_KL_K2 = 2, /* d^2 / 2 */
  PX_KL_K3 = 3  /* expm1(-d) + d, never negative */
} px_kl_estimator;

typedef struct px_kl_args {
  uint32_t struct_size;
  uint32_t flags;             /* none yet: 0 */
  int64_t count;              /* n >= 0 */
  const float* logprob;       /* [n] nats */
  const float* ref_logprob;   /* [n] nats */
  int32_t estimator;          /* px_kl_estimator */
  int32_t reserved;
  double log_ratio_clamp;     /* 0: default 20; INFINITY: off */
  double value_clamp;         /* the estimate is clamped to +-this; 0: default 10; INFINITY: off */
  float* value;               /* [n] out, optional */
  float* gradient;            /* [n] out, optional: d value / d logprob, 0 where a clamp holds */
} px_kl_args;

/* Per-token KL estimates and their derivative. Element-wise; may alias an input. Deterministic for any thread count. */
PX_API px_status px_kl_f32(px_engine* engine, const px_kl_args* args);

/* Letters: S sequences, N packed tokens. */
typedef struct px_reward_args {
  uint32_t struct_size;
  uint32_t flags;              /* none yet: 0 */
  int64_t sequences;           /* S >= 0 */
  const int64_t* offsets;      /* [S + 1], non-decreasing from 0 */
  const uint8_t* mask;         /* [N] 1: response token; optional (ones) */
  const float* logprob;        /* [N] */
  const float* ref_logprob;    /* [N] */
  const float* score;          /* [S] after normalisation, mixture weights and penalties, before the clip */
  const float* token_reward;   /* [N] dense rewards w, optional */
  int32_t kl_estimator;        /* px_kl_estimator; 0: default k1 */
  int32_t reserved;
  double beta;                 /* KL coefficient */
  double reward_clip;          /* score clipped to +-this; 0: default 10; INFINITY: off */
  float* kl;                   /* [N] out, optional: the estimate with the default clamps, 0 where masked */
  float* reward;               /* [N] out: -beta k + w, + clipped score at the last real token; 0 where masked */
} px_reward_args;

/* Token rewards of PPO (Ziegler et al. 2019; Ouyang et al. 2022). The score lands on the last token with mask 1; a
 * sequence without one gets none. What stands in masked places does not matter; PX_NOT_FINITE names an array and index that is.
 * Deterministic for any thread count. */
PX_API px_status px_reward_shape_f32(px_engine* engine, const px_reward_args* args);

#ifdef __cplusplus
}
#endif

#endif
