// Reductions of a warp and of a block in one fixed order: the same bits on every run, whatever the order in which
// threads arrive. For .cu files.
#pragma once

#include "cuda/cuda.h"

namespace px::cuda {

struct Add {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return a + b;
  }
};
struct Least {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct Greatest {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return b > a ? b : a;
  }
};

// Every lane gets the result.
template <class T, class Op>
__device__ T reduce_warp(T value, Op op) {
  for (int bits = kWarp / 2; bits > 0; bits /= 2) value = op(value, __shfl_xor_sync(kAllLanes, value, bits));
  return value;
}

// Every thread gets the result. All threads of the block call, a whole number of warps.
template <class T, class Op>
__device__ T reduce_block(T value, Op op) {
  __shared__ T parts[kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warps = static_cast<int>(blockDim.x) / kWarp;
  value = reduce_warp(value, op);
  if (lane == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  value = parts[0];
  for (int warp = 1; warp < warps; ++warp) value = op(value, parts[warp]);
  __syncthreads();  // parts are written again by the next reduction
  return value;
}

// Ranges of elements, one a block, that depend on the number of elements alone: so do the sums over them.
struct Ranges {
  static constexpr int64_t kLeast = 4096;
  static constexpr int64_t kMost = 4096;

  int64_t elements;
  int64_t size;

  explicit Ranges(int64_t n) : elements(n), size(kLeast) {
    if (n > kMost * kLeast) size = ((n + kMost - 1) / kMost + kWarp - 1) / kWarp * kWarp;
  }
  int64_t count() const { return (elements + size - 1) / size; }

  __device__ int64_t begin() const { return blockIdx.x * size; }
  __device__ int64_t end() const { return begin() + size < elements ? begin() + size : elements; }
};

// Numbers that a kernel adds up over all its elements: `Sums` of them, then `Least` and `Greatest` that are kept.
template <int Sums, int Leasts = 0, int Greatests = 0>
struct Totals {
  static constexpr int kCount = Sums + Leasts + Greatests;
  double values[kCount];

  __device__ static double identity(int k) { return k < Sums ? 0 : k < Sums + Leasts ? INFINITY : -INFINITY; }

  __device__ void clear() {
    PX_UNROLL
    for (int k = 0; k < kCount; ++k) values[k] = identity(k);
  }

  // This block's totals into parts[blockIdx.x]. All threads of the block call.
  __device__ void write(double* parts) const {
    PX_UNROLL
    for (int k = 0; k < kCount; ++k) {
      const double total = combine_block(k, values[k]);
      if (threadIdx.x == 0) parts[static_cast<int64_t>(blockIdx.x) * kCount + k] = total;
    }
  }

  __device__ static double combine_block(int k, double value) {
    return k < Sums            ? reduce_block(value, Add())
           : k < Sums + Leasts ? reduce_block(value, Least())
                               : reduce_block(value, Greatest());
  }

  __device__ static double combine(int k, double a, double b) {
    return k < Sums ? Add()(a, b) : k < Sums + Leasts ? Least()(a, b) : Greatest()(a, b);
  }
};

// Adds the blocks' parts up: warp k of the one block takes number k of each part.
template <class T>
__global__ void add_parts(double* totals, const double* parts, int64_t blocks) {
  const int k = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
  double total = T::identity(k);
  for (int64_t b = lane; b < blocks; b += kWarp) total = T::combine(k, total, parts[b * T::kCount + k]);
  for (int bits = kWarp / 2; bits > 0; bits /= 2)
    total = T::combine(k, total, __shfl_xor_sync(kAllLanes, total, bits));
  if (lane == 0) totals[k] = total;
}

// totals [T::kCount] of parts [blocks, T::kCount].
template <class T>
void launch_add_parts(cudaStream_t stream, double* totals, const double* parts, int64_t blocks) {
  PX_LAUNCH((add_parts<T>), 1, T::kCount * kWarp, 0, stream, totals, parts, blocks);
}

}  // namespace px::cuda
