// The two orders in which checkpoints keep the rows of query and key projections.
#pragma once

#include <cstdint>

namespace px {

// llama2.c and llama.cpp rotate neighbours (2j, 2j + 1); transformers rotates (j, D/2 + j). Moves the rows of a query
// or key projection [heads * size, width] (a bias: width 1) from the first order to the second, in place.
void split_rotary_halves(float* rows, int64_t heads, int64_t size, int64_t width);

// The way back: from the second order to the first.
void join_rotary_neighbours(float* rows, int64_t heads, int64_t size, int64_t width);

}  // namespace px
