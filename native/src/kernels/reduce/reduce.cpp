#include "kernels/reduce/reduce.h"

#include <algorithm>

#include "base/float16.h"

namespace px::kernels {
namespace {

// Columns of a turn: their sums stay in registers and the first cache.
constexpr int64_t kColumns = 64;

template <class ValueAt>
void add(int64_t rows, int64_t columns, float* to, ValueAt value) {
  double sums[kColumns] = {};
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t c = 0; c < columns; ++c) sums[c] += value(n, c);
  for (int64_t c = 0; c < columns; ++c) to[c] = static_cast<float>(to[c] + sums[c]);
}

}  // namespace

void add_column_sums(const Cpu& cpu, const float* x, const uint16_t* x_bf16, int64_t rows, int64_t stride,
                     int64_t first, int64_t columns, float* to) {
  cpu.pool.for_each((columns + kColumns - 1) / kColumns, [&](int64_t turn) noexcept {
    const int64_t begin = turn * kColumns;
    const int64_t count = std::min(kColumns, columns - begin);
    const int64_t at = first + begin;
    if (x != nullptr)
      add(rows, count, to + begin, [&](int64_t n, int64_t c) { return double{x[n * stride + at + c]}; });
    else
      add(rows, count, to + begin,
          [&](int64_t n, int64_t c) { return double{from_bf16(x_bf16[n * stride + at + c])}; });
  });
}

}  // namespace px::kernels
