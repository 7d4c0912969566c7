/* Rows times weights that were packed once: out = f(x w^T + bias + residual), f an activation or none.
 *
 * Letters: M rows, N outputs, K inputs. With y = x w^T the gradient of x is the product of dy with w packed the other way,
 * the gradient of w that of the columns of dy with x packed the other way (PX_GEMM_TRANSPOSED in both).
 *
 * What is not finite in a row makes that row's results not finite, and no others. A row's results depend on that row and
 * the weights alone: the same bits among any other rows and for any thread count. Products are summed in float, along K
 * in ascending order. */
#ifndef PROXIMAL_KERNELS_GEMM_H
#define PROXIMAL_KERNELS_GEMM_H

#include "../model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum px_gemm_flags {
  PX_GEMM_TRANSPOSED = 1 /* px_gemm_pack: w is [K, N]. px_gemm: x is [K, M], with bf16 what px_gemm_interleave made of it */
} px_gemm_flags;

/* What becomes of a sum, by the bits of the kernel of that name in place. Where out is not wanted the sum is rounded to bf16
 * before, as that kernel would find it in out_bf16. */
typedef enum px_activation {
  PX_ACTIVATION_NONE = 0,
  PX_ACTIVATION_GELU = 1,      /* by its tanh formula, GPT-2's */
  PX_ACTIVATION_GELU_ERF = 2,
  PX_ACTIVATION_SILU = 3       /* x / (1 + e^-x), that of px_swiglu */
} px_activation;

typedef struct px_gemm_pack_args {
  uint32_t struct_size;
  uint32_t flags;         /* px_gemm_flags */
  int32_t from;           /* px_dtype of w: F32 or BF16 */
  int32_t dtype;          /* px_dtype of the packed form: BF16 (an F32 w is rounded to nearest even), or F32 of an F32 w */
  int64_t outputs;        /* N >= 1 */
  int64_t inputs;         /* K >= 1 */
  const void* w;          /* [N, K] floats or bf16 bits */
  void* packed;           /* out: px_gemm_packed_bytes bytes at a multiple of 4, of 64 for speed */
  uint64_t packed_bytes;
} px_gemm_pack_args;

typedef struct px_gemm_args {
  uint32_t struct_size;
  uint32_t flags;          /* px_gemm_flags */
  int32_t dtype;           /* px_dtype of x and of the packed form: F32 or BF16 */
  int32_t activation;      /* px_activation */
  int64_t rows;            /* M >= 0 */
  int64_t outputs;         /* N >= 1 */
  int64_t inputs;          /* K >= 1 */
  const void* x;           /* [M, K] floats or bf16 bits */
  const void* packed;      /* what px_gemm_pack wrote of a matrix with these N, K and dtype */
  uint64_t packed_bytes;
  const float* bias;       /* [N], optional */
  const float* residual;   /* [M, N], optional; may be out */
  float* out;              /* [M, N] out, optional */
  uint16_t* out_bf16;      /* [M, N] out, optional, but one of the two: out rounded to bf16 (nearest even) */
} px_gemm_args;

/* Returns the bytes of the packed form of a matrix [N, K]; 0 where a size or the dtype is out of range. */
PX_API uint64_t px_gemm_packed_bytes(int64_t outputs, int64_t inputs, int32_t dtype);

/* Brings weights into the layout that px_gemm reads. The layout is that of this version of the library: it is no format for
 * files. */
PX_API px_status px_gemm_pack(px_engine* engine, const px_gemm_pack_args* args);

/* out[m, n] = f(sum over k of x[m, k] w[n, k], + bias[n], + residual[m, n]). */
PX_API px_status px_gemm(px_engine* engine, const px_gemm_args* args);

/* Lays a matrix [K, M] of floats (rounded to nearest even) or bf16 bits as pairs of bf16 that are neighbours along K, for
 * px_gemm with PX_GEMM_TRANSPOSED and this engine: (K + 1) / 2 * M words out, in an order that is no format for files. */
PX_API px_status px_gemm_interleave(px_engine* engine, const void* x, int32_t dtype, int64_t inputs, int64_t rows,
                                    uint32_t* words);

#ifdef __cplusplus
}
#endif

#endif
