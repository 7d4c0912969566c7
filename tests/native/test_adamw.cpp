// adamw against the update written out, bf16 shadows, defaults, and gradients that are not finite.
#include "kernel_test.h"

using namespace px::test;

namespace {

struct Range {
  explicit Range(int64_t n)
      : parameter(random_floats(n, 1, -1, 1)),
        gradient(random_floats(n, 2, -1, 1)),
        exp_avg(random_floats(n, 3, -0.1, 0.1)),
        exp_avg_sq(random_floats(n, 4, 0, 0.1)),
        shadow(static_cast<size_t>(n), 0) {}

  px_adamw_args args() {
    auto a = make_args<px_adamw_args>();
    a.count = static_cast<int64_t>(parameter.size());
    a.parameter = parameter.data();
    a.gradient = gradient.data();
    a.exp_avg = exp_avg.data();
    a.exp_avg_sq = exp_avg_sq.data();
    a.shadow = shadow.data();
    a.step = 3;
    a.learning_rate = 0.01;
    return a;
  }

  std::vector<float> parameter, gradient, exp_avg, exp_avg_sq;
  std::vector<uint16_t> shadow;
};

using AdamW = KernelTest;

TEST_F(AdamW, EqualsTheFormulaForManySizes) {
  for (const int64_t n : kSizes) {
    Range r(n);
    const Range before = r;
    px_adamw_args args = r.args();
    args.beta1 = 0.8;
    args.beta2 = 0.9;
    args.epsilon = 1e-3;
    args.weight_decay = 0.1;
    args.gradient_scale = 0.5;
    ASSERT_EQ(px_adamw_f32(engine_, &args), PX_OK) << last_error();
    for (size_t i = 0; i < r.parameter.size(); ++i) {
      const double g = 0.5 * before.gradient[i];
      const double m = 0.8 * before.exp_avg[i] + 0.2 * g;
      const double v = 0.9 * before.exp_avg_sq[i] + 0.1 * g * g;
      double p = before.parameter[i];
      p -= 0.01 * 0.1 * p;
      p -= 0.01 * (m / (1 - 0.8 * 0.8 * 0.8)) / (std::sqrt(v / (1 - 0.9 * 0.9 * 0.9)) + 1e-3);
      expect_close(r.exp_avg[i], m, 1e-7, "m");
      expect_close(r.exp_avg_sq[i], v, 1e-7, "v");
      expect_close(r.parameter[i], p, 1e-7, "p");
    }
  }
}

TEST_F(AdamW, TheFirstStepMovesByTheLearningRate) {
  // m / (1 - b1) = g and sqrt(v / (1 - b2)) = |g|, so that a large gradient moves by lr, whatever its size.
  float parameter = 1, exp_avg = 0, exp_avg_sq = 0;
  const float gradient = -1000;
  auto args = make_args<px_adamw_args>();
  args.count = 1;
  args.parameter = &parameter;
  args.gradient = &gradient;
  args.exp_avg = &exp_avg;
  args.exp_avg_sq = &exp_avg_sq;
  args.step = 1;
  args.learning_rate = 0.25;
  ASSERT_EQ(px_adamw_f32(engine_, &args), PX_OK) << last_error();
  EXPECT_NEAR(parameter, 1.25, 1e-6);
}

TEST_F(AdamW, ZerosMeanTheDocumentedDefaults) {
  Range a(31);
  Range b(31);
  const px_adamw_args by_default = a.args();
  px_adamw_args spelled = b.args();
  spelled.beta1 = 0.9;
  spelled.beta2 = 0.95;
  spelled.epsilon = 1e-5;
  spelled.gradient_scale = 1;
  ASSERT_EQ(px_adamw_f32(engine_, &by_default), PX_OK);
  ASSERT_EQ(px_adamw_f32(engine_, &spelled), PX_OK);
  EXPECT_EQ(a.parameter, b.parameter);
  EXPECT_EQ(a.exp_avg_sq, b.exp_avg_sq);
}

TEST_F(AdamW, ShadowIsTheParameterRoundedToNearestEven) {
  // bf16 steps by 2^-7 at 1: halfway cases go to the even neighbour; a carry reaches the exponent.
  const std::vector<float> values{1,           1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1.02p-8f, -1 - 3 * 0x1p-8f,
                                  2 - 0x1p-8f, 0,           3.4e38f};
  const std::vector<uint16_t> expected{0x3f80, 0x3f80, 0x3f82, 0x3f81, 0xbf82, 0x4000, 0, 0x7f80};
  std::vector<float> parameter = values, zeros(8, 0), exp_avg(8, 0), exp_avg_sq(8, 0);
  std::vector<uint16_t> shadow(8, 1);
  auto args = make_args<px_adamw_args>();
  args.count = 8;
  args.parameter = parameter.data();
  args.gradient = zeros.data();
  args.exp_avg = exp_avg.data();
  args.exp_avg_sq = exp_avg_sq.data();
  args.shadow = shadow.data();
  args.step = 1;
  args.learning_rate = 1;
  ASSERT_EQ(px_adamw_f32(engine_, &args), PX_OK) << last_error();
  EXPECT_EQ(parameter, values) << "a zero gradient without weight decay changes nothing";
  EXPECT_EQ(shadow, expected);
}

TEST_F(AdamW, AGradientThatIsNotFiniteChangesNothing) {
  for (const float bad : {kNan, kInf, -kInf}) {
    Range r(33);
    r.gradient[32] = bad;
    const Range before = r;
    const px_adamw_args args = r.args();
    EXPECT_EQ(px_adamw_f32(engine_, &args), PX_NOT_FINITE);
    expect_error_with("px_adamw_f32: gradient[32]");
    EXPECT_EQ(r.parameter, before.parameter);
    EXPECT_EQ(r.exp_avg, before.exp_avg);
    EXPECT_EQ(r.exp_avg_sq, before.exp_avg_sq);
    EXPECT_EQ(r.shadow, before.shadow);
  }
}

TEST_F(AdamW, RefusesBadArguments) {
  Range r(3);
  const px_adamw_args good = r.args();
  const auto status = [&](auto&& change) {
    px_adamw_args args = good;
    change(args);
    return px_adamw_f32(engine_, &args);
  };
  EXPECT_EQ(px_adamw_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_adamw_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 16; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.parameter = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.gradient = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.exp_avg = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.exp_avg_sq = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }), PX_INVALID_ARGUMENT) << count;
  for (const int64_t step : {int64_t{0}, int64_t{-1}})
    EXPECT_EQ(status([&](auto& a) { a.step = step; }), PX_INVALID_ARGUMENT);
  for (const double bad : {-1.0, double{kNan}}) {
    EXPECT_EQ(status([&](auto& a) { a.learning_rate = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.beta1 = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.beta2 = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.epsilon = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.weight_decay = bad; }), PX_INVALID_ARGUMENT);
  }
  EXPECT_EQ(status([](auto& a) { a.beta1 = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.gradient_scale = kInf; }), PX_INVALID_ARGUMENT);
}

