/* The gated feed-forward's activation (Shazeer, arXiv 2002.05202): silu(gate) up, and its gradients.
 *
 * An element's results depend on its own gate and up alone: the same bits in any place and for any thread count. What is
 * not finite makes that element not finite, and no other. */
#ifndef PROXIMAL_KERNELS_SWIGLU_H
#define PROXIMAL_KERNELS_SWIGLU_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_swiglu_args {
  uint32_t struct_size;
  uint32_t flags;          /* none yet: 0 */
  int64_t rows;            /* N >= 0 */
  int64_t features;        /* F >= 1 */
  const float* gate_up;    /* [N, 2 F]: a row's gates, then its ups; NULL: gate_up_bf16 holds them */
  float* out;              /* [N, F] out, optional */
  uint16_t* out_bf16;      /* [N, F] out, optional, but one of the two: out rounded to bf16 (nearest even) */
  const uint16_t* gate_up_bf16; /* [N, 2 F], in gate_up's place */
} px_swiglu_args;

/* out = gate / (1 + e^-gate) up. */
PX_API px_status px_swiglu_f32(px_engine* engine, const px_swiglu_args* args);

typedef struct px_swiglu_backward_args {
  uint32_t struct_size;
  uint32_t flags;               /* none yet: 0 */
  int64_t rows;                 /* N >= 0 */
  int64_t features;             /* F >= 1 */
  const float* gate_up;         /* [N, 2 F] of the forward pass; NULL: gate_up_bf16 holds them */
  const float* d_out;           /* [N, F] */
  float* d_gate_up;             /* [N, 2 F] out, optional; may be gate_up */
  uint16_t* d_gate_up_bf16;     /* [N, 2 F] out, optional, but one of the two: d_gate_up rounded to bf16 (nearest even); may be
                                   gate_up_bf16 */
  const uint16_t* gate_up_bf16; /* [N, 2 F], in gate_up's place */
} px_swiglu_backward_args;

/* With s = 1 / (1 + e^-gate): d_gate = d_out up s (1 + gate (1 - s)); d_up = d_out gate s. */
PX_API px_status px_swiglu_backward_f32(px_engine* engine, const px_swiglu_backward_args* args);

#ifdef __cplusplus
}
#endif

#endif
