// bradley_terry against known values, central differences, extreme differences and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

struct Pairs {
  explicit Pairs(int64_t n)
      : chosen(random_floats(n, 1, -3, 3)),
        rejected(random_floats(n, 2, -3, 3)),
        margin(random_floats(n, 3, 0, 1)),
        loss(static_cast<size_t>(n), kNan),
        gradient_chosen(static_cast<size_t>(n), kNan),
        gradient_rejected(static_cast<size_t>(n), kNan) {}

  px_bradley_terry_args args() {
    auto a = make_args<px_bradley_terry_args>();
    a.count = static_cast<int64_t>(chosen.size());
    a.chosen = chosen.data();
    a.rejected = rejected.data();
    a.margin = margin.data();
    a.center_coefficient = 0.01;
    a.normalizer = 4;
    a.loss = loss.data();
    a.gradient_chosen = gradient_chosen.data();
    a.gradient_rejected = gradient_rejected.data();
    return a;
  }

  std::vector<float> chosen, rejected, margin, loss, gradient_chosen, gradient_rejected;
};

using BradleyTerry = KernelTest;

TEST_F(BradleyTerry, EqualsTheFormulaForManySizes) {
  for (const int64_t n : kSizes) {
    Pairs p(n);
    const px_bradley_terry_args args = p.args();
    px_bradley_terry_metrics metrics{};
    ASSERT_EQ(px_bradley_terry_f32(engine_, &args, &metrics), PX_OK) << last_error();
    double sum = 0;
    int64_t correct = 0;
    for (size_t i = 0; i < p.loss.size(); ++i) {
      const double d = double{p.chosen[i]} - p.rejected[i] - p.margin[i];
      const double total = double{p.chosen[i]} + p.rejected[i];
      const double expected = std::log(1 + std::exp(-d)) + 0.01 * total * total;
      expect_close(p.loss[i], expected, 1e-6, "loss");
      sum += expected;
      correct += p.chosen[i] > p.rejected[i];
    }
    expect_close(metrics.loss, sum, 1e-12, "sum");
    EXPECT_EQ(metrics.pairs, n);
    EXPECT_EQ(metrics.correct, correct);
  }
}

TEST_F(BradleyTerry, KnownDifferences) {
  const std::vector<float> chosen{0, 0.8f, -0.8f, 0.8f}, rejected(4, 0), margin{0, 0, 0, 0.5f};
  std::vector<float> loss(4);
  auto args = make_args<px_bradley_terry_args>();
  args.count = 4;
  args.chosen = chosen.data();
  args.rejected = rejected.data();
  args.margin = margin.data();
  args.normalizer = 4;
  args.loss = loss.data();
  ASSERT_EQ(px_bradley_terry_f32(engine_, &args, nullptr), PX_OK) << last_error();
  const double expected[] = {0.693147, 0.371101, 1.171101, 0.554355};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(loss[i], expected[i], 1e-6);
}

TEST_F(BradleyTerry, GradientsAreTheDerivatives) {
  Pairs p(31);
  const px_bradley_terry_args args = p.args();
  px_bradley_terry_metrics metrics{};
  ASSERT_EQ(px_bradley_terry_f32(engine_, &args, &metrics), PX_OK) << last_error();
  const std::vector<float> gradients[] = {p.gradient_chosen, p.gradient_rejected};
  std::vector<float>* scores[] = {&p.chosen, &p.rejected};
  for (size_t side = 0; side < 2; ++side) {
    for (size_t i = 0; i < p.chosen.size(); ++i) {
      float& score = (*scores[side])[i];
      const float middle = score;
      const auto total = [&](float at) {
        score = at;
        EXPECT_EQ(px_bradley_terry_f32(engine_, &args, &metrics), PX_OK);
        return metrics.loss / args.normalizer;
      };
      constexpr float kStep = 1.0f / 1024;
      const double slope = (total(middle + kStep) - total(middle - kStep)) / (2 * kStep);
      score = middle;
      expect_close(gradients[side][i], slope, 1e-6, "gradient " + std::to_string(i));
    }
  }
}

TEST_F(BradleyTerry, StaysStableForExtremeDifferences) {
  const std::vector<float> chosen{1e4f, -1e4f, 3e38f, -3e38f}, rejected{-1e4f, 1e4f, 0, 0};
  std::vector<float> loss(4, kNan), gradient(4, kNan);
  auto args = make_args<px_bradley_terry_args>();
  args.count = 4;
  args.chosen = chosen.data();
  args.rejected = rejected.data();
  args.normalizer = 1;
  args.loss = loss.data();
  args.gradient_chosen = gradient.data();
  ASSERT_EQ(px_bradley_terry_f32(engine_, &args, nullptr), PX_OK) << last_error();
  EXPECT_EQ(loss, (std::vector<float>{0, 2e4f, 0, 3e38f}));
  EXPECT_EQ(gradient, (std::vector<float>{0, -1, 0, -1}));
}

TEST_F(BradleyTerry, NothingGivesEmptyMetrics) {
  auto args = make_args<px_bradley_terry_args>();
  args.normalizer = 1;
  px_bradley_terry_metrics metrics{};
  metrics.pairs = 3;
  ASSERT_EQ(px_bradley_terry_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.pairs, 0);
}

TEST_F(BradleyTerry, NamesWhatIsNotFinite) {
  for (int which = 0; which < 3; ++which) {
    Pairs p(7);
    std::vector<float>* arrays[] = {&p.chosen, &p.rejected, &p.margin};
    const char* names[] = {"chosen[5]", "rejected[5]", "margin[5]"};
    (*arrays[which])[5] = which == 0 ? kNan : kInf;
    const px_bradley_terry_args args = p.args();
    EXPECT_EQ(px_bradley_terry_f32(engine_, &args, nullptr), PX_NOT_FINITE);
    expect_error_with(std::string("px_bradley_terry_f32: ") + names[which]);
  }
}

TEST_F(BradleyTerry, RefusesBadArguments) {
  Pairs p(3);
  const px_bradley_terry_args good = p.args();
  const auto status = [&](auto&& change) {
    px_bradley_terry_args args = good;
    change(args);
    return px_bradley_terry_f32(engine_, &args, nullptr);
  };
  EXPECT_EQ(px_bradley_terry_f32(nullptr, &good, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_bradley_terry_f32(engine_, nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size -= 8; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.chosen = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.rejected = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }), PX_INVALID_ARGUMENT) << count;
  for (const double bad : {-1.0, double{kNan}, double{kInf}}) {
    EXPECT_EQ(status([&](auto& a) { a.center_coefficient = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.normalizer = bad; }), PX_INVALID_ARGUMENT);
  }
}

}  // namespace
