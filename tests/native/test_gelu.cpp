// gelu in both forms against the formulae in double on every level, the slope against central differences.
#include <numbers>

#include "layer_test.h"

using namespace px::test;

namespace {

class Gelu : public LayerTest {};
PX_ON_EVERY_LEVEL(Gelu);

double plain(double x, uint32_t flags) {
  if (flags == PX_GELU_ERF) return x * std::erfc(-x / std::numbers::sqrt2) / 2;
  const double u = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  // (1 + tanh(u)) / 2 without its cancellation for negative u.
  return x / (1 + std::exp(-2 * u));
}

std::vector<float> many_numbers() {
  std::vector<float> x{0.0f, -0.0f, 1e-30f, -1e-30f, 1e-7f, 1e4f, 3e38f};
  for (double value = -14; value <= 14; value += 0.00137) x.push_back(static_cast<float>(value));
  return x;
}

px_gelu_args args_of(const std::vector<float>& x, uint32_t flags, float* out, uint16_t* out_bf16) {
  auto a = make_args<px_gelu_args>();
  a.flags = flags;
  a.count = static_cast<int64_t>(x.size());
  a.x = x.data();
  a.out = out;
  a.out_bf16 = out_bf16;
  return a;
}

TEST_P(Gelu, EqualsBothFormulae) {
  for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_GELU_ERF)}) {
    std::vector<float> x = many_numbers(), out = nans(static_cast<int64_t>(x.size()));
    std::vector<uint16_t> out_bf16(x.size()), alone(x.size());
    px_gelu_args args = args_of(x, flags, out.data(), out_bf16.data());
    ASSERT_EQ(px_gelu_f32(engine(), &args), PX_OK) << last_error();
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = plain(x[i], flags);
      // The tanh formula's exponent grows with x^3, and what its rounding loses with it.
      const double relative = flags == 0 && x[i] < -3 ? 2e-5 : 8e-7;
      ASSERT_NEAR(out[i], expected, relative * std::abs(expected) + 1e-36) << x[i] << " flags " << flags;
    }
    EXPECT_EQ(out_bf16, rounded(out));
    args.out = nullptr;
    args.out_bf16 = alone.data();
    ASSERT_EQ(px_gelu_f32(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(alone, out_bf16);
    args.out = x.data();
    ASSERT_EQ(px_gelu_f32(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(x, out) << "in its place";
  }
}

TEST_P(Gelu, TakesManySizesAndEachElementByItself) {
  const std::vector<float> all = random_floats(100003, 1, -5, 5);
  for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_GELU_ERF)}) {
    std::vector<float> expected(all.size());
    const px_gelu_args whole = args_of(all, flags, expected.data(), nullptr);
    ASSERT_EQ(px_gelu_f32(engine(), &whole), PX_OK);
    for (const int64_t n : {0, 1, 3, 15, 16, 17, 63, 8192, 8193}) {
      const std::vector<float> x(all.end() - n, all.end());
      std::vector<float> out = nans(n);
      const px_gelu_args args = args_of(x, flags, out.data(), nullptr);
      ASSERT_EQ(px_gelu_f32(engine(), &args), PX_OK) << last_error();
      EXPECT_EQ(out, std::vector<float>(expected.end() - n, expected.end())) << n;
    }
  }
}

TEST_P(Gelu, TakesBf16AsTheFloatsThatItStandsFor) {
  const std::vector<uint16_t> bits = rounded(random_floats(8195, 1, -9, 9));
  const auto n = static_cast<int64_t>(bits.size());
  std::vector<float> x;
  for (const uint16_t b : bits) x.push_back(px::from_bf16(b));
  const std::vector<float> d_out = random_floats(n, 2, -2, 2);
  const auto run = [&](uint32_t flags, bool as_bits) {
    std::vector<float> out = nans(n), d_x = nans(n);
    px_gelu_args forward = args_of(x, flags, out.data(), nullptr);
    auto backward = make_args<px_gelu_backward_args>();
    backward.flags = flags;
    backward.count = n;
    backward.x = x.data();
    backward.d_out = d_out.data();
    backward.d_x = d_x.data();
    if (as_bits) {
      forward.x = backward.x = nullptr;
      forward.x_bf16 = backward.x_bf16 = bits.data();
    }
    EXPECT_EQ(px_gelu_f32(engine(), &forward), PX_OK) << last_error();
    EXPECT_EQ(px_gelu_backward_f32(engine(), &backward), PX_OK) << last_error();
    out.insert(out.end(), d_x.begin(), d_x.end());
    return out;
  };
  for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_GELU_ERF)}) EXPECT_EQ(run(flags, true), run(flags, false));
}

