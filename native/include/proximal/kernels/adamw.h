/* AdamW over one range, and the squared norm that clipping needs (Loshchilov and Hutter, arXiv 1711.05101). */
#ifndef PROXIMAL_KERNELS_ADAMW_H
#define PROXIMAL_KERNELS_ADAMW_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_adamw_args {
  uint32_t struct_size;
  uint32_t flags;          /* none yet: 0 */
  int64_t count;           /* n >= 0 */
  float* parameter;        /* [n] in/out, the fp32 master */
  const float* gradient;   /* [n] */
  float* exp_avg;          /* [n] in/out, first moment */
  float* exp_avg_sq;       /* [n] in/out, second moment */
  uint16_t* shadow;        /* [n] out, optional: parameter rounded to bf16 (nearest even) */
  int64_t step;            /* >= 1: this update's number, for bias correction */
  double learning_rate;    /* >= 0 */
  double beta1;            /* 0: default 0.9 */
  double beta2;            /* 0: default 0.95 */
  double epsilon;          /* 0: default 1e-5 */
  double weight_decay;     /* decoupled; 0: none */
  double gradient_scale;   /* multiplies the gradient, the clip coefficient; 0: default 1 */
} px_adamw_args;

/* p -= lr wd p; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; p -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps).
 * PX_NOT_FINITE names the first index of a gradient that is not, before anything changes.
 * Deterministic for any thread count. */
PX_API px_status px_adamw_f32(px_engine* engine, const px_adamw_args* args);

/* *sum = sum of x_i^2 over x [n], accumulated in double in a fixed order (the same for any thread count).
 * PX_NOT_FINITE names the first index that is not finite. */
PX_API px_status px_squared_norm_f32(px_engine* engine, const float* x, int64_t n, double* sum);

#ifdef __cplusplus
}
#endif

#endif
