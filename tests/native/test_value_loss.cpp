// value_loss against the formula written out, central differences, ties, masks and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

struct Tokens {
  explicit Tokens(int64_t n)
      : value(random_floats(n, 1, -2, 2)),
        old_value(random_floats(n, 2, -2, 2)),
        returns(random_floats(n, 3, -2, 2)),
        weight(random_floats(n, 4, 0.25, 2)),
        loss(static_cast<size_t>(n), kNan),
        gradient(static_cast<size_t>(n), kNan) {
    for (size_t i = 2; i < weight.size(); i += 3) weight[i] = 0;
  }

  px_value_loss_args args() {
    auto a = make_args<px_value_loss_args>();
    a.count = static_cast<int64_t>(value.size());
    a.value = value.data();
    a.old_value = old_value.data();
    a.returns = returns.data();
    a.weight = weight.data();
    a.normalizer = 2.5;
    a.loss = loss.data();
    a.gradient = gradient.data();
    return a;
  }

  std::vector<float> value, old_value, returns, weight, loss, gradient;
};

double plain_loss(double value, double old_value, double returns, double clip) {
  const double move = std::min(clip, std::max(-clip, value - old_value));
  return 0.5 * std::max(std::pow(value - returns, 2), std::pow(old_value + move - returns, 2));
}

using ValueLoss = KernelTest;

TEST_F(ValueLoss, EqualsTheFormulaForManySizes) {
  for (const int64_t n : kSizes) {
    for (const double clip : {0.5, 0.1, double{kInf}}) {
      Tokens t(n);
      px_value_loss_args args = t.args();
      args.clip = clip;
      px_value_metrics metrics{};
      ASSERT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
      double sum = 0;
      double error = 0;
      for (size_t i = 0; i < t.loss.size(); ++i) {
        const double expected = t.weight[i] == 0 ? 0 : plain_loss(t.value[i], t.old_value[i], t.returns[i], clip);
        expect_close(t.loss[i], expected, 1e-6, "loss");
        sum += t.weight[i] * expected;
        error += t.weight[i] == 0 ? 0 : double{t.returns[i]} - t.value[i];
      }
      expect_close(metrics.loss, sum, 1e-12, "sum");
      expect_close(metrics.error, error, 1e-12, "error");
      if (std::isinf(clip)) {
        EXPECT_EQ(metrics.clipped, 0);
      }
    }
  }
}

TEST_F(ValueLoss, GradientIsTheDerivativeOfTheWeightedSum) {
  Tokens t(127);
  const px_value_loss_args args = t.args();
  px_value_metrics metrics{};
  ASSERT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_GT(metrics.clipped, 0);
  const std::vector<float> gradient = t.gradient;
  for (size_t i = 0; i < gradient.size(); ++i) {
    const float middle = t.value[i];
    const auto total = [&](float at) {
      t.value[i] = at;
      EXPECT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK);
      return metrics.loss / args.normalizer;
    };
    constexpr float kStep = 1.0f / 4096;
    const double slope = (total(middle + kStep) - total(middle - kStep)) / (2 * kStep);
    t.value[i] = middle;
    expect_close(gradient[i], slope, 2e-5, "gradient " + std::to_string(i));
  }
}

TEST_F(ValueLoss, TakesTheUnclippedGradientWhereBranchesAreEqual) {
  // At the edge of the range; equal squared errors on both sides of the return.
  const std::vector<float> value{0.5f, 1.0f}, old_value{0, 0}, returns{-1, 0.75f};
  std::vector<float> gradient(2, kNan);
  auto args = make_args<px_value_loss_args>();
  args.count = 2;
  args.value = value.data();
  args.old_value = old_value.data();
  args.returns = returns.data();
  args.normalizer = 1;
  args.gradient = gradient.data();
  px_value_metrics metrics{};
  ASSERT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(gradient, (std::vector<float>{1.5f, 0.25f}));
  EXPECT_EQ(metrics.clipped, 0);
}

TEST_F(ValueLoss, InsideTheRangeBothBranchesAreTheSameBits) {
  // old + (value - old) would round here and call the token clipped.
  const float value = 1e-8f, old_value = 0.3f, returns = 5;
  auto args = make_args<px_value_loss_args>();
  args.count = 1;
  args.value = &value;
  args.old_value = &old_value;
  args.returns = &returns;
  args.normalizer = 1;
  px_value_metrics metrics{};
  ASSERT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.clipped, 0);
  EXPECT_EQ(metrics.loss, 0.5 * (double{value} - 5) * (double{value} - 5));
}

TEST_F(ValueLoss, NeverReadsMaskedTokensAndWritesThemAsZero) {
  Tokens t(9);
  for (size_t i = 2; i < 9; i += 3) t.value[i] = t.old_value[i] = t.returns[i] = kNan;
  const px_value_loss_args args = t.args();
  px_value_metrics metrics{};
  ASSERT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.tokens, 6);
  for (size_t i = 2; i < 9; i += 3) {
    EXPECT_EQ(t.loss[i], 0);
    EXPECT_EQ(t.gradient[i], 0);
  }
}

TEST_F(ValueLoss, NothingGivesEmptyMetrics) {
  auto args = make_args<px_value_loss_args>();
  args.normalizer = 1;
  px_value_metrics metrics{};
  metrics.tokens = 3;
  ASSERT_EQ(px_value_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.tokens, 0);
  EXPECT_EQ(metrics.loss, 0);
}

TEST_F(ValueLoss, ZeroClipMeansTheDefault) {
  Tokens t(31);
  px_value_loss_args args = t.args();
  ASSERT_EQ(px_value_loss_f32(engine_, &args, nullptr), PX_OK) << last_error();
  const std::vector<float> by_default = t.loss;
  args.clip = 0.5;
  ASSERT_EQ(px_value_loss_f32(engine_, &args, nullptr), PX_OK) << last_error();
  EXPECT_EQ(t.loss, by_default);
}

TEST_F(ValueLoss, NamesWhatIsNotFinite) {
  for (int which = 0; which < 4; ++which) {
    Tokens t(7);
    std::vector<float>* arrays[] = {&t.value, &t.old_value, &t.returns, &t.weight};
    const char* names[] = {"value[3]", "old_value[3]", "returns[3]", "weight[3]"};
    (*arrays[which])[3] = which % 2 == 0 ? kNan : kInf;
    const px_value_loss_args args = t.args();
    EXPECT_EQ(px_value_loss_f32(engine_, &args, nullptr), PX_NOT_FINITE);
    expect_error_with(std::string("px_value_loss_f32: ") + names[which]);
  }
}

TEST_F(ValueLoss, RefusesBadArguments) {
  Tokens t(3);
  const px_value_loss_args good = t.args();
  const auto status = [&](auto&& change) {
    px_value_loss_args args = good;
    change(args);
    return px_value_loss_f32(engine_, &args, nullptr);
  };
  EXPECT_EQ(px_value_loss_f32(nullptr, &good, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_value_loss_f32(engine_, nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 8; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.value = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.old_value = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.returns = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }), PX_INVALID_ARGUMENT) << count;
  for (const double bad : {-0.5, double{kNan}}) EXPECT_EQ(status([&](auto& a) { a.clip = bad; }), PX_INVALID_ARGUMENT);
  for (const double bad : {0.0, -1.0, double{kInf}, double{kNan}})
    EXPECT_EQ(status([&](auto& a) { a.normalizer = bad; }), PX_INVALID_ARGUMENT);
}

}  // namespace
