#include "kernels/checks.h"
#include "kernels/whiten/whiten.h"

namespace px::kernels {

px_moments whiten_moments_ref(const float* x, const uint8_t* mask, int64_t n) {
  const auto counts = [&](int64_t i) { return mask == nullptr || mask[i] != 0; };
  double count = 0;
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    if (!counts(i)) continue;
    check_finite(x[i], "x", i);
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

void whiten_apply_ref(const WhitenApply& apply) {
  for (int64_t i = 0; i < apply.n; ++i)
    apply.out[i] = apply.mask == nullptr || apply.mask[i] != 0
                       ? static_cast<float>((apply.x[i] - apply.mean) * apply.scale + apply.shift)
                       : 0;
}

}  // namespace px::kernels
