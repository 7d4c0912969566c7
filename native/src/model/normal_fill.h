// Normally distributed parameters from a seed.
#pragma once

#include <cstdint>
#include <span>

namespace px {

// N(0, deviation^2). The same seed and stream give the same numbers everywhere: Philox4x32-10 with the seed as its key
// and the stream in its counter, Box-Muller in double. Streams of one seed are independent of each other.
void fill_normal(std::span<float> values, double deviation, uint64_t seed, uint32_t stream);

}  // namespace px
