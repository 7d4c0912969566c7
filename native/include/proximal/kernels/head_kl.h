/* KL(policy || reference) over the whole vocabulary, from hidden states and LM heads of two models.
 *
 * Letters: N tokens, V vocabulary, H hidden size of the policy, R of the reference. With p = softmax(hidden head^T / T) and q
 * the same of the reference: kl = sum over the vocabulary of p (log p - log q), in nats. Neither logits nor probabilities
 * [N, V] ever exist: rows go by in blocks whose logits lie in the workspace.
 *
 * A row's results depend on that row and the heads alone: the same bits among any other rows and for any thread count. Where a
 * row's logits are not finite its results are NaN, and no others are (but a gradient of the head, to which all rows add). */
#ifndef PROXIMAL_KERNELS_HEAD_KL_H
#define PROXIMAL_KERNELS_HEAD_KL_H

#include "../model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_head_kl_args {
  uint32_t struct_size;
  uint32_t flags;                 /* none yet: 0 */
  int32_t dtype;                  /* px_dtype of hidden states and packed heads of both models: F32 or BF16 */
  int32_t reserved;               /* 0 */
  int64_t rows;                   /* N >= 0 */
  int64_t vocabulary;             /* V >= 1 */
  int64_t hidden_size;            /* H >= 1 */
  int64_t ref_hidden_size;        /* R; 0: default H */
  double temperature;             /* T; 0: default 1 */
  const void* hidden;             /* [N, H] floats or bf16 bits */
  const void* ref_hidden;         /* [N, R] likewise */
  const void* head;               /* what px_gemm_pack wrote of the policy's head [V, H] */
  uint64_t head_bytes;
  const void* ref_head;           /* what it wrote of the reference's head [V, R] */
  uint64_t ref_head_bytes;
  float* kl;                      /* [N] out; optional where a gradient is wanted */
  /* The gradients of sum(upstream kl) of the policy; the reference has none. */
  const float* upstream;          /* [N] d objective / d kl; for a gradient */
  const void* head_transposed;    /* what px_gemm_pack wrote of head as [H, V] (PX_GEMM_TRANSPOSED); for d_hidden */
  uint64_t head_transposed_bytes;
  float* d_hidden;                /* [N, H] out, optional */
  float* d_head;                  /* [V, H] in/out, optional: added to */
  void* workspace;                /* px_head_kl_workspace bytes, whose content is lost */
  uint64_t workspace_bytes;
} px_head_kl_args;

/* KL of each row and, where wanted, its gradients in the same pass. The gradient of a logit is rounded to dtype. PX_NOT_FINITE
 * names an entry of upstream that is. Deterministic for any thread count. */
PX_API px_status px_head_kl(px_engine* engine, const px_head_kl_args* args);

/* Returns the bytes of workspace for that many rows, at most 64 MB for vocabularies up to 150,000; 0 where a size or the dtype is
 * out of range. `gradients` is 1 if one is wanted. */
PX_API uint64_t px_head_kl_workspace(int64_t rows, int64_t vocabulary, int64_t hidden_size, int32_t dtype,
                                     int32_t gradients);

#ifdef __cplusplus
}
#endif

#endif