TEST_P(Gelu, SlopesEqualCentralDifferences) {
  for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_GELU_ERF)}) {
    std::vector<float> x = random_floats(700, 1, -9, 9), d_out = random_floats(700, 2, -2, 2), d_x = nans(700);
    x[0] = 0;
    x[1] = 1e4f;
    x[2] = -1e4f;
    std::vector<uint16_t> d_x_bf16(700), alone(700);
    auto a = make_args<px_gelu_backward_args>();
    a.flags = flags;
    a.count = 700;
    a.x = x.data();
    a.d_out = d_out.data();
    a.d_x = d_x.data();
    a.d_x_bf16 = d_x_bf16.data();
    ASSERT_EQ(px_gelu_backward_f32(engine(), &a), PX_OK) << last_error();
    for (size_t i = 0; i < x.size(); ++i) {
      const double slope = (plain(x[i] + 1e-5, flags) - plain(x[i] - 1e-5, flags)) / 2e-5;
      ASSERT_NEAR(d_x[i], d_out[i] * slope, 1e-6 * std::max(1.0, std::abs(d_out[i] * slope))) << x[i] << " flags " << flags;
    }
    EXPECT_EQ(d_x_bf16, rounded(d_x));
    a.d_x = nullptr;
    a.d_x_bf16 = alone.data();
    ASSERT_EQ(px_gelu_backward_f32(engine(), &a), PX_OK) << last_error();
    EXPECT_EQ(alone, d_x_bf16);
    a.d_x = d_out.data();
    ASSERT_EQ(px_gelu_backward_f32(engine(), &a), PX_OK) << last_error();
    EXPECT_EQ(d_out, d_x) << "in its place";
  }
}

TEST_P(Gelu, WhatIsNotFiniteStaysInItsElement) {
  for (const uint32_t flags : {0u, static_cast<uint32_t>(PX_GELU_ERF)}) {
    std::vector<float> x(40, 1.0f), out = nans(40);
    x[5] = kNan;
    x[6] = kInf;
    x[7] = -3e38f;
    const px_gelu_args args = args_of(x, flags, out.data(), nullptr);
    ASSERT_EQ(px_gelu_f32(engine(), &args), PX_OK) << last_error();
    EXPECT_TRUE(std::isnan(out[5]));
    EXPECT_EQ(out[6], kInf);
    EXPECT_EQ(out[7], 0);
    for (const size_t i : {0, 4, 8, 39}) EXPECT_NEAR(out[i], plain(1, flags), 1e-6);
  }
}

using GeluArguments = KernelTest;

TEST_F(GeluArguments, BadOnesAreRefused) {
  std::vector<float> values(4);
  const px_gelu_args good = args_of(values, 0, values.data(), nullptr);
  const auto status = [&](auto&& change, const char* named) {
    px_gelu_args args = good;
    change(args);
    const px_status result = px_gelu_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_gelu_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_gelu_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "args.x"), PX_INVALID_ARGUMENT);
  const uint16_t bits[8] = {};
  EXPECT_EQ(status([&](auto& a) { a.x_bf16 = bits; }, "args.x"), PX_INVALID_ARGUMENT) << "both";
  EXPECT_EQ(status([](auto& a) { a.out = nullptr; }, "out"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }, "count"), PX_INVALID_ARGUMENT);
}

TEST_F(GeluArguments, BadOnesOfTheBackwardPassAreRefused) {
  std::vector<float> values(4);
  auto good = make_args<px_gelu_backward_args>();
  good.count = 4;
  good.x = good.d_out = good.d_x = values.data();
  const auto status = [&](auto&& change, const char* named) {
    px_gelu_backward_args args = good;
    change(args);
    const px_status result = px_gelu_backward_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_gelu_backward_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_gelu_backward_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "args.x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_out = nullptr; }, "args.d_out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_x = nullptr; }, "d_x"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }, "count"), PX_INVALID_ARGUMENT);
}

}  // namespace
