// The frequencies of a rotary position embedding (Su et al., arXiv 2104.09864) and of its scalings.
#pragma once

#include <cstdint>
#include <vector>

#include "model/descriptor.h"

namespace px {

// [D / 2] radians a position, in double, as transformers' modeling_rope_utils computes them.
std::vector<double> rope_frequencies(const Rope& rope, int64_t head_size);

}  // namespace px
