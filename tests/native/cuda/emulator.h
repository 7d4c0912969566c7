// CUDA C++ on the CPU, for tests on machines without a GPU: what cuda/cuda.h includes in place of the CUDA runtime.
//
// Every CUDA thread is a fiber; the fibers of a block run on one OS thread and switch at barriers and warp collectives,
// blocks are spread over OS threads, __shared__ variables are thread_local. What a stream is given runs when somebody
// waits for the stream, so that a result that is read too early is not there. README.md says what this proves.
#pragma once

#include <algorithm>
#include <math.h>  // the names of the global namespace, as nvcc has them
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __shared__ static thread_local
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __restrict__ __restrict

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct uint3 {
  unsigned x, y, z;
};

// ---- The part of the runtime's interface that the host side uses -----------------------------------------------------

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorInvalidDevice = 101,
  cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
inline constexpr unsigned cudaStreamNonBlocking = 1;

namespace px::emulator {
class Stream;
}
using cudaStream_t = px::emulator::Stream*;

struct cudaDeviceProp {
  char name[256];
  size_t totalGlobalMem;
  int multiProcessorCount;
  int major, minor;
};

cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* pointer, int byte, size_t bytes, cudaStream_t stream);
cudaError_t cudaGetLastError();
const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);

// ---- The emulator ----------------------------------------------------------------------------------------------------

namespace px::emulator {

// What tests set. The environment variable PROXIMAL_EMULATOR_SEED gives the first value of `seed`.
struct Config {
  size_t stack_bytes = size_t{64} << 10;
  unsigned seed = 0;                            // 0: threads in their order; else another order in every round
  unsigned os_threads = 0;                      // 0: as many as the machine has
  int devices = 1;                              // what cudaGetDeviceCount finds
  size_t memory_bytes = size_t{4} << 30;        // what the device holds
  cudaError_t next_error = cudaSuccess;         // what a call that can fail returns, once ...
  int errors_after = 0;                         // ... after so many that do not
  bool error_stays = false;                     // as the state of the stream that the call was for
  bool memory_alone = false;                    // of calls that take memory alone: allocations and launches
};
Config& config();

// What was given to the streams and to the memory of the device, since the program began.
struct Counters {
  uint64_t launches = 0;
  uint64_t live_bytes = 0;
  uint64_t live_allocations = 0;
};
const Counters& counters();

struct Site {
  const char* file;
  int line;
};

uint3 thread_index();
uint3 block_index();
dim3 block_size();
dim3 grid_size();
unsigned lane();
void* dynamic_shared();
void barrier(Site site);
uint64_t exchange_bits(unsigned mask, uint64_t value, int source, Site site);
unsigned ballot(unsigned mask, bool vote, Site site);

// What a lane of the warp offers at this place; its own value where `source` is no lane of the mask.
template <class T>
T exchange(unsigned mask, T value, int source, Site site) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = exchange_bits(mask, bits, source, site);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void enqueue(cudaStream_t stream, std::function<void()> work);
void enqueue_launch(cudaStream_t stream, dim3 grid, dim3 block, size_t shared_bytes, std::function<void()> thread);

template <class... Parameters, class... Arguments>
void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
            Arguments&&... arguments) {
  // Arguments are taken when the launch is written, as the runtime does.
  std::tuple<Parameters...> values{static_cast<Parameters>(arguments)...};
  enqueue_launch(stream, grid, block, shared_bytes, [kernel, values] { std::apply(kernel, values); });
}

template <class T>
T bits_as(uint32_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline uint32_t bits_of(float value) {
  uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

}  // namespace px::emulator

// ---- What kernels use ------------------------------------------------------------------------------------------------

#define PX_EMULATOR_SITE (::px::emulator::Site{__FILE__, __LINE__})
#define threadIdx (::px::emulator::thread_index())
#define blockIdx (::px::emulator::block_index())
#define blockDim (::px::emulator::block_size())
#define gridDim (::px::emulator::grid_size())
#define __syncthreads() ::px::emulator::barrier(PX_EMULATOR_SITE)
#define __syncwarp() ((void)::px::emulator::exchange<int>(0xffffffffu, 0, 0, PX_EMULATOR_SITE))
#define __shfl_sync(mask, value, source) ::px::emulator::exchange((mask), (value), static_cast<int>(source), PX_EMULATOR_SITE)
#define __shfl_xor_sync(mask, value, bits) \
  ::px::emulator::exchange((mask), (value), static_cast<int>(::px::emulator::lane() ^ unsigned(bits)), PX_EMULATOR_SITE)
#define __shfl_up_sync(mask, value, by) \
  ::px::emulator::exchange((mask), (value), static_cast<int>(::px::emulator::lane()) - static_cast<int>(by), PX_EMULATOR_SITE)
#define __shfl_down_sync(mask, value, by) \
  ::px::emulator::exchange((mask), (value), static_cast<int>(::px::emulator::lane()) + static_cast<int>(by), PX_EMULATOR_SITE)
#define __ballot_sync(mask, vote) ::px::emulator::ballot((mask), (vote), PX_EMULATOR_SITE)

inline int atomicOr(int* target, int bits) { return __atomic_fetch_or(target, bits, __ATOMIC_RELAXED); }
inline int atomicAdd(int* target, int value) { return __atomic_fetch_add(target, value, __ATOMIC_RELAXED); }

inline uint32_t __float_as_uint(float value) { return px::emulator::bits_of(value); }
inline float __uint_as_float(uint32_t bits) { return px::emulator::bits_as<float>(bits); }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(static_cast<unsigned>(bits)); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }
inline uint32_t __umulhi(uint32_t a, uint32_t b) { return static_cast<uint32_t>((uint64_t{a} * b) >> 32); }
inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
