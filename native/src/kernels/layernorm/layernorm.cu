// layernorm, a block a row; gradients of weight and bias over parts of kRowsOfPart rows, a thread a column, added in order.
// Traffic per element: 4 bytes in and 4 out, 2 for bf16; 8 more with delta; backward 8 in and 4 out, d_weight 8 in.
#include "cuda/bf16.h"
#include "cuda/layers.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;
constexpr int64_t kRowsOfPart = 64;

__global__ void __launch_bounds__(kThreads) layernorm_kernel(px_layernorm_args args) {
  const int64_t row = blockIdx.x * args.hidden;
  const float size = static_cast<float>(args.hidden);
  const float* x = args.x + row;
  if (args.delta != nullptr) {
    for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) args.sum[row + i] = x[i] + args.delta[row + i];
    x = args.sum + row;  // a thread reads back what it wrote itself
  }
  float total = 0;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) total += x[i];
  const float mean = reduce_block(total, Add()) / size;
  // NUMERICS: a second pass over the deviations; the mean of squares less the square of the mean cancels.
  float squares = 0;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) squares = fmaf(x[i] - mean, x[i] - mean, squares);
  const float rstd = 1 / sqrtf(reduce_block(squares, Add()) / size + static_cast<float>(args.epsilon));
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads)
    store(fmaf((x[i] - mean) * rstd, args.weight[i], args.bias[i]), args.out, args.out_bf16, row + i);
  if (threadIdx.x != 0) return;
  if (args.mean != nullptr) args.mean[blockIdx.x] = mean;
  if (args.rstd != nullptr) args.rstd[blockIdx.x] = rstd;
}

__global__ void __launch_bounds__(kThreads) rows_kernel(px_layernorm_backward_args args) {
  const int64_t row = blockIdx.x * args.hidden;
  const float mean = args.mean[blockIdx.x], rstd = args.rstd[blockIdx.x], size = static_cast<float>(args.hidden);
  float sum = 0, dot = 0;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) {
    const float g = args.d_out[row + i] * args.weight[i];
    sum += g;
    dot = fmaf(g, (args.x[row + i] - mean) * rstd, dot);
  }
  sum = reduce_block(sum, Add());
  dot = reduce_block(dot, Add());
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) {
    const float g = args.d_out[row + i] * args.weight[i], h = (args.x[row + i] - mean) * rstd;
    const float d = rstd * (g - (sum + h * dot) / size);
    store((args.flags & PX_LAYERNORM_ADD) != 0 ? args.d_x[row + i] + d : d, args.d_x, args.d_x_bf16, row + i);
  }
}

// parts [count, 2, H]: of the weight, of the bias.
__global__ void __launch_bounds__(kThreads) weight_parts_kernel(px_layernorm_backward_args args, float* parts) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= args.hidden) return;
  const int64_t begin = blockIdx.y * kRowsOfPart;
  const int64_t end = begin + kRowsOfPart < args.rows ? begin + kRowsOfPart : args.rows;
  float weight = 0, bias = 0;
  for (int64_t n = begin; n < end; ++n) {
    const float d = args.d_out[n * args.hidden + i];
    weight = fmaf(d, (args.x[n * args.hidden + i] - args.mean[n]) * args.rstd[n], weight);
    bias += d;
  }
  parts[2 * blockIdx.y * args.hidden + i] = weight;
  parts[(2 * blockIdx.y + 1) * args.hidden + i] = bias;
}

__global__ void __launch_bounds__(kThreads)
    add_weight_parts_kernel(float* d_weight, float* d_bias, const float* parts, int64_t count, int64_t hidden) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= hidden) return;
  float weight = d_weight[i], bias = d_bias[i];
  for (int64_t part = 0; part < count; ++part) {
    weight += parts[2 * part * hidden + i];
    bias += parts[(2 * part + 1) * hidden + i];
  }
  d_weight[i] = weight;
  d_bias[i] = bias;
}

int64_t parts_of(int64_t rows) { return (rows + kRowsOfPart - 1) / kRowsOfPart; }

}  // namespace

void layernorm_cuda(cudaStream_t stream, const px_layernorm_args& args) {
  if (args.rows > 0) PX_LAUNCH(layernorm_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

uint64_t layernorm_backward_cuda_workspace(int64_t rows, int64_t hidden) {
  return static_cast<uint64_t>(parts_of(rows) * 2 * hidden) * sizeof(float);
}

void layernorm_backward_cuda(cudaStream_t stream, const px_layernorm_backward_args& args) {
  if (args.rows == 0) return;
  // The weight first: d_x may lie where d_out does.
  if (args.d_weight != nullptr) {
    auto* parts = static_cast<float*>(args.workspace);
    const unsigned columns = blocks_for(args.hidden, kThreads);
    const dim3 grid(columns, static_cast<unsigned>(parts_of(args.rows)));
    PX_LAUNCH(weight_parts_kernel, grid, kThreads, 0, stream, args, parts);
    PX_LAUNCH(add_weight_parts_kernel, columns, kThreads, 0, stream, args.d_weight, args.d_bias, parts,
              parts_of(args.rows), args.hidden);
  }
  PX_LAUNCH(rows_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

}  // namespace px::kernels
