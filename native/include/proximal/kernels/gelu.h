/* The Gaussian error linear unit (Hendrycks and Gimpel, arXiv 1606.08415), by its tanh formula or exactly, and its gradient.
 *
 * An element's results depend on that element alone: the same bits in any place and for any thread count. What is not
 * finite makes that element not finite or its limit, and no other. */
#ifndef PROXIMAL_KERNELS_GELU_H
#define PROXIMAL_KERNELS_GELU_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Flags of px_gelu_args and px_gelu_backward_args. */
typedef enum px_gelu_flags {
  PX_GELU_ERF = 1  /* x Phi(x) with the Gaussian distribution Phi; else its tanh formula, GPT-2's */
} px_gelu_flags;

typedef struct px_gelu_args {
  uint32_t struct_size;
  uint32_t flags;          /* px_gelu_flags */
  int64_t count;           /* n >= 0 */
  const float* x;          /* [n]; NULL: x_bf16 holds them */
  float* out;              /* [n] out, optional; may be x */
  uint16_t* out_bf16;      /* [n] out, optional, but one of the two: out rounded to bf16 (nearest even); may be x_bf16 */
  const uint16_t* x_bf16;  /* [n], in x's place */
} px_gelu_args;

/* out = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), or x / 2 (1 + erf(x / sqrt(2))). */
PX_API px_status px_gelu_f32(px_engine* engine, const px_gelu_args* args);

typedef struct px_gelu_backward_args {
  uint32_t struct_size;
  uint32_t flags;          /* px_gelu_flags, as in the forward pass */
  int64_t count;           /* n >= 0 */
  const float* x;          /* [n] of the forward pass; NULL: x_bf16 holds them */
  const float* d_out;      /* [n] */
  float* d_x;              /* [n] out, optional; may be x or d_out */
  uint16_t* d_x_bf16;      /* [n] out, optional, but one of the two: d_x rounded to bf16 (nearest even); may be x_bf16 */
  const uint16_t* x_bf16;  /* [n], in x's place */
} px_gelu_backward_args;

/* d_x = d_out times the slope of out at x. */
PX_API px_status px_gelu_backward_f32(px_engine* engine, const px_gelu_backward_args* args);

#ifdef __cplusplus
}
#endif

#endif
