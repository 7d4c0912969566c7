/* Training: accumulate objectives over micro-batches, look at the gradient, step.
 *
 * Every objective adds the gradient of sum(weight * loss) / normalizer, where the normalizer is the caller's, for the
 * whole optimizer step (all micro-batches, all ranks): native code never divides by its own count. Metrics come back as
 * sums and counts, so that micro-batches and ranks can add them.
 */
#ifndef PROXIMAL_TRAINER_H
#define PROXIMAL_TRAINER_H

#include "kernels/bradley_terry.h"
#include "kernels/policy_loss.h"
#include "kernels/value_loss.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_trainer px_trainer;

typedef enum px_objective_kind {
  PX_OBJECTIVE_CROSS_ENTROPY = 1, /* loss_i = -logprob_i (LM head) */
  PX_OBJECTIVE_POLICY = 2,        /* kernels/policy_loss.h (LM head) */
  PX_OBJECTIVE_VALUE = 3,         /* kernels/value_loss.h (scalar head) */
  PX_OBJECTIVE_BRADLEY_TERRY = 4, /* kernels/bradley_terry.h: sequences 2i chosen, 2i+1 rejected (scalar head) */
  PX_OBJECTIVE_UPSTREAM = 5       /* the caller's own gradients with respect to logprob, entropy, value, score; its loss
                                     in the metrics is the linear one that has them: sum(gradient * output) */
} px_objective_kind;

/* What a pass computes a second time on its way back instead of keeping it. The gradient has the same bits. */
typedef enum px_recompute {
  PX_RECOMPUTE_NONE = 1,
  PX_RECOMPUTE_ATTENTION_MLP = 2, /* inside attention and the feed-forward: about 3 times less memory for activations */
  PX_RECOMPUTE_BLOCK = 3          /* all but the residual stream before each layer: about 4 times less */
} px_recompute;

typedef struct px_trainer_options {
  uint32_t struct_size;
  uint32_t flags;            /* none yet: 0 */
  double beta1;              /* 0: default 0.9 */
  double beta2;              /* 0: default 0.95 */
  double epsilon;            /* 0: default 1e-5 */
  double weight_decay;       /* decoupled; 0: none */
  double max_gradient_norm;  /* 0: default 1; INFINITY: no clipping */
  int32_t recompute;         /* px_recompute; 0: default NONE, which is all that the LibTorch backend does */
  int32_t reserved;
} px_trainer_options;

/* The batch's weight is the objective's weight. Arrays are [N] unless said; entries with weight 0 are not read, nor is
 * the first entry of a sequence, which is no target. BRADLEY_TERRY and scores take no weights. */
typedef struct px_objective {
  uint32_t struct_size;
  uint32_t flags;                  /* none yet: 0 */
  int32_t kind;                    /* px_objective_kind */
  int32_t kl_estimator;            /* px_kl_estimator for kl_coefficient; 0: default k3 */
  double normalizer;               /* > 0, finite */
  double temperature;              /* LM head; 0: default 1 */
  const float* old_logprob;        /* POLICY */
  const float* ref_logprob;        /* POLICY when kl_coefficient is not 0 */
  const float* advantage;          /* POLICY */
  const float* old_value;          /* VALUE */
  const float* returns;            /* VALUE */
  const float* margin;             /* BRADLEY_TERRY, [S / 2], optional */
  const float* upstream_logprob;   /* UPSTREAM, optional each: d loss / d output, before weight and normalizer */
  const float* upstream_entropy;
  const float* upstream_value;
  const float* upstream_score;     /* [S]; no weight applies */
  double clip_low;                 /* POLICY; 0: default 0.2 */
  double clip_high;                /* POLICY; 0: default 0.2 */
  double dual_clip;                /* POLICY; 0: default 3; INFINITY: off */
  double kl_coefficient;           /* POLICY: + coefficient * k(lp', ref); 0: none */
  double entropy_coefficient;      /* POLICY, CROSS_ENTROPY: - coefficient * entropy; 0: none */
  double value_clip;               /* VALUE; 0: default 0.5; INFINITY: off */
  double center_coefficient;       /* BRADLEY_TERRY; 0: none */
  float* logprob;                  /* optional outputs of the forward pass, aligned as in px_score_args */
  float* entropy;
  float* value;
  float* score;                    /* [S] */
} px_objective;

