// reduce: sums over the rows of a matrix, added to what is there: the gradient of a bias.
//
//   to[c] += sum_n x[n, first + c]
//
// Shapes: x [N, stride]. Traffic per element: 4 bytes in, 2 of bf16. A column is added in double from the first row to
// the last, so that its bits do not depend on the threads.
#pragma once

#include <cstdint>

#include "base/cpu.h"

namespace px::kernels {

// One of x and x_bf16 is given.
void add_column_sums(const Cpu& cpu, const float* x, const uint16_t* x_bf16, int64_t rows, int64_t stride,
                     int64_t first, int64_t columns, float* to);

}  // namespace px::kernels
