// How a scalar head starts that no file holds.
#pragma once

#include <cstdint>
#include <span>

namespace px {

// N(0, 1 / (H + 1)), as reward heads start (Stiennon et al., arXiv 2009.01325): values [H]. The same seed gives the
// same numbers everywhere: Philox4x32-10 with the seed as its key, Box-Muller in double.
void fill_normal_head(std::span<float> values, uint64_t seed);

}  // namespace px
