#include "kernels/whiten/whiten.h"

namespace px::kernels {

px_moments whiten_moments_ref(const float* x, const uint8_t* mask, int64_t n) {
  const auto counts = [&](int64_t i) { return mask == nullptr || mask[i] != 0; };
  double count = 0;
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!counts(i)) continue;
    ++count;
    sum += x[i];
  }
  const double mean = count > 0 ? sum / count : 0;
  // NUMERICS: a second pass over the deviations; sum(x^2) - n mean^2 cancels where the mean is large.
  double m2 = 0;
  for (int64_t i = 0; i < n; ++i)
    if (counts(i)) m2 += (x[i] - mean) * (x[i] - mean);
  return {count, mean, m2};
}

void whiten_apply_ref(const float* x, const uint8_t* mask, int64_t n, double mean, double scale, double shift,
                      float* out) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = mask == nullptr || mask[i] != 0 ? static_cast<float>((x[i] - mean) * scale + shift) : 0;
}

}  // namespace px::kernels
