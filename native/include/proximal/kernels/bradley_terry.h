/* Pairwise reward-model loss (Christiano et al. 2017; margin: Llama 2, arXiv 2307.09288). */
#ifndef PROXIMAL_KERNELS_BRADLEY_TERRY_H
#define PROXIMAL_KERNELS_BRADLEY_TERRY_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_bradley_terry_args {
  uint32_t struct_size;
  uint32_t flags;             /* none yet: 0 */
  int64_t count;              /* n pairs >= 0 */
  const float* chosen;        /* [n] scores */
  const float* rejected;      /* [n] scores */
  const float* margin;        /* [n], optional (0) */
  double center_coefficient;  /* c; 0: none */
  double normalizer;          /* > 0, finite; the mean over pairs: the number of pairs of the step */
  float* loss;                /* [n] out, optional: before the normalizer */
  float* gradient_chosen;     /* [n] out, optional */
  float* gradient_rejected;   /* [n] out, optional */
} px_bradley_terry_args;

typedef struct px_bradley_terry_metrics {
  double loss;       /* sum, not normalised */
  int64_t pairs;
  int64_t correct;   /* chosen > rejected */
  double margin;     /* sum of chosen - rejected */
  double score;      /* sum over both */
} px_bradley_terry_metrics;

/* -log sigmoid(chosen - rejected - margin) + c (chosen + rejected)^2, stable for any difference. metrics optional,
 * overwritten. PX_NOT_FINITE names the first array and index that is. */
PX_API px_status px_bradley_terry_f32(px_engine* engine, const px_bradley_terry_args* args,
                                      px_bradley_terry_metrics* metrics);

#ifdef __cplusplus
}
#endif

#endif
