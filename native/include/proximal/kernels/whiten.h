/* Masked whitening with mergeable moments. */
#ifndef PROXIMAL_KERNELS_WHITEN_H
#define PROXIMAL_KERNELS_WHITEN_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Count, mean and sum of squared deviations: ranks and batches merge without loss (Chan et al. 1979). */
typedef struct px_moments {
  double count;
  double mean;
  double m2;
} px_moments;

typedef enum px_whiten_flags {
  PX_WHITEN_KEEP_MEAN = 1, /* the mean is added back: (x - mean) * rsqrt(var + 1e-8) + mean */
  PX_WHITEN_BIASED = 2     /* variance m2 / count instead of m2 / (count - 1) */
} px_whiten_flags;

/* Moments of x [n] where mask [n] (optional) is 1; in double, without cancellation. Overwrites *moments.
 * PX_NOT_FINITE names the first index that is; what stands in masked places does not matter. */
PX_API px_status px_whiten_moments_f32(px_engine* engine, const float* x, const uint8_t* mask, int64_t n,
                                       px_moments* moments);

/* *into = moments of both sets together. */
PX_API px_status px_whiten_merge(px_moments* into, const px_moments* other);

/* out [n] = (x - mean) * rsqrt(variance + 1e-8) where mask is 1, 0 elsewhere; out may alias x. Unbiased variance. With
 * fewer than two elements the result is 0 (as given with PX_WHITEN_KEEP_MEAN). flags: px_whiten_flags. */
PX_API px_status px_whiten_apply_f32(px_engine* engine, const float* x, const uint8_t* mask, int64_t n,
                                     const px_moments* moments, uint32_t flags, float* out);

#ifdef __cplusplus
}
#endif

#endif
