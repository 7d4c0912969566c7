// Memory of the device: allocated and freed in the order of one stream, copied to and from the host, counted.
#pragma once

#include <cstdint>
#include <utility>

#include "cuda/check.h"

namespace px::cuda {

// What went over the bus and what is held. One call at a time, as for the stream.
struct DeviceCounters {
  uint64_t copies_in = 0;   // host to device
  uint64_t bytes_in = 0;
  uint64_t copies_out = 0;  // device to host
  uint64_t bytes_out = 0;
  uint64_t live_bytes = 0;
  uint64_t peak_bytes = 0;
};

class DeviceMemory {
 public:
  explicit DeviceMemory(cudaStream_t stream) : stream_(stream) {}
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  cudaStream_t stream() const { return stream_; }
  const DeviceCounters& counters() const { return counters_; }

  // Null for 0 bytes. Throws PX_DEVICE_OUT_OF_MEMORY with the bytes that were wanted and those that are held.
  void* allocate(uint64_t bytes);
  void release(void* pointer, uint64_t bytes) noexcept;

  // In the stream's order: the host's bytes must stay until the stream was waited for.
  void copy_in(void* device, const void* host, uint64_t bytes);
  void copy_out(void* host, const void* device, uint64_t bytes);

  // Waits until all that was given to the stream is done; throws what failed in it.
  void synchronize();

 private:
  cudaStream_t stream_;
  DeviceCounters counters_;
};

// An array of the device; its memory goes back in the stream's order.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  DeviceArray(DeviceMemory& memory, int64_t count)
      : memory_(&memory), count_(count), data_(static_cast<T*>(memory.allocate(bytes()))) {}

  // A copy of `host`; null where that is.
  DeviceArray(DeviceMemory& memory, const T* host, int64_t count) : DeviceArray(memory, host != nullptr ? count : 0) {
    if (count_ > 0) memory.copy_in(data_, host, bytes());
  }

  DeviceArray(DeviceArray&& other) noexcept { swap(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceArray() {
    if (data_ != nullptr) memory_->release(data_, bytes());
  }

  T* data() const { return data_; }
  int64_t count() const { return count_; }

  // Nothing where the host wants none.
  void copy_to(T* host) const {
    if (host != nullptr && count_ > 0) memory_->copy_out(host, data_, bytes());
  }

 private:
  uint64_t bytes() const { return static_cast<uint64_t>(count_) * sizeof(T); }

  void swap(DeviceArray& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(count_, other.count_);
    std::swap(data_, other.data_);
  }

  DeviceMemory* memory_ = nullptr;
  int64_t count_ = 0;
  T* data_ = nullptr;
};

}  // namespace px::cuda
