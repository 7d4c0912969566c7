#include "model/formats/rotary_rows.h"

#include <algorithm>
#include <vector>

namespace px {

void split_rotary_halves(float* rows, int64_t heads, int64_t size, int64_t width) {
  std::vector<float> head(static_cast<size_t>(size * width));
  for (int64_t h = 0; h < heads; ++h) {
    float* first = rows + h * size * width;
    std::copy_n(first, size * width, head.data());
    for (int64_t j = 0; j < size / 2; ++j) {
      std::copy_n(head.data() + 2 * j * width, width, first + j * width);
      std::copy_n(head.data() + (2 * j + 1) * width, width, first + (size / 2 + j) * width);
    }
  }
}


void join_rotary_neighbours(float* rows, int64_t heads, int64_t size, int64_t width) {
  std::vector<float> head(static_cast<size_t>(size * width));
  for (int64_t h = 0; h < heads; ++h) {
    float* first = rows + h * size * width;
    std::copy_n(first, size * width, head.data());
    for (int64_t j = 0; j < size / 2; ++j) {
      std::copy_n(head.data() + j * width, width, first + 2 * j * width);
      std::copy_n(head.data() + (size / 2 + j) * width, width, first + (2 * j + 1) * width);
    }
  }
}

}  // namespace px
