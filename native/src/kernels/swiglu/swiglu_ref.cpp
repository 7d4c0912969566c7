#include <cmath>

#include "base/float16.h"
#include "kernels/swiglu/swiglu.h"

namespace px::kernels {
namespace {

double value_at(const float* x, const uint16_t* x_bf16, int64_t i) { return x != nullptr ? x[i] : from_bf16(x_bf16[i]); }

void store(double value, float* out, uint16_t* out_bf16, int64_t i) {
  const auto stored = static_cast<float>(value);
  if (out != nullptr) out[i] = stored;
  if (out_bf16 != nullptr) out_bf16[i] = to_bf16(stored);
}

}  // namespace

void swiglu_ref(const px_swiglu_args& args) {
  for (int64_t n = 0; n < args.rows; ++n)
    for (int64_t i = 0; i < args.features; ++i) {
      const double gate = value_at(args.gate_up, args.gate_up_bf16, 2 * n * args.features + i);
      const double up = value_at(args.gate_up, args.gate_up_bf16, (2 * n + 1) * args.features + i);
      store(gate / (1 + std::exp(-gate)) * up, args.out, args.out_bf16, n * args.features + i);
    }
}

void silu_ref(float* values, uint16_t* bits, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const double x = value_at(values, bits, i);
    store(x / (1 + std::exp(-x)), values, bits, i);
  }
}

void swiglu_backward_ref(const px_swiglu_backward_args& args) {
  for (int64_t n = 0; n < args.rows; ++n)
    for (int64_t i = 0; i < args.features; ++i) {
      const int64_t gate_at = 2 * n * args.features + i;
      const int64_t up_at = gate_at + args.features;
      const double gate = value_at(args.gate_up, args.gate_up_bf16, gate_at);
      const double up = value_at(args.gate_up, args.gate_up_bf16, up_at);
      const double d = args.d_out[n * args.features + i];
      const double s = 1 / (1 + std::exp(-gate));
      store(d * up * s * (1 + gate * (1 - s)), args.d_gate_up, args.d_gate_up_bf16, gate_at);
      store(d * gate * s, args.d_gate_up, args.d_gate_up_bf16, up_at);
    }
}

}  // namespace px::kernels
