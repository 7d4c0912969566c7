#include "model/normal_fill.h"

#include <cmath>
#include <numbers>

#include "base/philox.h"

namespace px {
namespace {

// 53 random bits as a number in (0, 1].
double unit_interval(uint32_t high, uint32_t low) {
  const uint64_t bits = (static_cast<uint64_t>(high) << 32 | low) >> 11;
  return (static_cast<double>(bits) + 1.0) * 0x1p-53;
}

}  // namespace

void fill_normal(std::span<float> values, double deviation, uint64_t seed, uint32_t stream) {
  const PhiloxKey key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  for (size_t i = 0; i < values.size(); i += 2) {
    const uint64_t pair = i / 2;
    const PhiloxBlock block =
        philox4x32(key, {static_cast<uint32_t>(pair), static_cast<uint32_t>(pair >> 32), stream, 0});
    const double radius = std::sqrt(-2.0 * std::log(unit_interval(block[0], block[1])));
    const double angle = 2.0 * std::numbers::pi * unit_interval(block[2], block[3]);
    values[i] = static_cast<float>(deviation * radius * std::cos(angle));
    if (i + 1 < values.size()) values[i + 1] = static_cast<float>(deviation * radius * std::sin(angle));
  }
}

}  // namespace px
