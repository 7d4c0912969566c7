// What a token's place in its sequence means: rows of the rotary tables, or of the learned embedding.
// Rotary position embedding (Su et al., arXiv 2104.09864) in the half-split form of Hugging Face checkpoints.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "model/descriptor.h"

namespace px::torch_backend {

// Rows of the tables for N tokens: out = x * cos + roll(x, D / 2) * sin, the first half of sin negated.
struct Rotation {
  at::Tensor cos;  // [N, 1, D]
  at::Tensor sin;  // [N, 1, D]
};

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation);  // x [N, heads, D]

// Of N tokens.
struct Places {
  at::Tensor index;   // [N] int64
  Rotation rotation;  // undefined where positions are learned
};

// Cosines and sines by position, made in double and kept as far as positions have been seen.
class PositionTable {
 public:
  explicit PositionTable(const Descriptor& descriptor);
  bool serves(const Descriptor& descriptor) const;
  Places places(std::span<const int32_t> positions);

 private:
  void grow(int64_t positions);

  PositionKind kind_;
  Rope rope_;
  int64_t head_size_;
  int64_t context_;
  std::vector<double> frequencies_;  // [D / 2] radians a position
  at::Tensor cos_;                   // [positions, D]
  at::Tensor sin_;
};

}  // namespace px::torch_backend
