#include "torch/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/roll.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/rope.h"
#include "torch/tensors.h"

namespace px::torch_backend {

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) {
  return at::addcmul(x * rotation.cos, at::roll(x, {x.size(2) / 2}, {2}), rotation.sin);
}

PositionTable::PositionTable(const Descriptor& descriptor)
    : kind_(descriptor.position),
      rope_(descriptor.rope),
      head_size_(descriptor.head_size),
      context_(descriptor.context) {
  if (kind_ != PositionKind::kRotary) return;
  frequencies_ = rope_frequencies(rope_, head_size_);
  grow(std::min<int64_t>(context_, 256));
}

bool PositionTable::serves(const Descriptor& descriptor) const {
  return kind_ == descriptor.position && head_size_ == descriptor.head_size && context_ == descriptor.context &&
         rope_ == descriptor.rope;
}

Places PositionTable::places(std::span<const int32_t> positions) {
  const auto [lowest, highest] = std::minmax_element(positions.begin(), positions.end());
  check(*lowest >= 0 && *highest < context_, PX_INVALID_ARGUMENT, "positions: expected 0 to ", context_ - 1,
        " (the model's context), got ", *lowest >= 0 ? *highest : *lowest);
  const at::Tensor index = int64_tensor(positions);
  if (kind_ != PositionKind::kRotary) return {index, {}};
  if (*highest >= cos_.size(0)) grow(std::min<int64_t>(context_, 2 * (int64_t{*highest} + 1)));
  return {index, {at::index_select(cos_, 0, index).unsqueeze(1), at::index_select(sin_, 0, index).unsqueeze(1)}};
}

void PositionTable::grow(int64_t positions) {
  cos_ = at::empty({positions, head_size_}, at::kFloat);
  sin_ = at::empty({positions, head_size_}, at::kFloat);
  float* cos = cos_.data_ptr<float>();
  float* sin = sin_.data_ptr<float>();
  const int64_t half = head_size_ / 2;
  for (int64_t p = 0; p < positions; ++p) {
    for (int64_t i = 0; i < half; ++i) {
      // NUMERICS: the angle in double: at position 100000 a float angle is off by 4e-3.
      const double angle = static_cast<double>(p) * frequencies_[static_cast<size_t>(i)];
      const auto c = static_cast<float>(std::cos(angle) * rope_.attention_factor);
      const auto s = static_cast<float>(std::sin(angle) * rope_.attention_factor);
      cos[p * head_size_ + i] = cos[p * head_size_ + half + i] = c;
      sin[p * head_size_ + i] = -s;
      sin[p * head_size_ + half + i] = s;
    }
  }
}

}  // namespace px::torch_backend
