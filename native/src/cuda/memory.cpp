#include "cuda/memory.h"

#include <algorithm>

namespace px::cuda {

void* DeviceMemory::allocate(uint64_t bytes) {
  if (bytes == 0) return nullptr;
  void* pointer = nullptr;
  const cudaError_t error = cudaMallocAsync(&pointer, bytes, stream_);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    fail(PX_DEVICE_OUT_OF_MEMORY, "CUDA: the device has no ", bytes, " bytes left; this engine holds ",
         counters_.live_bytes, " on it");
  }
  check_cuda(error, "cudaMallocAsync");
  counters_.live_bytes += bytes;
  counters_.peak_bytes = std::max(counters_.peak_bytes, counters_.live_bytes);
  return pointer;
}

void DeviceMemory::release(void* pointer, uint64_t bytes) noexcept {
  counters_.live_bytes -= bytes;
  // A device that failed has no use for its memory any more; the failure is reported by who waits for the stream.
  if (cudaFreeAsync(pointer, stream_) != cudaSuccess) cudaGetLastError();
}

void DeviceMemory::copy_in(void* device, const void* host, uint64_t bytes) {
  check_cuda(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream_), "copy to the device");
  ++counters_.copies_in;
  counters_.bytes_in += bytes;
}

void DeviceMemory::copy_out(void* host, const void* device, uint64_t bytes) {
  check_cuda(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream_), "copy from the device");
  ++counters_.copies_out;
  counters_.bytes_out += bytes;
}

void DeviceMemory::synchronize() { check_cuda(cudaStreamSynchronize(stream_), "waiting for the device"); }

}  // namespace px::cuda
