/* Clipped policy loss with gradient and metrics in one pass (PPO, arXiv 1707.06347; dual clip, arXiv 1912.09729). */
#ifndef PROXIMAL_KERNELS_POLICY_LOSS_H
#define PROXIMAL_KERNELS_POLICY_LOSS_H

#include "../engine.h"
#include "kl.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_policy_loss_args {
  uint32_t struct_size;
  uint32_t flags;             /* none yet: 0 */
  int64_t count;              /* n >= 0 */
  const float* logprob;       /* [n] lp', the policy in training */
  const float* old_logprob;   /* [n] lp, the policy that sampled */
  const float* ref_logprob;   /* [n], needed when kl_coefficient is not 0 */
  const float* advantage;     /* [n] */
  const float* weight;        /* [n], optional (ones); 0: masked, whatever stands elsewhere */
  double normalizer;          /* > 0, finite */
  double clip_low;            /* 0: default 0.2 */
  double clip_high;           /* 0: default 0.2 */
  double dual_clip;           /* c > 1 for negative advantages; 0: default 3; INFINITY: off */
  double kl_coefficient;      /* + coefficient * k(lp', ref) */
  int32_t kl_estimator;       /* px_kl_estimator; 0: default k3 */
  int32_t reserved;
  float* loss;                /* [n] out, optional: per token, before weight and normalizer, KL term included */
  float* gradient;            /* [n] out, optional: d (sum(weight loss) / normalizer) / d logprob */
} px_policy_loss_args;

/* Sums over tokens whose weight is not 0 (they count 1 each), so that micro-batches and ranks add. */
typedef struct px_policy_metrics {
  double loss;            /* sum(weight * policy loss), without the KL term, not normalised */
  double kl_loss;         /* sum(weight * k), without the coefficient */
  int64_t tokens;
  int64_t clipped;        /* clipped branch strictly larger */
  int64_t clipped_low;    /* ratio < 1 - clip_low and advantage < 0 */
  int64_t clipped_high;   /* ratio > 1 + clip_high and advantage > 0 */
  int64_t dual_clipped;   /* the dual clip strictly acts */
  double approx_kl;       /* sum of (lp' - lp)^2 / 2 */
  double approx_kl_k1;    /* sum of lp - lp' */
  double approx_kl_k3;    /* sum of ratio - 1 - log ratio */
  double ratio;           /* sum */
  double ratio_squared;   /* sum */
  double ratio_min;       /* INFINITY without tokens */
  double ratio_max;       /* -INFINITY without tokens */
} px_policy_metrics;

/* rho = exp(clamp(lp' - lp, +-20)), L = max(-A rho, -A clip(rho, 1 - clip_low, 1 + clip_high)), for A < 0
 * L = min(L, -A c). Where branches are exactly equal the unclipped one's gradient is taken; none flows where the
 * clamp of the log-ratio holds. metrics optional, overwritten. PX_NOT_FINITE names the first array and index that is. */
PX_API px_status px_policy_loss_f32(px_engine* engine, const px_policy_loss_args* args, px_policy_metrics* metrics);

#ifdef __cplusplus
}
#endif

#endif
