// bfloat16 and half precision: every 16-bit number, and rounding against an oracle in double.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/float16.h"

namespace {

using px::from_bf16;
using px::from_f16;
using px::to_bf16;
using px::to_f16;

// What the bits mean, in double: exponent bits `exponent`, fraction bits `fraction`.
double value_of(uint16_t bits, int exponent, int fraction) {
  const int field = (bits >> fraction) & ((1 << exponent) - 1);
  const int mantissa = bits & ((1 << fraction) - 1);
  const int bias = (1 << (exponent - 1)) - 1;
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (field == (1 << exponent) - 1) return mantissa == 0 ? sign * INFINITY : NAN;
  if (field == 0) return sign * std::ldexp(mantissa, 1 - bias - fraction);
  return sign * std::ldexp((1 << fraction) + mantissa, field - bias - fraction);
}

struct Format {
  const char* name;
  int exponent;
  int fraction;
  float (*decode)(uint16_t);
  uint16_t (*encode)(float);
};

class Float16 : public testing::TestWithParam<Format> {};

TEST_P(Float16, DecodesAndEncodesEveryNumber) {
  const Format f = GetParam();
  for (uint32_t i = 0; i <= 0xffff; ++i) {
    const auto bits = static_cast<uint16_t>(i);
    const double expected = value_of(bits, f.exponent, f.fraction);
    const float got = f.decode(bits);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(got)) << bits;
      EXPECT_TRUE(std::isnan(f.decode(f.encode(got)))) << bits;
    } else {
      ASSERT_EQ(got, expected) << bits;
      ASSERT_EQ(f.encode(got), bits) << got;
    }
  }
}

// Between each number and the next: nearer below, nearer above, and the middle to the even one.
TEST_P(Float16, RoundsToNearestEven) {
  const Format f = GetParam();
  const auto infinity = static_cast<uint16_t>(((1 << f.exponent) - 1) << f.fraction);
  for (uint16_t bits = 0; bits < infinity; ++bits) {
    const auto next = static_cast<uint16_t>(bits + 1);
    // Beyond the largest number the next one would be where infinity stands.
    const double above = next == infinity ? 2.0 * f.decode(bits) - f.decode(static_cast<uint16_t>(bits - 1))
                                          : static_cast<double>(f.decode(next));
    const auto middle = static_cast<float>((f.decode(bits) + above) / 2.0);
    const uint16_t even = bits % 2 == 0 ? bits : next;
    ASSERT_EQ(f.encode(middle), even) << bits;
    ASSERT_EQ(f.encode(-middle), even | 0x8000) << bits;
    ASSERT_EQ(f.encode(std::nextafter(middle, 0.0f)), bits) << bits;
    ASSERT_EQ(f.encode(std::nextafter(middle, INFINITY)), next) << bits;
  }
  EXPECT_EQ(f.encode(std::numeric_limits<float>::max()), infinity);
  EXPECT_EQ(f.encode(-INFINITY), infinity | 0x8000);
}

INSTANTIATE_TEST_SUITE_P(Formats, Float16,
                         testing::Values(Format{"bf16", 8, 7, from_bf16, to_bf16},
                                         Format{"f16", 5, 10, from_f16, to_f16}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
