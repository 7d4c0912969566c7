// Arrays beyond the caches: asking memory ahead of the loads, and stores that pass the caches by. Include after
// foreach_target.h.
#if defined(PROXIMAL_STREAM_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_STREAM_INL_H
#undef PROXIMAL_STREAM_INL_H
#else
#define PROXIMAL_STREAM_INL_H
#endif

#include <hwy/cache_control.h>

#include <algorithm>
#include <limits>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Elements between what is computed and what is asked for meanwhile, a piece. A vector's arithmetic fills the processor's
// window, so that loads alone reach only some lines ahead; and the hardware's own guesses end with the page. Asking is
// spread over the passes that compute: asked for at once, a piece's lines wait for each other.
inline constexpr int64_t kAhead = 512;

// Asks for what stands `distance` elements from element i, in the array or behind its end.
template <class T>
HWY_INLINE void ahead(const T* array, int64_t i, int64_t distance = kAhead) {
  if (array != nullptr)
    hwy::Prefetch(reinterpret_cast<const T*>(reinterpret_cast<uintptr_t>(array) +
                                             static_cast<uintptr_t>(i + distance) * sizeof(T)));
}

// Arrays of this many elements are written past the caches: of 16 MB little would be left there for their reader, and
// a line that is not read first before it is written saves a third to a half of the traffic.
inline constexpr int64_t kStreamed = int64_t{1} << 22;

// Copies with stores that pass the caches by; the cache lines at both ends, which others may write to, without.
HWY_INLINE void stream(const float* from, float* to, int64_t n) {
  const hn::ScalableTag<float> line;
  const auto lanes = static_cast<int64_t>(hn::Lanes(line));
  constexpr uintptr_t kLine = 64;
  const auto off = static_cast<int64_t>((kLine - reinterpret_cast<uintptr_t>(to) % kLine) % kLine / sizeof(float));
  int64_t i = std::min(n, off);
  std::copy_n(from, i, to);
  for (; i + 16 <= n; i += 16)
    for (int64_t j = i; j < i + 16; j += lanes) hn::Stream(hn::LoadU(line, from + j), line, to + j);
  std::copy_n(from + i, n - i, to + i);
}

// An output [n] that is written from its first element to its last in pieces, into place or by way of a buffer.
class Output {
 public:
  static constexpr int64_t kPiece = kAhead;

  HWY_INLINE Output(float* to, int64_t n) : to_(to), streams_(to != nullptr && n >= kStreamed) {}
  HWY_INLINE ~Output() {
    if (streams_) hwy::FlushStream();
  }

  // Where the piece that begins at element `begin` is to be put; null if there is no output.
  HWY_INLINE float* open(int64_t begin) {
    begin_ = begin;
    return streams_ ? buffer_ : at(to_, begin);
  }

  // Its n elements are there.
  HWY_INLINE void close(int64_t n) const {
    if (streams_) stream(buffer_, to_ + begin_, n);
  }

 private:
  float* const to_;
  const bool streams_;
  int64_t begin_ = 0;
  HWY_ALIGN float buffer_[kPiece];
};

// An output [n] that is written from its last element to its first.
class BackwardOutput {
 public:
  HWY_INLINE BackwardOutput(float* to, int64_t n) : to_(to), streams_(to != nullptr && n >= kStreamed) {}
  HWY_INLINE ~BackwardOutput() {
    if (!streams_) return;
    flush();
    hwy::FlushStream();
  }

  // How many elements before `end` have a place at once; at least a vector.
  HWY_INLINE int64_t room(int64_t end) const {
    if (!streams_ || end != bottom_ || used() > kSize - kLanes) return streams_ ? kSize : end;
    return kSize - used();
  }

  // Where the n elements that end before `end` are to be put, n at most room(end); null if there is no output.
  HWY_INLINE float* open(int64_t end, int64_t n) {
    if (!streams_) return at(to_, end - n);
    if (end != bottom_ || used() + n > kSize) {
      flush();
      top_ = bottom_ = end;
    }
    bottom_ -= n;
    return buffer_ + (kSize - used());
  }

 private:
  static constexpr int64_t kSize = Output::kPiece;

  int64_t used() const { return top_ - bottom_; }
  HWY_INLINE void flush() const { stream(buffer_ + (kSize - used()), to_ + bottom_, used()); }

  float* const to_;
  const bool streams_;
  int64_t top_ = 0, bottom_ = 0;  // the elements bottom_..top_-1 stand at the end of the buffer
  HWY_ALIGN float buffer_[kSize];
};

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
