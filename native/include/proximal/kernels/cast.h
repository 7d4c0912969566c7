/* Between float and bf16. */
#ifndef PROXIMAL_KERNELS_CAST_H
#define PROXIMAL_KERNELS_CAST_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out [n] = x [n] rounded to bf16: nearest, ties to even; beyond the largest number infinity; a NaN stays one and becomes
 * quiet; subnormal numbers are kept. The gradient of this cast is the other one. */
PX_API px_status px_cast_f32_to_bf16(px_engine* engine, const float* x, int64_t n, uint16_t* out);

/* out [n] = x [n], exactly. */
PX_API px_status px_cast_bf16_to_f32(px_engine* engine, const uint16_t* x, int64_t n, float* out);

#ifdef __cplusplus
}
#endif

#endif
