/* Rows of a table by token, with rows of a second table by position (GPT-2's learned positions) in the same pass, and the
 * gradient of a table. */
#ifndef PROXIMAL_KERNELS_EMBEDDING_H
#define PROXIMAL_KERNELS_EMBEDDING_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_embedding_args {
  uint32_t struct_size;
  uint32_t flags;                  /* none yet: 0 */
  int64_t rows;                    /* N >= 0 */
  int64_t hidden;                  /* H >= 1 */
  int64_t vocabulary;              /* V >= 1 */
  int64_t positions;               /* P >= 1 with position, else not read */
  const int32_t* token;            /* [N], 0 to V - 1 */
  const int32_t* position;         /* [N], 0 to P - 1, optional */
  const float* table;              /* [V, H], or NULL where table_bf16 is given */
  const uint16_t* table_bf16;      /* [V, H], or NULL where table is given */
  const float* position_table;     /* [P, H] with position */
  float* out;                      /* [N, H] out */
} px_embedding_args;

/* out[n] = table[token[n]] + position_table[position[n]]. PX_INVALID_ARGUMENT names the first token or position that is out
 * of range; nothing is written then. */
PX_API px_status px_embedding_f32(px_engine* engine, const px_embedding_args* args);

typedef struct px_embedding_backward_args {
  uint32_t struct_size;
  uint32_t flags;          /* none yet: 0 */
  int64_t rows;            /* N >= 0 */
  int64_t hidden;          /* H >= 1 */
  int64_t vocabulary;      /* V >= 1, rows of the table */
  const int32_t* token;    /* [N], 0 to V - 1: tokens, or positions for the gradient of their table */
  const float* d_out;      /* [N, H] */
  float* d_table;          /* [V, H] in/out: the gradient is added */
} px_embedding_backward_args;

/* d_table[token[n]] += d_out[n], for n = 0 to N - 1 in this order: the same bits for any thread count.
 * PX_INVALID_ARGUMENT names the first token that is out of range; nothing is written then. */
PX_API px_status px_embedding_backward_f32(px_engine* engine, const px_embedding_backward_args* args);

#ifdef __cplusplus
}
#endif

#endif
