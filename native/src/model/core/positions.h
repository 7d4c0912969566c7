// Cosines and sines by position, made as far as they have been asked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/descriptor.h"
#include "ops/memory.h"

namespace px::core {

class PositionTable {
 public:
  PositionTable(Ops& ops, const Descriptor& descriptor);

  // Checks positions against the model's context and makes the table long enough.
  void prepare(std::span<const int32_t> positions);

  int64_t count() const { return count_; }   // P
  const float* cos() const { return cos_; }  // [P, D / 2] in the memory of the ops
  const float* sin() const { return sin_; }  // [P, D / 2] likewise

 private:
  void grow(int64_t positions);

  Ops& ops_;
  bool rotary_;
  double factor_;
  int64_t context_;
  std::vector<double> frequencies_;  // [D / 2] radians a position
  int64_t count_ = 0;
  Buffer tables_;
  const float* cos_ = nullptr;
  const float* sin_ = nullptr;
};

}  // namespace px::core
