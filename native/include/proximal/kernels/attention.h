/* Causal attention over packed sequences; heads of queries may share heads of keys and values (grouped queries).
 *
 * A row holds the heads of one token: `heads` of queries, `kv_heads` of keys, `kv_heads` of values, turned by their
 * positions. With s_j = scale q . k_j over the tokens j of the sequence up to the row's own one, or the last `window` of
 * them: p_j = e^(s_j - lse), lse = log sum e^(s_j), out = sum p_j v_j.
 *
 * A row's results depend on its queries and on the keys and values it sees alone: the same bits among any other rows and
 * for any thread count. What is not finite makes the rows that see it not finite, and, where it is a value, may do so
 * with the 63 rows before. Memory grows with the tokens, not with their square.
 * Source: Dao et al. 2022 (arXiv 2205.14135). */
#ifndef PROXIMAL_KERNELS_ATTENTION_H
#define PROXIMAL_KERNELS_ATTENTION_H

#include "../engine.h"
#include "../model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_attention_args {
  uint32_t struct_size;
  uint32_t flags;           /* none yet: 0 */
  int64_t sequences;        /* S >= 0 */
  const int64_t* offsets;   /* [S + 1], non-decreasing from 0; N = offsets[S] */
  int64_t heads;            /* Hq >= 1, of queries */
  int64_t kv_heads;         /* Hkv >= 1, of keys and of values; a divisor of Hq */
  int64_t head_size;        /* D >= 1 */
  int64_t window;           /* tokens that a row sees, itself among them; 0: all up to its own */
  double scale;             /* of scores, above 0; 0: default 1 / sqrt(D) */
  int32_t dtype;            /* px_dtype of what is multiplied: F32 or BF16, to which rows are rounded; sums are float */
  int32_t reserved;         /* 0 */
  const float* qkv;         /* [N, Hq + 2 Hkv, D] */
  float* out;               /* [N, Hq, D] out, optional */
  uint16_t* out_bf16;       /* [N, Hq, D] out, optional, but one of the two: out rounded to bf16 (nearest even) */
  float* lse;               /* [N, Hq] out, optional: for the backward pass */
  void* workspace;          /* px_attention_workspace bytes */
  uint64_t workspace_bytes;
} px_attention_args;

PX_API px_status px_attention_f32(px_engine* engine, const px_attention_args* args);

typedef struct px_attention_backward_args {
  uint32_t struct_size;
  uint32_t flags;           /* none yet: 0 */
  int64_t sequences;        /* as in the forward pass */
  const int64_t* offsets;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_size;
  int64_t window;
  double scale;
  int32_t dtype;
  int32_t reserved;         /* 0 */
  const float* qkv;         /* [N, Hq + 2 Hkv, D] of the forward pass */
  const float* out;         /* [N, Hq, D] of the forward pass, or */
  const uint16_t* out_bf16; /* [N, Hq, D] the same in bf16: one of the two */
  const float* lse;         /* [N, Hq] of the forward pass */
  const float* d_out;       /* [N, Hq, D] */
  float* d_qkv;             /* [N, Hq + 2 Hkv, D] out; not qkv */
  void* workspace;          /* px_attention_workspace bytes */
  uint64_t workspace_bytes;
} px_attention_backward_args;

/* With dp_j = d_out . v_j, delta = d_out . out, ds_j = p_j (dp_j - delta) scale: dq = sum_j ds_j k_j, and over the rows
 * and heads that see j: dk_j = sum ds_j q, dv_j = sum p_j d_out. Sums over rows run in a fixed order; a sequence's
 * gradient has the same bits among any other sequences and for any thread count. */
PX_API px_status px_attention_backward_f32(px_engine* engine, const px_attention_backward_args* args);

/* Returns the bytes of workspace that either pass needs on this engine; 0 where an argument is out of range. */
PX_API uint64_t px_attention_workspace(px_engine* engine, int64_t sequences, const int64_t* offsets, int64_t heads,
                                       int64_t kv_heads, int64_t head_size, int32_t dtype);

#ifdef __cplusplus
}
#endif

#endif
