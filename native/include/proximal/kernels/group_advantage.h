/* Advantages without a critic: a group of answers to one prompt is its own baseline. */
#ifndef PROXIMAL_KERNELS_GROUP_ADVANTAGE_H
#define PROXIMAL_KERNELS_GROUP_ADVANTAGE_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum px_group_baseline {
  PX_GROUP_MEAN = 1,         /* of the group's scores, by weight where there is one: GRPO, Dr. GRPO, REINFORCE++, OPO */
  PX_GROUP_LEAVE_ONE_OUT = 2 /* of the other scores of the group: RLOO (arXiv 2402.14740) */
} px_group_baseline;

typedef enum px_group_scale {
  PX_GROUP_DEVIATION = 1,       /* 1 / (unbiased standard deviation of the group + epsilon): GRPO (arXiv 2402.03300) */
  PX_GROUP_UNSCALED = 2,        /* 1: Dr. GRPO (arXiv 2503.20783), RLOO */
  PX_GROUP_GIVEN_DEVIATION = 3  /* 1 / (deviation + epsilon): that of the whole step, on all ranks */
} px_group_scale;

/* Letters: G groups, N rows (answers). */
typedef struct px_group_advantage_args {
  uint32_t struct_size;
  uint32_t flags;           /* none yet: 0 */
  int64_t groups;           /* G >= 0 */
  const int64_t* offsets;   /* [G + 1], non-decreasing from 0: rows offsets[g]..offsets[g+1]-1 are group g; not one row */
  const float* score;       /* [N] */
  const uint8_t* mask;      /* [N] 1: has a score; optional (ones) */
  const float* weight;      /* [N] > 0, optional (ones): of the mean that is the baseline, with a scale that is not the
                               group's deviation; OPO's lengths (arXiv 2505.23585) */
  int32_t baseline;         /* px_group_baseline; 0: default MEAN */
  int32_t scale;            /* px_group_scale; 0: default DEVIATION */
  double epsilon;           /* >= 0 of the scale; 0: default 1e-6 */
  double deviation;         /* of GIVEN_DEVIATION, >= 0 */
  float* advantage;         /* [N] out; 0 where the mask is */
} px_group_advantage_args;

/* Sums, so that batches and ranks add. */
typedef struct px_group_metrics {
  int64_t rows;      /* with a score */
  int64_t groups;    /* with two such rows or more */
  int64_t flat;      /* of these, groups whose scores are all equal: they teach nothing */
  int64_t lone;      /* groups of which the mask leaves one row: its advantage is 0 */
  double score;      /* sum over rows */
  double deviation;  /* sum over groups of the unbiased standard deviation */
} px_group_metrics;

/* advantage = (score - baseline) scale within each group; in double, without cancellation. metrics optional,
 * overwritten. PX_INVALID_ARGUMENT for a group of one row, which has no baseline; PX_NOT_FINITE names an array and
 * index that is. What stands in masked places does not matter. Deterministic for any thread count. */
PX_API px_status px_group_advantage_f32(px_engine* engine, const px_group_advantage_args* args,
                                        px_group_metrics* metrics);

#ifdef __cplusplus
}
#endif

#endif
