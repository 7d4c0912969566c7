// Cosines and sines by position, made as far as they have been asked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/descriptor.h"

namespace px::core {

class PositionTable {
 public:
  explicit PositionTable(const Descriptor& descriptor);

  // Checks positions against the model's context and makes the table long enough.
  void prepare(std::span<const int32_t> positions);

  int64_t count() const { return count_; }          // P
  const float* cos() const { return cos_.data(); }  // [P, D / 2]
  const float* sin() const { return sin_.data(); }  // [P, D / 2]

 private:
  void grow(int64_t positions);

  bool rotary_;
  double factor_;
  int64_t context_;
  std::vector<double> frequencies_;  // [D / 2] radians a position
  int64_t count_ = 0;
  std::vector<float> cos_;
  std::vector<float> sin_;
};

}  // namespace px::core
