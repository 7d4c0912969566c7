#include <cmath>
#include <numbers>

#include "base/float16.h"
#include "kernels/gelu/gelu.h"

namespace px::kernels {
namespace {

double value_at(const float* x, const uint16_t* x_bf16, int64_t i) { return x != nullptr ? x[i] : from_bf16(x_bf16[i]); }

void store(double value, float* out, uint16_t* out_bf16, int64_t i) {
  const auto stored = static_cast<float>(value);
  if (out != nullptr) out[i] = stored;
  if (out_bf16 != nullptr) out_bf16[i] = to_bf16(stored);
}

constexpr double kCubic = 0.044715;
const double kScale = std::sqrt(2 / std::numbers::pi);

// (1 + tanh) / 2, and Phi: what x is multiplied by.
double share_tanh(double x) { return 1 / (1 + std::exp(-2 * kScale * (x + kCubic * x * x * x))); }
double share_erf(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

double slope_tanh(double x) {
  const double s = share_tanh(x);
  return s + x * s * (1 - s) * 2 * kScale * (1 + 3 * kCubic * x * x);
}

double slope_erf(double x) {
  return share_erf(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}

}  // namespace

void gelu_ref(const px_gelu_args& args) {
  const auto share = (args.flags & PX_GELU_ERF) != 0 ? share_erf : share_tanh;
  for (int64_t i = 0; i < args.count; ++i) {
    const double x = value_at(args.x, args.x_bf16, i);
    store(x * share(x), args.out, args.out_bf16, i);
  }
}

void gelu_backward_ref(const px_gelu_backward_args& args) {
  const auto slope = (args.flags & PX_GELU_ERF) != 0 ? slope_erf : slope_tanh;
  for (int64_t i = 0; i < args.count; ++i)
    store(args.d_out[i] * slope(value_at(args.x, args.x_bf16, i)), args.d_x, args.d_x_bf16, i);
}

}  // namespace px::kernels
