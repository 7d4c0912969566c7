#include "kernels/whiten/whiten.h"

#include <cmath>

#include "kernels/checks.h"

namespace px::kernels {
namespace {

constexpr double kEpsilon = 1e-8;

void check_moments(const px_moments& moments, const char* name) {
  check(moments.count >= 0 && std::isfinite(moments.count) && std::isfinite(moments.mean) && moments.m2 >= 0 &&
            std::isfinite(moments.m2),
        PX_INVALID_ARGUMENT, name, ": expected finite moments, count and m2 of at least 0, got count ", moments.count,
        ", mean ", moments.mean, ", m2 ", moments.m2);
}

}  // namespace

px_moments whiten_moments(const float* x, const uint8_t* mask, int64_t n) {
  check_count(n, "n");
  for (int64_t i = 0; i < n; ++i)
    if (mask == nullptr || mask[i] != 0) check_finite(x[i], "x", i);
  return whiten_moments_ref(x, mask, n);
}

px_moments whiten_merge(const px_moments& a, const px_moments& b) {
  check_moments(a, "into");
  check_moments(b, "other");
  const double count = a.count + b.count;
  if (count == 0) return {};
  const double delta = b.mean - a.mean;
  return {count, a.mean + delta * (b.count / count), a.m2 + b.m2 + delta * delta * a.count * (b.count / count)};
}

void whiten_apply(const float* x, const uint8_t* mask, int64_t n, const px_moments& moments, uint32_t flags,
                  float* out) {
  check_count(n, "n");
  check_moments(moments, "moments");
  const bool keep_mean = (flags & PX_WHITEN_KEEP_MEAN) != 0;
  if (moments.count < 2) {
    // A single element has no deviation: nothing to divide by.
    whiten_apply_ref(x, mask, n, 0, keep_mean ? 1 : 0, 0, out);
    return;
  }
  const double divisor = (flags & PX_WHITEN_BIASED) != 0 ? moments.count : moments.count - 1;
  const double scale = 1 / std::sqrt(moments.m2 / divisor + kEpsilon);
  whiten_apply_ref(x, mask, n, moments.mean, scale, keep_mean ? moments.mean : 0, out);
}

}  // namespace px::kernels
