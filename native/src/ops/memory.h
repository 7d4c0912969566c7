// Memory of the ops: blocks that are kept from use to use, and arrays side by side in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "ops/ops.h"

namespace px {

// A block that grows to what is needed and stays; its bytes are undefined after it grew. Goes on the thread of the ops.
class Buffer {
 public:
  explicit Buffer(Ops& ops) : ops_(&ops) {}
  Buffer(Buffer&& other) noexcept : ops_(other.ops_) { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { free(); }

  // At least `bytes`.
  std::byte* reserve(uint64_t bytes) {
    if (bytes <= size_) return memory_;
    free();
    memory_ = ops_->allocate(bytes);
    size_ = bytes;
    return memory_;
  }

  template <class T>
  T* reserve_of(int64_t count) {
    return reinterpret_cast<T*>(reserve(static_cast<uint64_t>(count) * sizeof(T)));
  }

  void free() noexcept {
    if (memory_ != nullptr) ops_->release(memory_, size_);
    memory_ = nullptr;
    size_ = 0;
  }

  std::byte* data() const { return memory_; }
  uint64_t bytes() const { return size_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(ops_, other.ops_);
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
  }

  Ops* ops_;
  std::byte* memory_ = nullptr;
  uint64_t size_ = 0;
};

// Arrays that are planned first and then lie one behind the other: made twice by the same code, the first time without
// memory, to count.
class Plan {
 public:
  explicit Plan(std::byte* memory = nullptr) : memory_(memory) {}

  template <class T>
  T* take(int64_t count) {
    const uint64_t at = used_;
    used_ += (static_cast<uint64_t>(count) * sizeof(T) + 63) / 64 * 64;
    return memory_ != nullptr ? reinterpret_cast<T*>(memory_ + at) : nullptr;
  }

  Values take_values(int64_t count, px_dtype dtype) {
    return dtype == PX_DTYPE_F32 ? Values{take<float>(count), nullptr} : Values{nullptr, take<uint16_t>(count)};
  }

  uint64_t bytes() const { return used_; }

 private:
  std::byte* memory_;
  uint64_t used_ = 0;
};

// A copy of the host's values in memory that a plan gives.
template <class T>
const T* copied(Ops& ops, std::span<const T> host, T* to) {
  ops.copy_in(to, host.data(), host.size_bytes());
  return to;
}

// While one lives, its scope's arrays of the host may be on their way; they have arrived when it goes.
class Arrivals {
 public:
  explicit Arrivals(Ops& ops) : ops_(ops) {}
  ~Arrivals() { ops_.settle(); }
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

 private:
  Ops& ops_;
};

}  // namespace px
