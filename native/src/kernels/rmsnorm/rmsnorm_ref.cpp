#include <cmath>

#include "base/float16.h"
#include "kernels/rmsnorm/rmsnorm.h"

namespace px::kernels {
namespace {

double mean_of_squares(const float* row, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += double{row[i]} * row[i];
  return sum / static_cast<double>(n);
}

}  // namespace

void rmsnorm_ref(const px_rmsnorm_args& args) {
  for (int64_t n = 0; n < args.rows; ++n) {
    const int64_t row = n * args.hidden;
    for (int64_t i = 0; args.delta != nullptr && i < args.hidden; ++i)
      args.sum[row + i] = args.x[row + i] + args.delta[row + i];
    const float* x = (args.delta != nullptr ? args.sum : args.x) + row;
    const double rstd = 1 / std::sqrt(mean_of_squares(x, args.hidden) + args.epsilon);
    for (int64_t i = 0; i < args.hidden; ++i) {
      const auto y = static_cast<float>(x[i] * rstd * args.weight[i]);
      if (args.out != nullptr) args.out[row + i] = y;
      if (args.out_bf16 != nullptr) args.out_bf16[row + i] = to_bf16(y);
    }
    if (args.rstd != nullptr) args.rstd[n] = static_cast<float>(rstd);
  }
}

void rmsnorm_backward_ref(const px_rmsnorm_backward_args& args) {
  const bool add = (args.flags & PX_RMSNORM_ADD) != 0;
  // d_weight first: d_x may lie where d_out does.
  for (int64_t i = 0; args.d_weight != nullptr && i < args.hidden; ++i) {
    double sum = args.d_weight[i];
    for (int64_t n = 0; n < args.rows; ++n)
      sum += double{args.d_out[n * args.hidden + i]} * args.x[n * args.hidden + i] * args.rstd[n];
    args.d_weight[i] = static_cast<float>(sum);
  }
  for (int64_t n = 0; n < args.rows; ++n) {
    const float* x = args.x + n * args.hidden;
    const float* d_out = args.d_out + n * args.hidden;
    const double rstd = args.rstd[n];
    double dot = 0;
    for (int64_t i = 0; i < args.hidden; ++i) dot += double{d_out[i]} * args.weight[i] * x[i];
    const double along = dot / static_cast<double>(args.hidden) * rstd * rstd;
    for (int64_t i = 0; i < args.hidden; ++i) {
      const int64_t at = n * args.hidden + i;
      const double d = rstd * (double{d_out[i]} * args.weight[i] - x[i] * along);
      args.d_x[at] = static_cast<float>(add ? args.d_x[at] + d : d);
      if (args.d_x_bf16 != nullptr) args.d_x_bf16[at] = to_bf16(args.d_x[at]);
    }
  }
}

}  // namespace px::kernels
