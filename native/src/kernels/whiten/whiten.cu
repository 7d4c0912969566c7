// whiten: moments of a range of elements a block, in two passes of which the second finds the range in the cache, merged
// in a fixed tree; then element by element. Traffic per element: moments 5 bytes in, apply 5 bytes in, 4 out.
#include "cuda/kernels.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

__device__ bool counts(const uint8_t* mask, int64_t i) { return mask == nullptr || mask[i] != 0; }

__global__ void __launch_bounds__(kThreads)
    moments_kernel(const float* x, const uint8_t* mask, Ranges ranges, px_moments* parts) {
  double count = 0, total = 0;
  for (int64_t i = ranges.begin() + threadIdx.x; i < ranges.end(); i += kThreads) {
    if (!counts(mask, i)) continue;
    count += 1;
    total += x[i];
  }
  count = reduce_block(count, Add());
  const double mean = count > 0 ? reduce_block(total, Add()) / count : 0;
  // NUMERICS: a second pass over the deviations; sum(x^2) - n mean^2 cancels where the mean is large.
  double squares = 0;
  for (int64_t i = ranges.begin() + threadIdx.x; i < ranges.end(); i += kThreads)
    if (counts(mask, i)) squares += (x[i] - mean) * (x[i] - mean);
  squares = reduce_block(squares, Add());
  if (threadIdx.x == 0) parts[blockIdx.x] = {count, mean, squares};
}

// Chan, Golub and LeVeque 1979.
__device__ px_moments merge(const px_moments& a, const px_moments& b) {
  const double count = a.count + b.count;
  if (count == 0) return {0, 0, 0};
  const double delta = b.mean - a.mean;
  return {count, a.mean + delta * (b.count / count), a.m2 + b.m2 + delta * delta * a.count * (b.count / count)};
}

// One block: each thread merges a run of parts, then halves of the threads give theirs to the others.
__global__ void __launch_bounds__(kThreads) merge_kernel(const px_moments* parts, int64_t blocks, px_moments* moments) {
  __shared__ px_moments shared[kThreads];
  const int64_t run = (blocks + kThreads - 1) / kThreads;
  px_moments own{0, 0, 0};
  for (int64_t b = threadIdx.x * run; b < (threadIdx.x + 1) * run && b < blocks; ++b) own = merge(own, parts[b]);
  shared[threadIdx.x] = own;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) shared[threadIdx.x] = merge(shared[threadIdx.x], shared[threadIdx.x + half]);
  }
  if (threadIdx.x == 0) *moments = shared[0];
}

__global__ void __launch_bounds__(kThreads) apply_kernel(const float* x, const uint8_t* mask, int64_t n, double mean,
                                                         double scale, double shift, float* out) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < n) out[i] = counts(mask, i) ? static_cast<float>((x[i] - mean) * scale + shift) : 0;
}

}  // namespace

uint64_t whiten_moments_cuda_workspace(int64_t n) {
  return static_cast<uint64_t>(Ranges(n).count()) * sizeof(px_moments);
}

void whiten_moments_cuda(cudaStream_t stream, const float* x, const uint8_t* mask, int64_t n, px_moments* moments,
                         void* workspace) {
  const Ranges ranges(n);
  const int64_t blocks = ranges.count();
  auto* parts = static_cast<px_moments*>(workspace);
  if (blocks > 0) PX_LAUNCH(moments_kernel, blocks_for(blocks, 1), kThreads, 0, stream, x, mask, ranges, parts);
  PX_LAUNCH(merge_kernel, 1, kThreads, 0, stream, parts, blocks, moments);
}

void whiten_apply_cuda(cudaStream_t stream, const float* x, const uint8_t* mask, int64_t n, double mean, double scale,
                       double shift, float* out) {
  if (n > 0) PX_LAUNCH(apply_kernel, blocks_for(n, kThreads), kThreads, 0, stream, x, mask, n, mean, scale, shift, out);
}

}  // namespace px::kernels
