// Turns of threads over sequences of different lengths, and memory for the thread that has one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/pool.h"

namespace px::kernels {

// Numbers the turns of all sequences through: those of a sequence are neighbours.
class Turns {
 public:
  // Sequence s has of_sequence(s) turns; `ends` is memory for count + 1 numbers.
  template <class OfSequence>
  Turns(int64_t count, const OfSequence& of_sequence, int64_t* ends) : ends_(ends), count_(count) {
    ends[0] = 0;
    for (int64_t s = 0; s < count; ++s) ends[s + 1] = ends[s] + of_sequence(s);
  }

  int64_t count() const { return ends_[count_]; }

  struct Turn {
    int64_t sequence;
    int64_t turn;  // of the sequence's
  };

  Turn at(int64_t i) const {
    const int64_t s = std::upper_bound(ends_, ends_ + count_ + 1, i) - ends_ - 1;
    return {s, i - ends_[s]};
  }

 private:
  const int64_t* ends_;
  int64_t count_;
};

// run(take, memory) on every thread that gets a piece: take() gives it its next turn, from the last one of all down, -1 when
// none is left. No two that run at the same time have the same memory, of which there are pool.threads() pieces of `bytes`.
template <class Run>
void with_memory(Pool& pool, int64_t count, std::byte* memory, uint64_t bytes, const Run& run) {
  std::atomic<int64_t> left{count};
  pool.for_each(std::min<int64_t>(pool.threads(), count), [&](int64_t piece) noexcept {
    const auto take = [&] { return std::max<int64_t>(left.fetch_sub(1, std::memory_order_relaxed), 0) - 1; };
    run(take, memory + static_cast<uint64_t>(piece) * bytes);
  });
}

// body(i, memory) once for each i of 0..count-1.
template <class Body>
void for_each_with_memory(Pool& pool, int64_t count, std::byte* memory, uint64_t bytes, const Body& body) {
  with_memory(pool, count, memory, bytes, [&](const auto& take, std::byte* own) {
    for (int64_t i = take(); i >= 0; i = take()) body(i, own);
  });
}

// The same for short turns: body(i, next, memory), where `next` is the thread's next turn, -1 behind its last one.
template <class Body>
void for_each_with_next(Pool& pool, int64_t count, std::byte* memory, uint64_t bytes, const Body& body) {
  with_memory(pool, count, memory, bytes, [&](const auto& take, std::byte* own) {
    for (int64_t i = take(), next = 0; i >= 0; i = next) {
      next = take();
      body(i, next, own);
    }
  });
}

}  // namespace px::kernels
