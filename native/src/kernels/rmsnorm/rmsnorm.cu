// rmsnorm, a block a row; gradients of the weight over parts of kRowsOfPart rows, a thread a column, added in order.
// Traffic per element: 4 bytes in and 4 out, 2 for bf16; 8 more with delta; backward 8 in and 4 out, d_weight 8 in.
#include "cuda/bf16.h"
#include "cuda/layers.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;
constexpr int64_t kRowsOfPart = 64;

__global__ void __launch_bounds__(kThreads) rmsnorm_kernel(px_rmsnorm_args args) {
  const int64_t row = blockIdx.x * args.hidden;
  const float* x = args.x + row;
  if (args.delta != nullptr) {
    for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) args.sum[row + i] = x[i] + args.delta[row + i];
    x = args.sum + row;  // a thread reads back what it wrote itself
  }
  float squares = 0;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) squares = fmaf(x[i], x[i], squares);
  const float mean = reduce_block(squares, Add()) / static_cast<float>(args.hidden);
  const float rstd = 1 / sqrtf(mean + static_cast<float>(args.epsilon));
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads)
    store(x[i] * rstd * args.weight[i], args.out, args.out_bf16, row + i);
  if (args.rstd != nullptr && threadIdx.x == 0) args.rstd[blockIdx.x] = rstd;
}

__global__ void __launch_bounds__(kThreads) rows_kernel(px_rmsnorm_backward_args args) {
  const int64_t row = blockIdx.x * args.hidden;
  const float* x = args.x + row;
  const float* d_out = args.d_out + row;
  const float rstd = args.rstd[blockIdx.x];
  float dot = 0;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) dot = fmaf(d_out[i] * args.weight[i], x[i], dot);
  const float along = reduce_block(dot, Add()) / static_cast<float>(args.hidden) * rstd * rstd;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) {
    const float d = rstd * (d_out[i] * args.weight[i] - x[i] * along);
    store((args.flags & PX_RMSNORM_ADD) != 0 ? args.d_x[row + i] + d : d, args.d_x, args.d_x_bf16, row + i);
  }
}

__global__ void __launch_bounds__(kThreads) weight_parts_kernel(px_rmsnorm_backward_args args, float* parts) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= args.hidden) return;
  const int64_t begin = blockIdx.y * kRowsOfPart;
  const int64_t end = begin + kRowsOfPart < args.rows ? begin + kRowsOfPart : args.rows;
  float sum = 0;
  for (int64_t n = begin; n < end; ++n)
    sum = fmaf(args.d_out[n * args.hidden + i] * args.x[n * args.hidden + i], args.rstd[n], sum);
  parts[blockIdx.y * args.hidden + i] = sum;
}

__global__ void __launch_bounds__(kThreads)
    add_weight_parts_kernel(float* d_weight, const float* parts, int64_t count, int64_t hidden) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= hidden) return;
  float sum = d_weight[i];
  for (int64_t part = 0; part < count; ++part) sum += parts[part * hidden + i];
  d_weight[i] = sum;
}

int64_t parts_of(int64_t rows) { return (rows + kRowsOfPart - 1) / kRowsOfPart; }

}  // namespace

void rmsnorm_cuda(cudaStream_t stream, const px_rmsnorm_args& args) {
  if (args.rows > 0) PX_LAUNCH(rmsnorm_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

uint64_t rmsnorm_backward_cuda_workspace(int64_t rows, int64_t hidden) {
  return static_cast<uint64_t>(parts_of(rows) * hidden) * sizeof(float);
}

void rmsnorm_backward_cuda(cudaStream_t stream, const px_rmsnorm_backward_args& args) {
  if (args.rows == 0) return;
  // The weight first: d_x may lie where d_out does.
  if (args.d_weight != nullptr) {
    auto* parts = static_cast<float*>(args.workspace);
    const unsigned columns = blocks_for(args.hidden, kThreads);
    const dim3 grid(columns, static_cast<unsigned>(parts_of(args.rows)));
    PX_LAUNCH(weight_parts_kernel, grid, kThreads, 0, stream, args, parts);
    PX_LAUNCH(add_weight_parts_kernel, columns, kThreads, 0, stream, args.d_weight, parts, parts_of(args.rows),
              args.hidden);
  }
  PX_LAUNCH(rows_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

}  // namespace px::kernels
