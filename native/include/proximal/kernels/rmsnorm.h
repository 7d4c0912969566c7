/* Root-mean-square norm of rows, with the residual sum before it (Zhang and Sennrich, arXiv 1910.07467).
 *
 * What is not finite in a row makes that row's results not finite, and no others. A row's results depend on that row and
 * the weight alone: the same bits among any other rows and for any thread count. */
#ifndef PROXIMAL_KERNELS_RMSNORM_H
#define PROXIMAL_KERNELS_RMSNORM_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_rmsnorm_args {
  uint32_t struct_size;
  uint32_t flags;        /* none yet: 0 */
  int64_t rows;          /* N >= 0 */
  int64_t hidden;        /* H >= 1 */
  const float* x;        /* [N, H] */
  const float* delta;    /* [N, H], optional: added to x first */
  const float* weight;   /* [H] */
  double epsilon;        /* under the root; 0: default 1e-5 */
  float* sum;            /* [N, H] out, with delta: x + delta; may be x */
  float* out;            /* [N, H] out, optional */
  uint16_t* out_bf16;    /* [N, H] out, optional, but one of the two: out rounded to bf16 (nearest even) */
  float* rstd;           /* [N] out, optional: 1 / rms of each row, which the backward pass reads */
} px_rmsnorm_args;

/* sum = x + delta; rstd = 1 / sqrt(mean(sum^2) + epsilon); out = sum rstd weight. */
PX_API px_status px_rmsnorm_f32(px_engine* engine, const px_rmsnorm_args* args);

/* Flags of px_rmsnorm_backward_args. */
typedef enum px_rmsnorm_flags {
  PX_RMSNORM_ADD = 1  /* d_x is added to, as the gradient of a residual stream is; else it is written */
} px_rmsnorm_flags;

typedef struct px_rmsnorm_backward_args {
  uint32_t struct_size;
  uint32_t flags;            /* px_rmsnorm_flags */
  int64_t rows;              /* N >= 0 */
  int64_t hidden;            /* H >= 1 */
  const float* x;            /* [N, H] what was normed: x, or sum where there was a delta */
  const float* weight;       /* [H] */
  const float* rstd;         /* [N] of the forward pass */
  const float* d_out;        /* [N, H] */
  float* d_x;                /* [N, H] out, in/out with PX_RMSNORM_ADD; may be d_out without it */
  uint16_t* d_x_bf16;        /* [N, H] out, optional: d_x rounded to bf16 (nearest even) */
  float* d_weight;           /* [H] in/out, optional: the gradient is added */
  void* workspace;           /* with d_weight: px_rmsnorm_backward_workspace bytes */
  uint64_t workspace_bytes;
} px_rmsnorm_backward_args;

/* With g = d_out weight: d_x = rstd (g - x rstd^2 mean(g x)); d_weight += sum over rows of d_out x rstd, in a fixed order
 * (the same bits for any thread count). */
PX_API px_status px_rmsnorm_backward_f32(px_engine* engine, const px_rmsnorm_backward_args* args);

/* Returns the bytes of workspace that the backward pass needs for d_weight; 0 where a size is out of range. */
PX_API uint64_t px_rmsnorm_backward_workspace(int64_t rows, int64_t hidden);

#ifdef __cplusplus
}
#endif

#endif
