// Sums over the rows of a matrix, as gradients of weights are: each block of rows has sums of its own, which are then
// added in the order of blocks, so that they are the same for any number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/blocks.h"

namespace px::kernels {

// Workspace for `sums` sums over [rows, columns].
inline uint64_t row_sums_bytes(int64_t rows, int64_t columns, int64_t sums) {
  return static_cast<uint64_t>(RowBlocks(rows, columns).count() * columns * sums) * sizeof(float);
}

// to[c] += the sums of all blocks, parts [blocks, stride].
inline void add_row_sums(const float* parts, int64_t blocks, int64_t stride, int64_t columns, float* to) {
  constexpr int64_t kColumns = 64;
  for (int64_t c = 0; c < columns; c += kColumns) {
    const int64_t n = std::min(kColumns, columns - c);
    // NUMERICS: what the blocks found is added in double and rounded once.
    double sums[kColumns];
    std::copy_n(to + c, n, sums);
    for (int64_t b = 0; b < blocks; ++b)
      for (int64_t i = 0; i < n; ++i) sums[i] += parts[b * stride + c + i];
    for (int64_t i = 0; i < n; ++i) to[c + i] = static_cast<float>(sums[i]);
  }
}

}  // namespace px::kernels
