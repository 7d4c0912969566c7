#include "kernels/whiten/whiten.h"

#include <cmath>

#include "base/device.h"
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

px_moments whiten_moments(const Cpu& cpu, const float* x, const uint8_t* mask, int64_t n) {
  check_count(n, "n");
  px_moments moments{};
  if (cpu.device != nullptr && cpu.device->whiten_moments(x, mask, n, moments)) return moments;
  return cpu.device != nullptr || cpu.isa == Isa::kScalar ? whiten_moments_ref(x, mask, n) : whiten_moments_cpu(cpu, x, mask, n);
}

px_moments merge_moments(const px_moments& a, const px_moments& b) {
  const double count = a.count + b.count;
  if (count == 0) return {};
  const double delta = b.mean - a.mean;
  return {count, a.mean + delta * (b.count / count), a.m2 + b.m2 + delta * delta * a.count * (b.count / count)};
}

px_moments whiten_merge(const px_moments& a, const px_moments& b) {
  check_moments(a, "into");
  check_moments(b, "other");
  return merge_moments(a, b);
}

void whiten_apply(const Cpu& cpu, const float* x, const uint8_t* mask, int64_t n, const px_moments& moments,
                  uint32_t flags, float* out) {
  check_count(n, "n");
  check_moments(moments, "moments");
  const bool keep_mean = (flags & PX_WHITEN_KEEP_MEAN) != 0;
  WhitenApply apply{x, mask, n, moments.mean, 0, keep_mean ? moments.mean : 0, out};
  if (moments.count < 2) {
    // A single element has no deviation: nothing to divide by.
    apply.mean = 0;
    apply.scale = keep_mean ? 1 : 0;
    apply.shift = 0;
  } else {
    const double divisor = (flags & PX_WHITEN_BIASED) != 0 ? moments.count : moments.count - 1;
    apply.scale = 1 / std::sqrt(moments.m2 / divisor + kEpsilon);
  }
  if (cpu.device != nullptr)
    return cpu.device->whiten_apply(x, mask, n, apply.mean, apply.scale, apply.shift, out);
  cpu.isa == Isa::kScalar ? whiten_apply_ref(apply) : whiten_apply_cpu(cpu, apply);
}

}  // namespace px::kernels
