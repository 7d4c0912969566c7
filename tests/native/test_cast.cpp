// cast on every level: ties, NaN, infinities, subnormal numbers; there and back.
#include <bit>

#include "layer_test.h"

using namespace px::test;

namespace {

class Cast : public LayerTest {
 protected:
  std::vector<uint16_t> to_bf16(const std::vector<float>& x) {
    std::vector<uint16_t> out(x.size());
    EXPECT_EQ(px_cast_f32_to_bf16(engine(), x.data(), static_cast<int64_t>(x.size()), out.data()), PX_OK) << last_error();
    return out;
  }

  std::vector<float> to_f32(const std::vector<uint16_t>& x) {
    std::vector<float> out(x.size());
    EXPECT_EQ(px_cast_bf16_to_f32(engine(), x.data(), static_cast<int64_t>(x.size()), out.data()), PX_OK) << last_error();
    return out;
  }
};
PX_ON_EVERY_LEVEL(Cast);

float of_bits(uint32_t bits) { return std::bit_cast<float>(bits); }

TEST_P(Cast, RoundsToTheNearestAndTiesToEven) {
  const std::vector<std::pair<uint32_t, uint16_t>> cases{
      {0x3F800000, 0x3F80}, {0x3F808000, 0x3F80}, {0x3F808001, 0x3F81}, {0x3F818000, 0x3F82}, {0x3F817FFF, 0x3F81},
      {0xBF808000, 0xBF80}, {0x00000000, 0x0000}, {0x80000000, 0x8000}, {0x00000001, 0x0000}, {0x00008001, 0x0001},
      {0x00018000, 0x0002}, {0x007FFFFF, 0x0080}, {0x7F7F7FFF, 0x7F7F}, {0x7F7FFFFF, 0x7F80}, {0x7F800000, 0x7F80},
      {0xFF800000, 0xFF80}, {0x7FC00000, 0x7FC0}, {0x7F800001, 0x7FC0}, {0xFFFFFFFF, 0xFFFF}, {0xFFA12345, 0xFFE1}};
  for (size_t before : {0, 1, 15, 16, 17}) {
    std::vector<float> x(before, 1.0f);
    std::vector<uint16_t> expected(before, 0x3F80);
    for (const auto& [bits, rounded_bits] : cases) x.push_back(of_bits(bits)), expected.push_back(rounded_bits);
    EXPECT_EQ(to_bf16(x), expected);
  }
}

TEST_P(Cast, EveryBf16KeepsItsBitsThereAndBack) {
  std::vector<uint16_t> all(65536);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
  const std::vector<float> wide = to_f32(all);
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(std::bit_cast<uint32_t>(wide[i]), static_cast<uint32_t>(i) << 16);
  std::vector<uint16_t> expected(all);
  for (uint16_t& bits : expected)
    if ((bits & 0x7FFF) > 0x7F80) bits |= 0x40;  // quiet
  EXPECT_EQ(to_bf16(wide), expected);
}

TEST_P(Cast, TakesManyBitPatternsAndSizes) {
  for (const int64_t n : {0, 1, 3, 15, 16, 17, 63, 8192, 8193, 100003}) {
    std::mt19937 random(static_cast<uint32_t>(n));
    std::vector<float> x;
    std::vector<uint16_t> expected;
    for (int64_t i = 0; i < n; ++i) {
      x.push_back(of_bits(static_cast<uint32_t>(random())));
      expected.push_back(px::to_bf16(x.back()));
    }
    EXPECT_EQ(to_bf16(x), expected) << n;
  }
}

using CastArguments = KernelTest;

TEST_F(CastArguments, BadOnesAreRefused) {
  float wide = 0;
  uint16_t narrow = 0;
  EXPECT_EQ(px_cast_f32_to_bf16(nullptr, &wide, 1, &narrow), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_cast_f32_to_bf16(engine_, nullptr, 1, &narrow), PX_INVALID_ARGUMENT);
  expect_error_with("x");
  EXPECT_EQ(px_cast_f32_to_bf16(engine_, &wide, 1, nullptr), PX_INVALID_ARGUMENT);
  expect_error_with("out");
  EXPECT_EQ(px_cast_bf16_to_f32(nullptr, &narrow, 1, &wide), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_cast_bf16_to_f32(engine_, nullptr, 1, &wide), PX_INVALID_ARGUMENT);
  expect_error_with("x");
  EXPECT_EQ(px_cast_bf16_to_f32(engine_, &narrow, 1, nullptr), PX_INVALID_ARGUMENT);
  expect_error_with("out");
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(px_cast_f32_to_bf16(engine_, &wide, count, &narrow), PX_INVALID_ARGUMENT) << count;
    EXPECT_EQ(px_cast_bf16_to_f32(engine_, &narrow, count, &wide), PX_INVALID_ARGUMENT) << count;
  }
  EXPECT_EQ(px_cast_f32_to_bf16(engine_, nullptr, 0, nullptr), PX_OK);
}

}  // namespace
