// How a scalar head starts that no file holds.
#pragma once

#include <cstdint>
#include <span>

namespace px {

// N(0, 1 / (H + 1)), as reward heads start (Stiennon et al., arXiv 2009.01325): values [H]. Stream 0 of the seed, see
// normal_fill.h.
void fill_normal_head(std::span<float> values, uint64_t seed);

}  // namespace px
