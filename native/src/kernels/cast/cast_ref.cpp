#include "base/float16.h"
#include "kernels/cast/cast.h"

namespace px::kernels {

void cast_ref(const float* x, int64_t n, uint16_t* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = to_bf16(x[i]);
}

void cast_ref(const uint16_t* x, int64_t n, float* out) {
  for (int64_t i = 0; i < n; ++i) out[i] = from_bf16(x[i]);
}

}  // namespace px::kernels
