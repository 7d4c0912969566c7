#include "torch/rope.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/roll.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "torch/tensors.h"

namespace px::torch_backend {
namespace {

// Llama 3.1: long wavelengths are divided by the factor, short ones kept, those between blended.
double llama3_frequency(double frequency, const Rope& rope) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double original = static_cast<double>(rope.original_context);
  if (wavelength < original / rope.high_frequency_factor) return frequency;
  if (wavelength > original / rope.low_frequency_factor) return frequency / rope.factor;
  const double smooth =
      (original / wavelength - rope.low_frequency_factor) / (rope.high_frequency_factor - rope.low_frequency_factor);
  return (1.0 - smooth) * frequency / rope.factor + smooth * frequency;
}

double scaled_frequency(double frequency, const Rope& rope) {
  switch (rope.scaling) {
    case RopeScaling::kNone:
      return frequency;
    case RopeScaling::kLinear:
      return frequency / rope.factor;
    case RopeScaling::kLlama3:
      return llama3_frequency(frequency, rope);
  }
  fail(PX_INTERNAL, "rope: unknown scaling");
}

bool same(const Rope& a, const Rope& b) {
  return a.theta == b.theta && a.scaling == b.scaling && a.factor == b.factor &&
         a.low_frequency_factor == b.low_frequency_factor && a.high_frequency_factor == b.high_frequency_factor &&
         a.original_context == b.original_context;
}

}  // namespace

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) {
  return at::addcmul(x * rotation.cos, at::roll(x, {x.size(2) / 2}, {2}), rotation.sin);
}

RotaryTable::RotaryTable(const Descriptor& descriptor)
    : rope_(descriptor.rope), head_size_(descriptor.head_size), context_(descriptor.context) {
  for (int64_t i = 0; i < head_size_ / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(head_size_);
    frequencies_.push_back(scaled_frequency(std::pow(rope_.theta, -exponent), rope_));
  }
  grow(std::min<int64_t>(context_, 256));
}

bool RotaryTable::serves(const Descriptor& descriptor) const {
  return head_size_ == descriptor.head_size && context_ == descriptor.context && same(rope_, descriptor.rope);
}

Rotation RotaryTable::rows(std::span<const int32_t> positions) {
  const auto [lowest, highest] = std::minmax_element(positions.begin(), positions.end());
  check(*lowest >= 0 && *highest < context_, PX_INVALID_ARGUMENT, "positions: expected 0 to ", context_ - 1,
        " (the model's context), got ", *lowest >= 0 ? *highest : *lowest);
  if (*highest >= cos_.size(0)) grow(std::min<int64_t>(context_, 2 * (int64_t{*highest} + 1)));
  const at::Tensor index = int64_tensor(positions);
  return {at::index_select(cos_, 0, index).unsqueeze(1), at::index_select(sin_, 0, index).unsqueeze(1)};
}

void RotaryTable::grow(int64_t positions) {
  cos_ = at::empty({positions, head_size_}, at::kFloat);
  sin_ = at::empty({positions, head_size_}, at::kFloat);
  float* cos = cos_.data_ptr<float>();
  float* sin = sin_.data_ptr<float>();
  const int64_t half = head_size_ / 2;
  for (int64_t p = 0; p < positions; ++p) {
    for (int64_t i = 0; i < half; ++i) {
      // NUMERICS: the angle in double: at position 100000 a float angle is off by 4e-3.
      const double angle = static_cast<double>(p) * frequencies_[static_cast<size_t>(i)];
      const auto c = static_cast<float>(std::cos(angle));
      const auto s = static_cast<float>(std::sin(angle));
      cos[p * head_size_ + i] = cos[p * head_size_ + half + i] = c;
      sin[p * head_size_ + i] = -s;
      sin[p * head_size_ + half + i] = s;
    }
  }
}

}  // namespace px::torch_backend
