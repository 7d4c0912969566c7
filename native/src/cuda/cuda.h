// What a .cu file includes, so that nvcc and the emulator of the tests (tests/native/cuda) take the same file: the two
// spellings that plain C++ has not are macros.
#pragma once

#ifdef PX_CUDA_EMULATOR
#include "emulator.h"
#else
#include <cuda_runtime.h>
#endif

#include "cuda/check.h"

#if defined(PX_CUDA_EMULATOR)
#define PX_START(kernel, grid, block, shared_bytes, stream, ...) \
  ::px::emulator::launch(kernel, (grid), (block), (shared_bytes), (stream), __VA_ARGS__)
// Dynamic shared memory of the block as an array of T.
#define PX_DYNAMIC_SHARED(T, name) T* name = static_cast<T*>(::px::emulator::dynamic_shared())
#elif defined(__CUDACC__)
#define PX_START(kernel, grid, block, shared_bytes, stream, ...) \
  kernel<<<(grid), (block), (shared_bytes), (stream)>>>(__VA_ARGS__)
#define PX_DYNAMIC_SHARED(T, name)                                \
  extern __shared__ __align__(16) unsigned char px_dynamic_shared[]; \
  T* name = reinterpret_cast<T*>(px_dynamic_shared)
#endif

// Before a loop whose turns are to have the same array element's register each.
#ifdef PX_CUDA_EMULATOR
#define PX_UNROLL
#else
#define PX_UNROLL _Pragma("unroll")
#endif

// Launches a kernel (in parentheses where its name has a comma); throws where that is refused. What fails later shows
// when the stream is waited for.
#define PX_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                  \
  do {                                                                             \
    PX_START(kernel, grid, block, shared_bytes, stream, __VA_ARGS__);              \
    ::px::cuda::check_cuda(cudaGetLastError(), "launch of " #kernel);              \
  } while (false)

namespace px::cuda {

inline constexpr int kWarp = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;

// What no grid exceeds in x.
inline constexpr int64_t kMostBlocks = 0x7fffffff;

inline unsigned blocks_for(int64_t elements, int64_t per_block) {
  const int64_t blocks = (elements + per_block - 1) / per_block;
  check(blocks <= kMostBlocks, PX_UNSUPPORTED, "a launch over ", elements, " elements needs more blocks than a grid has");
  return static_cast<unsigned>(blocks);
}

}  // namespace px::cuda