using SquaredNorm = KernelTest;

TEST_F(SquaredNorm, SumsInDouble) {
  double sum = -1;
  const std::vector<float> x{3, 4, 0x1p100f};
  ASSERT_EQ(px_squared_norm_f32(engine_, x.data(), 2, &sum), PX_OK);
  EXPECT_EQ(sum, 25);
  ASSERT_EQ(px_squared_norm_f32(engine_, x.data(), 3, &sum), PX_OK);
  EXPECT_EQ(sum, 0x1p200);
  ASSERT_EQ(px_squared_norm_f32(engine_, nullptr, 0, &sum), PX_OK);
  EXPECT_EQ(sum, 0);
}

TEST_F(SquaredNorm, NamesWhatIsNotFiniteAndRefusesBadArguments) {
  double sum = -1;
  const std::vector<float> x{3, kNan};
  EXPECT_EQ(px_squared_norm_f32(engine_, x.data(), 2, &sum), PX_NOT_FINITE);
  expect_error_with("px_squared_norm_f32: x[1]");
  EXPECT_EQ(px_squared_norm_f32(nullptr, x.data(), 1, &sum), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_squared_norm_f32(engine_, nullptr, 1, &sum), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_squared_norm_f32(engine_, x.data(), 1, nullptr), PX_INVALID_ARGUMENT);
  for (const int64_t n : kAbsurdCounts) EXPECT_EQ(px_squared_norm_f32(engine_, x.data(), n, &sum), PX_INVALID_ARGUMENT);
  EXPECT_EQ(sum, -1);
}

}  // namespace
