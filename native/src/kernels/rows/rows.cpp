#include "kernels/rows/rows.h"

#include <cstddef>
#include <cstring>
#include <vector>

namespace px::kernels {

void gather_rows(const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) {
  for (int64_t i = 0; i < n; ++i)
    std::memcpy(static_cast<std::byte*>(to) + i * bytes, static_cast<const std::byte*>(from) + rows[i] * bytes,
                static_cast<size_t>(bytes));
}

void add_rows(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) {
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = 0; k < width; ++k) to[rows[i] * width + k] += from[i * width + k];
}

void scalar_head(const ScalarRows& args, float* values) {
  for (int64_t i = 0; i < args.n; ++i) {
    const float* row = args.x + args.rows[i] * args.width;
    double sum = 0.0;
    for (int64_t k = 0; k < args.width; ++k) sum += double{row[k]} * double{args.head[k]};
    values[i] = static_cast<float>(sum);
  }
}

void scalar_head_backward(const ScalarRows& args, const float* slopes, float* d_x, float* d_head) {
  std::vector<double> sum(static_cast<size_t>(args.width));
  for (int64_t i = 0; i < args.n; ++i) {
    const float* row = args.x + args.rows[i] * args.width;
    float* d_row = d_x + i * args.width;
    for (int64_t k = 0; k < args.width; ++k) {
      d_row[k] = slopes[i] * args.head[k];
      sum[static_cast<size_t>(k)] += double{slopes[i]} * double{row[k]};
    }
  }
  for (int64_t k = 0; k < args.width; ++k) d_head[k] = static_cast<float>(d_head[k] + sum[static_cast<size_t>(k)]);
}

}  // namespace px::kernels
