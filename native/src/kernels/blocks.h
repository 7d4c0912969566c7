// How a kernel divides elements among threads.
#pragma once

#include <algorithm>
#include <cstdint>

namespace px::kernels {

// Ranges that depend on the number of elements alone: sums over a range, added in the order of ranges, are the same for
// any number of threads. Few enough for their results to lie on the stack.
class Blocks {
 public:
  static constexpr int64_t kMost = 64;

  explicit Blocks(int64_t elements) : elements_(elements), size_(kLeast) {
    // A whole number of cache lines in every array, whatever its element.
    if (elements > kMost * kLeast) size_ = (elements / kMost / kLine + 1) * kLine;
  }

  int64_t count() const { return (elements_ + size_ - 1) / size_; }
  int64_t begin(int64_t block) const { return block * size_; }
  int64_t end(int64_t block) const { return std::min(elements_, (block + 1) * size_); }

 private:
  // Below this the work is shorter than waking a thread.
  static constexpr int64_t kLeast = 8192;
  static constexpr int64_t kLine = 64;

  int64_t elements_;
  int64_t size_;
};

// The same over the rows of a matrix, each of which is computed by itself.
class RowBlocks {
 public:
  static constexpr int64_t kMost = Blocks::kMost;

  RowBlocks(int64_t rows, int64_t columns)
      : rows_(rows), size_(std::max((rows + kMost - 1) / kMost, (kLeast + columns - 1) / columns)) {}

  int64_t count() const { return (rows_ + size_ - 1) / size_; }
  int64_t begin(int64_t block) const { return block * size_; }
  int64_t end(int64_t block) const { return std::min(rows_, (block + 1) * size_); }

 private:
  static constexpr int64_t kLeast = 8192;  // elements, as above

  int64_t rows_;
  int64_t size_;
};

// The first of `pieces` that begins at `element` or behind it, `pieces` if none does; they lie end to end, piece p from
// begin_of(p) on. So that each belongs to the block in which it begins.
template <class BeginOf>
int64_t first_piece_from(int64_t element, int64_t pieces, const BeginOf& begin_of) {
  int64_t first = 0;
  for (int64_t last = pieces; first < last;) {
    const int64_t middle = first + (last - first) / 2;
    if (begin_of(middle) < element)
      first = middle + 1;
    else
      last = middle;
  }
  return first;
}

}  // namespace px::kernels
