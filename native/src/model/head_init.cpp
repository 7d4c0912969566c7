#include "model/head_init.h"

#include <cmath>

#include "model/normal_fill.h"

namespace px {

void fill_normal_head(std::span<float> values, uint64_t seed) {
  fill_normal(values, 1.0 / std::sqrt(static_cast<double>(values.size()) + 1.0), seed, 0);
}

}  // namespace px
