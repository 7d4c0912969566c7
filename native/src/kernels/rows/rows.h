// rows: what a head takes of a matrix of hidden states, and a head of one column.
//
//   gather: to[i] = from[rows[i]]; add: to[rows[i]] += from[i]
//   scalar head: v[i] = x[rows[i]] . w; back: dx[i] = s[i] w, dw += sum_i s[i] x[rows[i]]
//
// Shapes: x [N, H], rows [n], w [H]. Traffic per element: 4 bytes in and 4 out.
// NUMERICS: sums in double, on the processor from the first addend to the last.
#pragma once

#include <cstdint>

namespace px::kernels {

// Rows of a matrix and a head [width] on them.
struct ScalarRows {
  const float* x = nullptr;  // [N, width]
  const int64_t* rows = nullptr;
  int64_t n = 0;
  int64_t width = 0;
  const float* head = nullptr;
};

// Rows of `bytes` each.
void gather_rows(const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to);
// No two of the rows are one.
void add_rows(const float* from, int64_t width, const int64_t* rows, int64_t n, float* to);
void scalar_head(const ScalarRows& args, float* values);
// d_x [n, width] is written, d_head is added to.
void scalar_head_backward(const ScalarRows& args, const float* slopes, float* d_x, float* d_head);

}  // namespace px::kernels
