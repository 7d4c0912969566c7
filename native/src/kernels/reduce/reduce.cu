// reduce: sums of columns, a thread a column, which adds the rows in their order.
#include "cuda/bf16.h"
#include "cuda/layers.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 64;

__global__ void __launch_bounds__(kThreads)
    column_sums_kernel(const float* x, const uint16_t* x_bf16, int64_t rows, int64_t stride, int64_t first,
                       int64_t columns, float* to) {
  const int64_t column = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (column >= columns) return;
  double sum = 0;
  for (int64_t r = 0; r < rows; ++r) sum += load(x, x_bf16, r * stride + first + column);
  to[column] = static_cast<float>(to[column] + sum);
}

}  // namespace

void add_column_sums_cuda(cudaStream_t stream, const float* x, const uint16_t* x_bf16, int64_t rows, int64_t stride,
                          int64_t first, int64_t columns, float* to) {
  if (columns > 0)
    PX_LAUNCH(column_sums_kernel, blocks_for(columns, kThreads), kThreads, 0, stream, x, x_bf16, rows, stride, first,
              columns, to);
}

}  // namespace px::kernels
