// kl against the formulae written out, central differences, small and huge log-ratios, bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

using Kl = KernelTest;

struct Tokens {
  explicit Tokens(int64_t n)
      : logprob(random_floats(n, 1, -4, 0)),
        ref_logprob(random_floats(n, 2, -4, 0)),
        value(static_cast<size_t>(n), kNan),
        gradient(static_cast<size_t>(n), kNan) {}

  px_kl_args args(int32_t estimator) {
    auto a = make_args<px_kl_args>();
    a.count = static_cast<int64_t>(logprob.size());
    a.logprob = logprob.data();
    a.ref_logprob = ref_logprob.data();
    a.estimator = estimator;
    a.value = value.data();
    a.gradient = gradient.data();
    return a;
  }

  std::vector<float> logprob, ref_logprob, value, gradient;
};

double plain(double d, int32_t estimator) {
  if (estimator == PX_KL_K1) return d;
  return estimator == PX_KL_K2 ? d * d / 2 : std::exp(-d) - 1 + d;
}

TEST_F(Kl, EqualsTheFormulaAndItsDerivativeForManySizes) {
  for (const int64_t n : kSizes) {
    for (const int32_t estimator : {PX_KL_K1, PX_KL_K2, PX_KL_K3}) {
      Tokens t(n);
      px_kl_args args = t.args(estimator);
      args.value_clamp = INFINITY;
      ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK) << last_error();
      for (size_t i = 0; i < t.value.size(); ++i) {
        const double d = double{t.logprob[i]} - t.ref_logprob[i];
        constexpr double kStep = 1e-5;
        const double slope = (plain(d + kStep, estimator) - plain(d - kStep, estimator)) / (2 * kStep);
        expect_close(t.value[i], plain(d, estimator), 1e-6, "value");
        expect_close(t.gradient[i], slope, 1e-6, "gradient");
      }
    }
  }
}

TEST_F(Kl, K3IsNeverNegative) {
  // exp(-d) - 1 + d is, in fp32, for many of these.
  constexpr int64_t kCount = 20000;
  Tokens t(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    t.logprob[i] =
        static_cast<float>((i % 2 == 0 ? 1 : -1) * std::pow(10.0, -20 + 20.0 * static_cast<double>(i) / kCount));
    t.ref_logprob[i] = 0;
  }
  const px_kl_args args = t.args(PX_KL_K3);
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  for (size_t i = 0; i < kCount; ++i) ASSERT_GE(t.value[i], 0) << t.logprob[i];
  EXPECT_GT(*std::max_element(t.value.begin(), t.value.end()), 0.1f);
}

TEST_F(Kl, ClampsLogRatioThenValueAndStopsTheGradient) {
  Tokens t(6);
  t.logprob = {30, -30, 15, -15, 10, -2};
  t.ref_logprob.assign(6, 0);
  px_kl_args args = t.args(PX_KL_K1);
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  EXPECT_EQ(t.value, (std::vector<float>{10, -10, 10, -10, 10, -2}));
  EXPECT_EQ(t.gradient, (std::vector<float>{0, 0, 0, 0, 1, 1})) << "exactly at the limit it flows";
  args.value_clamp = INFINITY;
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  EXPECT_EQ(t.value, (std::vector<float>{20, -20, 15, -15, 10, -2}));
  EXPECT_EQ(t.gradient, (std::vector<float>{0, 0, 1, 1, 1, 1}));
  args.log_ratio_clamp = INFINITY;
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  EXPECT_EQ(t.value, t.logprob);
  args = t.args(PX_KL_K3);
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  EXPECT_EQ(t.value[1], 10);
  EXPECT_EQ(t.gradient[1], 0);
}

TEST_F(Kl, MayWriteOverItsInput) {
  Tokens t(9);
  px_kl_args args = t.args(PX_KL_K2);
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  args.value = t.logprob.data();
  args.gradient = nullptr;
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  EXPECT_EQ(t.logprob, t.value);
}

TEST_F(Kl, ANanStaysOne) {
  Tokens t(2);
  t.logprob[1] = kNan;
  const px_kl_args args = t.args(PX_KL_K3);
  ASSERT_EQ(px_kl_f32(engine_, &args), PX_OK);
  EXPECT_FALSE(std::isnan(t.value[0]));
  EXPECT_TRUE(std::isnan(t.value[1]) && std::isnan(t.gradient[1]));
}

TEST_F(Kl, RefusesBadArguments) {
  Tokens t(3);
  const px_kl_args good = t.args(PX_KL_K1);
  const auto status = [&](auto&& change) {
    px_kl_args args = good;
    change(args);
    return px_kl_f32(engine_, &args);
  };
  EXPECT_EQ(px_kl_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_kl_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 20; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.logprob = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.ref_logprob = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }), PX_INVALID_ARGUMENT) << count;
  for (const int32_t estimator : {-1, 0, 4})
    EXPECT_EQ(status([&](auto& a) { a.estimator = estimator; }), PX_INVALID_ARGUMENT);
  for (const double bad : {-1.0, double{kNan}}) {
    EXPECT_EQ(status([&](auto& a) { a.log_ratio_clamp = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.value_clamp = bad; }), PX_INVALID_ARGUMENT);
  }
  auto nothing = make_args<px_kl_args>();
  nothing.estimator = PX_KL_K1;
  EXPECT_EQ(px_kl_f32(engine_, &nothing), PX_OK);
}

}  // namespace
