#include "planted.h"

#include "cuda/cuda.h"

namespace px::test {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

__global__ void reverse_kernel(const float* in, float* out, bool with_barrier) {
  __shared__ float shared[kThreads];
  shared[threadIdx.x] = in[threadIdx.x];
  if (with_barrier) __syncthreads();
  out[threadIdx.x] = shared[kThreads - 1 - threadIdx.x];
}

__global__ void divergent_kernel(float* out) {
  if (threadIdx.x < 64) {
    out[threadIdx.x] = 1;
    __syncthreads();
  } else {
    __syncthreads();
    out[threadIdx.x] = 2;
  }
}

__global__ void early_end_kernel(float* out) {
  if (threadIdx.x >= 100) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

__global__ void lost_lanes_kernel(float* out) {
  float value = static_cast<float>(threadIdx.x);
  if (threadIdx.x < 16) value = __shfl_xor_sync(kAllLanes, value, 1);
  __syncthreads();
  out[threadIdx.x] = value;
}

__global__ void shared_overflow_kernel(float* out) {
  __shared__ float shared[8];
  shared[threadIdx.x % 16] = static_cast<float>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = shared[0];
}

__global__ void collectives_kernel(const int* in, int* out, int n) {
  PX_DYNAMIC_SHARED(int, ends);
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), lane = static_cast<int>(threadIdx.x) % kWarp;
  const int value = i < n ? in[i] : 0;
  const int up = __shfl_up_sync(kAllLanes, value, 1), down = __shfl_down_sync(kAllLanes, value, 1);
  const int first = __shfl_sync(kAllLanes, value, 0);
  const unsigned odd = __ballot_sync(kAllLanes, value % 2 != 0);
  __syncwarp();
  if (lane == kWarp - 1) ends[threadIdx.x / kWarp] = value;
  __syncthreads();
  const int last = ends[threadIdx.x / kWarp];
  if (i < n) out[i] = value + 3 * up + 5 * down + 7 * first + 11 * __popc(odd) + 13 * last;
}

__global__ void unwritten_kernel(float* out) {
  PX_DYNAMIC_SHARED(float, shared);
  out[threadIdx.x] = shared[threadIdx.x];
}

}  // namespace

void reverse(cudaStream_t stream, const float* in, float* out) {
  PX_LAUNCH(reverse_kernel, 1, kThreads, 0, stream, in, out, true);
}

void reverse_without_barrier(cudaStream_t stream, const float* in, float* out) {
  PX_LAUNCH(reverse_kernel, 1, kThreads, 0, stream, in, out, false);
}

void divergent_barrier(cudaStream_t stream, float* out) { PX_LAUNCH(divergent_kernel, 1, 128, 0, stream, out); }
void early_end(cudaStream_t stream, float* out) { PX_LAUNCH(early_end_kernel, 1, 128, 0, stream, out); }
void lost_lanes(cudaStream_t stream, float* out) { PX_LAUNCH(lost_lanes_kernel, 1, 32, 0, stream, out); }
void shared_overflow(cudaStream_t stream, float* out) { PX_LAUNCH(shared_overflow_kernel, 1, 32, 0, stream, out); }

void collectives(cudaStream_t stream, const int* in, int* out, int n) {
  PX_LAUNCH(collectives_kernel, blocks_for(n, 96), 96, 3 * sizeof(int), stream, in, out, n);
}

void unwritten_shared(cudaStream_t stream, float* out) {
  PX_LAUNCH(unwritten_kernel, 1, 32, 32 * sizeof(float), stream, out);
}

}  // namespace px::test
