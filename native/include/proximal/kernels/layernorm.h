/* Layer norm of rows, with the residual sum before it (Ba, Kiros and Hinton, arXiv 1607.06450).
 *
 * What is not finite in a row makes that row's results not finite, and no others. A row's results depend on that row,
 * the weight and the bias alone: the same bits among any other rows and for any thread count. */
#ifndef PROXIMAL_KERNELS_LAYERNORM_H
#define PROXIMAL_KERNELS_LAYERNORM_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_layernorm_args {
  uint32_t struct_size;
  uint32_t flags;        /* none yet: 0 */
  int64_t rows;          /* N >= 0 */
  int64_t hidden;        /* H >= 1 */
  const float* x;        /* [N, H] */
  const float* delta;    /* [N, H], optional: added to x first */
  const float* weight;   /* [H] */
  const float* bias;     /* [H] */
  double epsilon;        /* under the root; 0: default 1e-5 */
  float* sum;            /* [N, H] out, with delta: x + delta; may be x */
  float* out;            /* [N, H] out, optional */
  uint16_t* out_bf16;    /* [N, H] out, optional, but one of the two: out rounded to bf16 (nearest even) */
  float* mean;           /* [N] out, optional: of each row, which the backward pass reads */
  float* rstd;           /* [N] out, optional: 1 / deviation of each row, likewise */
} px_layernorm_args;

/* sum = x + delta; mean over H; rstd = 1 / sqrt(mean((sum - mean)^2) + epsilon); out = (sum - mean) rstd weight + bias. */
PX_API px_status px_layernorm_f32(px_engine* engine, const px_layernorm_args* args);

/* Flags of px_layernorm_backward_args. */
typedef enum px_layernorm_flags {
  PX_LAYERNORM_ADD = 1  /* d_x is added to, as the gradient of a residual stream is; else it is written */
} px_layernorm_flags;

typedef struct px_layernorm_backward_args {
  uint32_t struct_size;
  uint32_t flags;            /* px_layernorm_flags */
  int64_t rows;              /* N >= 0 */
  int64_t hidden;            /* H >= 1 */
  const float* x;            /* [N, H] what was normed: x, or sum where there was a delta */
  const float* weight;       /* [H] */
  const float* mean;         /* [N] of the forward pass */
  const float* rstd;         /* [N] of the forward pass */
  const float* d_out;        /* [N, H] */
  float* d_x;                /* [N, H] out, in/out with PX_LAYERNORM_ADD; may be d_out without it */
  uint16_t* d_x_bf16;        /* [N, H] out, optional: d_x rounded to bf16 (nearest even) */
  float* d_weight;           /* [H] in/out, optional: the gradient is added */
  float* d_bias;             /* [H] in/out, with d_weight: the gradient is added */
  void* workspace;           /* with d_weight: px_layernorm_backward_workspace bytes */
  uint64_t workspace_bytes;
} px_layernorm_backward_args;

/* With h = (x - mean) rstd and g = d_out weight: d_x = rstd (g - mean(g) - h mean(g h)); d_weight += sum over rows of
 * d_out h, d_bias += sum over rows of d_out, in a fixed order (the same bits for any thread count). */
PX_API px_status px_layernorm_backward_f32(px_engine* engine, const px_layernorm_backward_args* args);

/* Returns the bytes of workspace that the backward pass needs for d_weight and d_bias; 0 where a size is out of range. */
PX_API uint64_t px_layernorm_backward_workspace(int64_t rows, int64_t hidden);

#ifdef __cplusplus
}
#endif

#endif
