// rows: gathering and adding of whole rows, an element a thread; a scalar head, a block a row, and its gradient, a
// thread a column of the head, which adds the rows in their order.
#include "cuda/cuda.h"
#include "cuda/layers.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

__device__ int64_t element() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

template <class Unit>
__global__ void __launch_bounds__(kThreads)
    gather_kernel(const Unit* from, int64_t width, const int64_t* rows, int64_t n, Unit* to) {
  const int64_t i = element();
  if (i < n * width) to[i] = from[rows[i / width] * width + i % width];
}

__global__ void __launch_bounds__(kThreads)
    add_kernel(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) {
  const int64_t i = element();
  if (i < n * width) to[rows[i / width] * width + i % width] += from[i];
}

__global__ void __launch_bounds__(kThreads) head_kernel(ScalarRows args, float* values) {
  const float* row = args.x + args.rows[blockIdx.x] * args.width;
  double sum = 0;
  for (int64_t k = threadIdx.x; k < args.width; k += kThreads)
    sum += static_cast<double>(row[k]) * static_cast<double>(args.head[k]);
  sum = reduce_block(sum, Add());
  if (threadIdx.x == 0) values[blockIdx.x] = static_cast<float>(sum);
}

__global__ void __launch_bounds__(kThreads)
    head_rows_kernel(const float* head, int64_t width, const float* slopes, int64_t n, float* d_rows) {
  const int64_t i = element();
  if (i < n * width) d_rows[i] = slopes[i / width] * head[i % width];
}

__global__ void __launch_bounds__(kThreads) head_sums_kernel(ScalarRows args, const float* slopes, float* d_head) {
  const int64_t k = element();
  if (k >= args.width) return;
  double sum = 0;
  for (int64_t i = 0; i < args.n; ++i)
    sum += static_cast<double>(slopes[i]) * static_cast<double>(args.x[args.rows[i] * args.width + k]);
  d_head[k] = static_cast<float>(d_head[k] + sum);
}

template <class Unit>
void gather(cudaStream_t stream, const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) {
  const int64_t width = bytes / static_cast<int64_t>(sizeof(Unit));
  PX_LAUNCH((gather_kernel<Unit>), blocks_for(n * width, kThreads), kThreads, 0, stream, static_cast<const Unit*>(from),
            width, rows, n, static_cast<Unit*>(to));
}

}  // namespace

void gather_rows_cuda(cudaStream_t stream, const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to) {
  if (n <= 0 || bytes <= 0) return;
  bytes % 4 == 0 ? gather<uint32_t>(stream, from, bytes, rows, n, to)
                 : gather<uint8_t>(stream, from, bytes, rows, n, to);
}

void add_rows_cuda(cudaStream_t stream, const float* from, int64_t width, const int64_t* rows, int64_t n, float* to) {
  if (n > 0) PX_LAUNCH(add_kernel, blocks_for(n * width, kThreads), kThreads, 0, stream, from, width, rows, n, to);
}

void scalar_head_cuda(cudaStream_t stream, const ScalarRows& args, float* values) {
  if (args.n > 0) PX_LAUNCH(head_kernel, blocks_for(args.n, 1), kThreads, 0, stream, args, values);
}

void scalar_head_backward_cuda(cudaStream_t stream, const ScalarRows& args, const float* slopes, float* d_rows,
                               float* d_head) {
  if (args.n <= 0) return;
  PX_LAUNCH(head_rows_kernel, blocks_for(args.n * args.width, kThreads), kThreads, 0, stream, args.head, args.width,
            slopes, args.n, d_rows);
  PX_LAUNCH(head_sums_kernel, blocks_for(args.width, kThreads), kThreads, 0, stream, args, slopes, d_head);
}

}  // namespace px::kernels