typedef struct px_objective_metrics {
  uint32_t struct_size;
  uint32_t flags;
  double loss;           /* sum(weight * loss) / normalizer, with every term */
  double entropy;        /* sum(weight * entropy) over tokens with weight */
  double weight;         /* sum of the targets' weights */
  int64_t tokens;        /* targets with weight != 0 */
  px_policy_metrics policy;
  px_value_metrics value;
  px_bradley_terry_metrics bradley_terry;
} px_objective_metrics;

typedef struct px_step_args {
  uint32_t struct_size;
  uint32_t flags;        /* none yet: 0 */
  double learning_rate;  /* >= 0, finite */
} px_step_args;

typedef struct px_step_result {
  uint32_t struct_size;
  uint32_t flags;
  double gradient_norm;     /* before clipping */
  double clip_coefficient;  /* min(1, max / (norm + 1e-6)) */
  int64_t step;             /* optimizer steps done, this one counted */
  int64_t version;          /* of the weights after it */
} px_step_result;

/* A trainer of the model's trunk and head, with zeroed gradients and AdamW moments (fp32). options may be NULL.
 * One trainer per weights: PX_INVALID_STATE for a second one. */
PX_API px_status px_trainer_create(px_model* model, const px_trainer_options* options, px_trainer** trainer);

PX_API void px_trainer_release(px_trainer* trainer);

/* Forward and backward over one micro-batch; adds to the gradient. metrics (optional, struct_size set) is overwritten.
 * Determinism: as px_model_score; micro-batches in another order or division change the sum by rounding.
 * Errors: those of px_model_score; PX_NOT_FINITE names the array or the loss; PX_INVALID_ARGUMENT when an array that the
 * kind needs is NULL. What the caller's arrays are refused for leaves the gradient as it was. What goes wrong in the pass
 * itself (the loss is not finite, memory ends) may leave a part: until px_trainer_zero_gradients, all that would read the
 * gradient then returns PX_INVALID_STATE. */
PX_API px_status px_trainer_accumulate(px_trainer* trainer, const px_batch* batch, const px_objective* objective,
                                       px_objective_metrics* metrics);

/* Forgets what was accumulated since the last step. */
PX_API px_status px_trainer_zero_gradients(px_trainer* trainer);

/* Sum of squares of the accumulated gradient (double). PX_NOT_FINITE names the tensor. */
PX_API px_status px_trainer_gradient_squared_norm(px_trainer* trainer, double* squared_norm);

/* Copies the gradient of tensor `index` (as in px_model_tensor) into values [count]. */
PX_API px_status px_trainer_read_gradient(px_trainer* trainer, int64_t index, float* values, int64_t count);

/* Clips by global norm, AdamW (kernels/adamw.h), zeroes the gradient, raises the weights' version. result optional.
 * Errors, all before any weight changes: PX_NOT_FINITE (names the tensor), PX_INVALID_STATE while a generator has
 * unfinished sequences on the weights. */
PX_API px_status px_trainer_step(px_trainer* trainer, const px_step_args* args, px_step_result* result);

/* The optimizer's memory: AdamW's moments of each tensor (fp32, row-major) and the number of steps done. Together with
 * the weights it is all that the next steps depend on: a trainer that gets it all back goes on bit for bit. */

/* Copies the moments of tensor `index` (as in px_model_tensor) into exp_avg and exp_avg_sq, [count] each. */
PX_API px_status px_trainer_read_moments(px_trainer* trainer, int64_t index, float* exp_avg, float* exp_avg_sq,
                                         int64_t count);

/* Replaces the moments of tensor `index`. The gradient and the weights stay as they are.
 * Errors, before anything changes: PX_NOT_FINITE, and PX_INVALID_ARGUMENT for a negative exp_avg_sq. */
PX_API px_status px_trainer_write_moments(px_trainer* trainer, int64_t index, const float* exp_avg,
                                          const float* exp_avg_sq, int64_t count);

/* Optimizer steps done. */
PX_API px_status px_trainer_get_steps(px_trainer* trainer, int64_t* steps);

/* Sets the optimizer steps done, at least 0: the bias corrections of the next step follow from them. */
PX_API px_status px_trainer_set_steps(px_trainer* trainer, int64_t steps);

#ifdef __cplusplus
}
#endif

#endif
