#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace px {
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

// YaRN (Peng et al., arXiv 2309.00071): dimensions that turn more than beta_fast times within the original context are
// kept, those that turn less than beta_slow times divided by the factor, between them a linear ramp over dimensions.
class YarnRamp {
 public:
  YarnRamp(const Rope& rope, int64_t head_size) : rope_(rope), size_(static_cast<double>(head_size)) {
    double first = dimension_turning(rope.beta_fast);
    double last = dimension_turning(rope.beta_slow);
    if (rope.truncate) {
      first = std::floor(first);
      last = std::ceil(last);
    }
    first_ = std::max(first, 0.0);
    last_ = std::min(last, size_ - 1.0);
    if (first_ == last_) last_ += 0.001;
  }

  double scaled(double frequency, int64_t dimension) const {
    const double divided = std::clamp((static_cast<double>(dimension) - first_) / (last_ - first_), 0.0, 1.0);
    return frequency / rope_.factor * divided + frequency * (1.0 - divided);
  }

 private:
  // Which dimension turns so often within the original context.
  double dimension_turning(double rotations) const {
    const double original = static_cast<double>(rope_.original_context);
    return size_ * std::log(original / (rotations * 2.0 * std::numbers::pi)) / (2.0 * std::log(rope_.theta));
  }

  const Rope& rope_;
  double size_;
  double first_ = 0.0;
  double last_ = 0.0;
};

double scaled_frequency(double frequency, const Rope& rope, int64_t head_size, int64_t dimension) {
  switch (rope.scaling) {
    case RopeScaling::kNone:
    case RopeScaling::kDynamic:
      return frequency;
    case RopeScaling::kLinear:
      return frequency / rope.factor;
    case RopeScaling::kLlama3:
      return llama3_frequency(frequency, rope);
    case RopeScaling::kYarn:
      return YarnRamp(rope, head_size).scaled(frequency, dimension);
    case RopeScaling::kDivisors:
      return frequency / rope.divisors[static_cast<size_t>(dimension)];
  }
  fail(PX_INTERNAL, "rope: unknown scaling");
}

}  // namespace

std::vector<double> rope_frequencies(const Rope& rope, int64_t head_size) {
  std::vector<double> frequencies;
  for (int64_t i = 0; i < head_size / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(head_size);
    frequencies.push_back(scaled_frequency(std::pow(rope.theta, -exponent), rope, head_size, i));
  }
  return frequencies;
}

}  // namespace px
