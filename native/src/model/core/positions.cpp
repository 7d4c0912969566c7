#include "model/core/positions.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/rope.h"

namespace px::core {

PositionTable::PositionTable(Ops& ops, const Descriptor& descriptor)
    : ops_(ops),
      rotary_(descriptor.position == PositionKind::kRotary),
      factor_(descriptor.rope.attention_factor),
      context_(descriptor.context),
      tables_(ops) {
  if (rotary_) frequencies_ = rope_frequencies(descriptor.rope, descriptor.head_size);
}

void PositionTable::prepare(std::span<const int32_t> positions) {
  if (positions.empty()) return;
  const auto [lowest, highest] = std::ranges::minmax(positions);
  check(lowest >= 0 && highest < context_, PX_INVALID_ARGUMENT, "positions: expected 0 to ", context_ - 1,
        " (the model's context), got ", lowest >= 0 ? highest : lowest);
  if (rotary_ && highest >= count_) grow(std::min<int64_t>(context_, 2 * (int64_t{highest} + 1)));
}

void PositionTable::grow(int64_t positions) {
  std::vector<float> cos, sin;
  for (int64_t p = 0; p < positions; ++p)
    for (const double frequency : frequencies_) {
      // NUMERICS: the angle in double: at position 100000 a float angle is off by 4e-3.
      const double angle = static_cast<double>(p) * frequency;
      cos.push_back(static_cast<float>(std::cos(angle) * factor_));
      sin.push_back(static_cast<float>(std::sin(angle) * factor_));
    }
  count_ = 0;
  const Arrivals arrivals(ops_);
  const auto elements = static_cast<int64_t>(cos.size());
  auto* tables = tables_.reserve_of<float>(2 * elements);
  cos_ = copied<float>(ops_, cos, tables);
  sin_ = copied<float>(ops_, sin, tables + elements);
  count_ = positions;
}

}  // namespace px::core
