// gelu element by element. Traffic per element: 4 bytes in and 4 out, 2 for bf16; backward 8 in and 4 out, 2 for bf16.
#include "cuda/bf16.h"
#include "cuda/layers.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;
constexpr float kCubic = 0.044715f;
constexpr float kTwiceScale = 1.5957691216057308f;    // 2 sqrt(2 / pi)
constexpr float kRootOfHalf = 0.70710678118654752f;   // 1 / sqrt(2)
constexpr float kDensityAtZero = 0.3989422804014327f;  // 1 / sqrt(2 pi)

// What x is multiplied by: (1 + tanh) / 2, or Phi.
__device__ float share_of(float x, bool exact) {
  if (exact) return erfcf(-x * kRootOfHalf) / 2;
  return 1 / (1 + expf(-kTwiceScale * (x + kCubic * x * x * x)));
}

__device__ float slope_of(float x, bool exact) {
  const float s = share_of(x, exact);
  if (exact) return s + x * expf(-x * x / 2) * kDensityAtZero;
  return s + x * s * (1 - s) * kTwiceScale * (1 + 3 * kCubic * x * x);
}

__global__ void __launch_bounds__(kThreads) gelu_kernel(px_gelu_args args) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= args.count) return;
  const float x = load(args.x, args.x_bf16, i);
  store(x * share_of(x, (args.flags & PX_GELU_ERF) != 0), args.out, args.out_bf16, i);
}

__global__ void __launch_bounds__(kThreads) backward_kernel(px_gelu_backward_args args) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= args.count) return;
  const float x = load(args.x, args.x_bf16, i);
  store(args.d_out[i] * slope_of(x, (args.flags & PX_GELU_ERF) != 0), args.d_x, args.d_x_bf16, i);
}

}  // namespace

void gelu_cuda(cudaStream_t stream, const px_gelu_args& args) {
  if (args.count > 0) PX_LAUNCH(gelu_kernel, blocks_for(args.count, kThreads), kThreads, 0, stream, args);
}

void gelu_backward_cuda(cudaStream_t stream, const px_gelu_backward_args& args) {
  if (args.count > 0) PX_LAUNCH(backward_kernel, blocks_for(args.count, kThreads), kThreads, 0, stream, args);
}

}  // namespace px::kernels
