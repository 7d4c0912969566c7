#include <cmath>

#include "base/float16.h"
#include "kernels/layernorm/layernorm.h"

namespace px::kernels {
namespace {

double mean_of(const float* row, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += row[i];
  return sum / static_cast<double>(n);
}

double variance_of(const float* row, int64_t n, double mean) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += (row[i] - mean) * (row[i] - mean);
  return sum / static_cast<double>(n);
}

// Before d_x, which may lie where d_out does.
void add_weight_gradients(const px_layernorm_backward_args& args) {
  for (int64_t i = 0; i < args.hidden; ++i) {
    double d_weight = args.d_weight[i], d_bias = args.d_bias[i];
    for (int64_t n = 0; n < args.rows; ++n) {
      const double d = args.d_out[n * args.hidden + i];
      d_weight += d * (double{args.x[n * args.hidden + i]} - args.mean[n]) * args.rstd[n];
      d_bias += d;
    }
    args.d_weight[i] = static_cast<float>(d_weight);
    args.d_bias[i] = static_cast<float>(d_bias);
  }
}

}  // namespace

void layernorm_ref(const px_layernorm_args& args) {
  for (int64_t n = 0; n < args.rows; ++n) {
    const int64_t row = n * args.hidden;
    for (int64_t i = 0; args.delta != nullptr && i < args.hidden; ++i)
      args.sum[row + i] = args.x[row + i] + args.delta[row + i];
    const float* x = (args.delta != nullptr ? args.sum : args.x) + row;
    const double mean = mean_of(x, args.hidden);
    const double rstd = 1 / std::sqrt(variance_of(x, args.hidden, mean) + args.epsilon);
    for (int64_t i = 0; i < args.hidden; ++i) {
      const auto y = static_cast<float>((x[i] - mean) * rstd * args.weight[i] + args.bias[i]);
      if (args.out != nullptr) args.out[row + i] = y;
      if (args.out_bf16 != nullptr) args.out_bf16[row + i] = to_bf16(y);
    }
    if (args.mean != nullptr) args.mean[n] = static_cast<float>(mean);
    if (args.rstd != nullptr) args.rstd[n] = static_cast<float>(rstd);
  }
}

void layernorm_backward_ref(const px_layernorm_backward_args& args) {
  const bool add = (args.flags & PX_LAYERNORM_ADD) != 0;
  if (args.d_weight != nullptr) add_weight_gradients(args);
  for (int64_t n = 0; n < args.rows; ++n) {
    const float* x = args.x + n * args.hidden;
    const float* d_out = args.d_out + n * args.hidden;
    const double mean = args.mean[n], rstd = args.rstd[n];
    double sum = 0, dot = 0;
    for (int64_t i = 0; i < args.hidden; ++i) {
      const double g = double{d_out[i]} * args.weight[i];
      sum += g;
      dot += g * (x[i] - mean) * rstd;
    }
    for (int64_t i = 0; i < args.hidden; ++i) {
      const int64_t at = n * args.hidden + i;
      const double g = double{d_out[i]} * args.weight[i];
      const double d = rstd * (g - (sum + (x[i] - mean) * rstd * dot) / static_cast<double>(args.hidden));
      args.d_x[at] = static_cast<float>(add ? args.d_x[at] + d : d);
      if (args.d_x_bf16 != nullptr) args.d_x_bf16[at] = to_bf16(args.d_x[at]);
    }
  }
}

}  // namespace px::kernels
