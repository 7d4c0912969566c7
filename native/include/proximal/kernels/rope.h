/* Rotary position embedding of query and key heads (Su et al., arXiv 2104.09864) in the half-split form of Hugging Face
 * checkpoints, with the norm of heads before it (Qwen3) in the same pass.
 *
 * A row holds the heads of one token: `heads` of queries, `kv_heads` of keys, `kv_heads` of values. Queries and keys are
 * turned, values are kept. With kv_heads = 0 all heads are turned.
 *
 * A row's results depend on that row and its position alone: the same bits among any other rows and for any thread
 * count. What is not finite in a head makes that head not finite, and no other. */
#ifndef PROXIMAL_KERNELS_ROPE_H
#define PROXIMAL_KERNELS_ROPE_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_rope_args {
  uint32_t struct_size;
  uint32_t flags;            /* none yet: 0 */
  int64_t rows;              /* N >= 0 */
  int64_t heads;             /* Hq >= 1, of queries */
  int64_t kv_heads;          /* Hkv >= 0, of keys and of values */
  int64_t head_size;         /* D >= 2, even */
  int64_t positions;         /* P >= 1, rows of the tables */
  const float* x;            /* [N, (Hq + 2 Hkv) D] */
  const int32_t* position;   /* [N], 0 to P - 1 */
  const float* cos;          /* [P, D / 2], times the attention factor of a scaling that has one */
  const float* sin;          /* [P, D / 2], likewise */
  const float* query_norm;   /* [D], optional: queries are normed with this weight first */
  const float* key_norm;     /* [D], with query_norm where Hkv > 0: the same of keys */
  double epsilon;            /* of the norms, under the root; 0: default 1e-6 */
  float* out;                /* [N, (Hq + 2 Hkv) D] out, optional; may be x: values are left alone then */
  uint16_t* out_bf16;        /* [N, (Hq + 2 Hkv) D] out, optional, but one of the two: out rounded to bf16 (nearest even) */
  float* rstd;               /* [N, Hq + Hkv] out, optional, with query_norm: 1 / rms of heads, for the backward pass */
} px_rope_args;

/* h = x, or x / sqrt(mean(x^2) + epsilon) weight over a head; with c, s of the token's position and i < D / 2:
 * out[i] = h[i] c[i] - h[i + D/2] s[i]; out[i + D/2] = h[i + D/2] c[i] + h[i] s[i].
 * PX_INVALID_ARGUMENT names the first position that is out of range; nothing is written then. */
PX_API px_status px_rope_f32(px_engine* engine, const px_rope_args* args);

typedef struct px_rope_backward_args {
  uint32_t struct_size;
  uint32_t flags;            /* none yet: 0 */
  int64_t rows;              /* N >= 0 */
  int64_t heads;             /* Hq >= 1 */
  int64_t kv_heads;          /* Hkv >= 0 */
  int64_t head_size;         /* D >= 2, even */
  int64_t positions;         /* P >= 1 */
  const float* d_out;        /* [N, (Hq + 2 Hkv) D] */
  const int32_t* position;   /* [N] */
  const float* cos;          /* [P, D / 2] */
  const float* sin;          /* [P, D / 2] */
  const float* query_norm;   /* [D], as in the forward pass */
  const float* key_norm;     /* [D] */
  const float* x;            /* [N, (Hq + 2 Hkv) D] of the forward pass, with query_norm; not read without */
  const float* rstd;         /* [N, Hq + Hkv] of the forward pass, with query_norm */
  float* d_x;                /* [N, (Hq + 2 Hkv) D] out, optional; may be d_out */
  uint16_t* d_x_bf16;        /* [N, (Hq + 2 Hkv) D] out, optional, but one of the two: d_x rounded to bf16 */
  float* d_query_norm;       /* [D] in/out, optional, with query_norm: the gradient is added */
  float* d_key_norm;         /* [D] in/out, with d_query_norm where Hkv > 0 */
  void* workspace;           /* with d_query_norm: px_rope_backward_workspace bytes */
  uint64_t workspace_bytes;
} px_rope_backward_args;

/* The heads' gradients turned back, and through the norms where there are some; sums over rows in a fixed order (the same
 * bits for any thread count). */
PX_API px_status px_rope_backward_f32(px_engine* engine, const px_rope_backward_args* args);

/* Returns the bytes of workspace that the backward pass needs for d_query_norm and d_key_norm; 0 where a size is out of
 * range. */
PX_API uint64_t px_rope_backward_workspace(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size);

#ifdef __cplusplus
}
#endif

#endif
