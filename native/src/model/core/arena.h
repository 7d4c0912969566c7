// Memory that grows to what a pass needs and stays for the next one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace px::core {

// A block that begins at a cache line; kept while it is large enough.
class Buffer {
 public:
  // At least `bytes`, with what they hold undefined.
  std::byte* reserve(uint64_t bytes) {
    if (bytes <= size_) return memory_.get();
    memory_.reset();
    size_ = 0;
    const uint64_t rounded = (bytes + kLine - 1) / kLine * kLine;
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kLine, rounded)));
    if (memory_ == nullptr) throw std::bad_alloc();
    size_ = rounded;
    return memory_.get();
  }

  uint64_t bytes() const { return size_; }

 private:
  static constexpr uint64_t kLine = 64;
  struct Free {
    void operator()(std::byte* memory) const noexcept { std::free(memory); }
  };

  std::unique_ptr<std::byte, Free> memory_;
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

  uint64_t bytes() const { return used_; }

 private:
  std::byte* memory_;
  uint64_t used_ = 0;
};

}  // namespace px::core
