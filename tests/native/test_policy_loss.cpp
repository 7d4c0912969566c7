// policy_loss against the formula written out, central differences, ties, masks and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

struct Tokens {
  explicit Tokens(int64_t n)
      : old_logprob(random_floats(n, 1, -5, 0)),
        logprob(old_logprob),
        ref_logprob(random_floats(n, 3, -5, 0)),
        advantage(random_floats(n, 4, -2, 2)),
        weight(random_floats(n, 5, 0.25, 2)),
        loss(static_cast<size_t>(n), kNan),
        gradient(static_cast<size_t>(n), kNan) {
    const std::vector<float> move = random_floats(n, 2, -1.5, 1.5);
    for (size_t i = 0; i < logprob.size(); ++i) {
      logprob[i] += move[i];
      if (i % 3 == 2) weight[i] = 0;
    }
  }

  px_policy_loss_args args() {
    auto a = make_args<px_policy_loss_args>();
    a.count = static_cast<int64_t>(logprob.size());
    a.logprob = logprob.data();
    a.old_logprob = old_logprob.data();
    a.ref_logprob = ref_logprob.data();
    a.advantage = advantage.data();
    a.weight = weight.data();
    a.normalizer = 2.5;
    a.loss = loss.data();
    a.gradient = gradient.data();
    return a;
  }

  std::vector<float> old_logprob, logprob, ref_logprob, advantage, weight, loss, gradient;
};

// The formula, with the defaults: clip 0.2, dual clip 3.
double plain_loss(double log_ratio, double advantage) {
  const double ratio = std::exp(std::min(20.0, std::max(-20.0, log_ratio)));
  const double clipped = ratio < 0.8 ? 0.8 : ratio > 1.2 ? 1.2 : ratio;
  const double loss = std::max(-advantage * ratio, -advantage * clipped);
  return advantage < 0 ? std::min(loss, -advantage * 3) : loss;
}

using PolicyLoss = KernelTest;

TEST_F(PolicyLoss, EqualsTheFormulaForManySizes) {
  for (const int64_t n : kSizes) {
    Tokens t(n);
    const px_policy_loss_args args = t.args();
    px_policy_metrics metrics{};
    ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
    double sum = 0;
    double squares = 0;
    int64_t counted = 0;
    for (size_t i = 0; i < t.loss.size(); ++i) {
      const double d = double{t.logprob[i]} - t.old_logprob[i];
      const double expected = t.weight[i] == 0 ? 0 : plain_loss(d, t.advantage[i]);
      expect_close(t.loss[i], expected, 1e-6, "loss");
      sum += t.weight[i] * expected;
      squares += t.weight[i] == 0 ? 0 : d * d / 2;
      counted += t.weight[i] != 0;
    }
    expect_close(metrics.loss, sum, 1e-12, "sum");
    expect_close(metrics.approx_kl, squares, 1e-12, "approx_kl");
    EXPECT_EQ(metrics.tokens, counted);
    EXPECT_EQ(metrics.kl_loss, 0);
  }
}

TEST_F(PolicyLoss, GradientIsTheDerivativeOfTheWeightedSum) {
  Tokens t(127);
  px_policy_loss_args args = t.args();
  args.kl_coefficient = 0.3;
  px_policy_metrics metrics{};
  for (const int32_t estimator : {PX_KL_K1, PX_KL_K2, PX_KL_K3}) {
    args.kl_estimator = estimator;
    ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
    const std::vector<float> gradient = t.gradient;
    for (size_t i = 0; i < gradient.size(); ++i) {
      const float middle = t.logprob[i];
      const auto total = [&](float at) {
        t.logprob[i] = at;
        EXPECT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK);
        return (metrics.loss + args.kl_coefficient * metrics.kl_loss) / args.normalizer;
      };
      constexpr float kStep = 1.0f / 4096;
      const double slope = (total(middle + kStep) - total(middle - kStep)) / (2 * kStep);
      t.logprob[i] = middle;
      // A token within a step of a kink has no derivative there; none of these is.
      expect_close(gradient[i], slope, 2e-5, "gradient " + std::to_string(i));
    }
  }
}

TEST_F(PolicyLoss, TakesTheUnclippedGradientWhereBranchesAreEqual) {
  // exp(0.5) is within [1, 2), so 1 + (exp(0.5) - 1) is exp(0.5) again, bit for bit.
  const float logprob = 0.5f, old_logprob = 0;
  float advantage = 1, gradient = 0;
  auto args = make_args<px_policy_loss_args>();
  args.count = 1;
  args.logprob = &logprob;
  args.old_logprob = &old_logprob;
  args.advantage = &advantage;
  args.normalizer = 1;
  args.gradient = &gradient;
  args.clip_high = std::exp(0.5) - 1;
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.clipped, 0);
  EXPECT_EQ(metrics.clipped_high, 0);
  EXPECT_EQ(gradient, static_cast<float>(-std::exp(0.5)));

  advantage = -1;
  args.dual_clip = std::exp(0.5);
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.dual_clipped, 0);
  EXPECT_EQ(gradient, static_cast<float>(std::exp(0.5)));
}

TEST_F(PolicyLoss, DualClipBoundsNegativeAdvantages) {
  const float logprob = std::log(5.0f), old_logprob = 0, advantage = -1;
  float loss = 0, gradient = 7;
  auto args = make_args<px_policy_loss_args>();
  args.count = 1;
  args.logprob = &logprob;
  args.old_logprob = &old_logprob;
  args.advantage = &advantage;
  args.normalizer = 1;
  args.loss = &loss;
  args.gradient = &gradient;
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(loss, 3);
  EXPECT_EQ(gradient, 0);
  EXPECT_EQ(metrics.dual_clipped, 1);
  EXPECT_EQ(metrics.clipped, 0);
  args.dual_clip = INFINITY;
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  expect_close(loss, 5, 1e-6);
  EXPECT_EQ(metrics.dual_clipped, 0);
}

TEST_F(PolicyLoss, CountsClippedTokensBySide) {
  const std::vector<float> logprob{-1, -1, 1, 1, 0}, old_logprob(5, 0), advantage{-1, 1, -1, 1, 1};
  auto args = make_args<px_policy_loss_args>();
  args.count = 5;
  args.logprob = logprob.data();
  args.old_logprob = old_logprob.data();
  args.advantage = advantage.data();
  args.normalizer = 1;
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.tokens, 5);
  EXPECT_EQ(metrics.clipped, 2);
  EXPECT_EQ(metrics.clipped_low, 1);
  EXPECT_EQ(metrics.clipped_high, 1);
  EXPECT_EQ(metrics.ratio_min, std::exp(-1.0));
  EXPECT_EQ(metrics.ratio_max, std::exp(1.0));
}

TEST_F(PolicyLoss, AnUnchangedPolicyHasRatioOneAndNoKlExactly) {
  Tokens t(33);
  t.logprob = t.old_logprob;
  const px_policy_loss_args args = t.args();
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.ratio_min, 1);
  EXPECT_EQ(metrics.ratio_max, 1);
  EXPECT_EQ(metrics.approx_kl, 0);
  EXPECT_EQ(metrics.approx_kl_k1, 0);
  EXPECT_EQ(metrics.approx_kl_k3, 0);
  EXPECT_EQ(metrics.clipped + metrics.dual_clipped, 0);
}

TEST_F(PolicyLoss, ClampsExtremeLogRatiosAndStopsTheirGradient) {
  const std::vector<float> logprob{0, -1e4f, 20, 20.5f}, old_logprob{-1e4f, 0, 0, 0}, advantage{-1, 1, -1, -1};
  std::vector<float> gradient(4, kNan);
  auto args = make_args<px_policy_loss_args>();
  args.count = 4;
  args.logprob = logprob.data();
  args.old_logprob = old_logprob.data();
  args.advantage = advantage.data();
  args.normalizer = 1;
  args.dual_clip = INFINITY;
  args.gradient = gradient.data();
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(gradient, (std::vector<float>{0, 0, static_cast<float>(std::exp(20.0)), 0}));
  EXPECT_EQ(metrics.ratio_max, std::exp(20.0));
}

TEST_F(PolicyLoss, NeverReadsMaskedTokensAndWritesThemAsZero) {
  Tokens t(9);
  for (size_t i = 0; i < t.weight.size(); ++i)
    if (t.weight[i] == 0) t.logprob[i] = t.old_logprob[i] = t.ref_logprob[i] = t.advantage[i] = kNan;
  px_policy_loss_args args = t.args();
  args.kl_coefficient = 1;
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_TRUE(std::isfinite(metrics.loss));
  for (size_t i = 0; i < t.weight.size(); ++i) {
    if (t.weight[i] != 0) continue;
    EXPECT_EQ(t.loss[i], 0);
    EXPECT_EQ(t.gradient[i], 0);
  }
}

TEST_F(PolicyLoss, NothingAndFullyMaskedGiveEmptyMetrics) {
  auto nothing = make_args<px_policy_loss_args>();
  nothing.normalizer = 1;
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &nothing, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.tokens, 0);
  EXPECT_EQ(metrics.ratio_min, INFINITY);
  EXPECT_EQ(metrics.ratio_max, -INFINITY);
  Tokens t(7);
  t.weight.assign(7, 0);
  const px_policy_loss_args masked = t.args();
  ASSERT_EQ(px_policy_loss_f32(engine_, &masked, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.tokens, 0);
  EXPECT_EQ(t.gradient, std::vector<float>(7, 0));
}

TEST_F(PolicyLoss, ZerosMeanTheDocumentedDefaults) {
  Tokens t(31);
  px_policy_loss_args args = t.args();
  args.kl_coefficient = 0.5;
  px_policy_metrics metrics{};
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  const std::vector<float> by_default = t.loss;
  args.clip_low = 0.2;
  args.clip_high = 0.2;
  args.dual_clip = 3;
  args.kl_estimator = PX_KL_K3;
  ASSERT_EQ(px_policy_loss_f32(engine_, &args, nullptr), PX_OK) << last_error();
  EXPECT_EQ(t.loss, by_default);
}

TEST_F(PolicyLoss, NamesWhatIsNotFinite) {
  for (const float bad : {kNan, kInf, -kInf}) {
    for (int which = 0; which < 5; ++which) {
      Tokens t(7);
      std::vector<float>* arrays[] = {&t.logprob, &t.old_logprob, &t.ref_logprob, &t.advantage, &t.weight};
      const char* names[] = {"logprob[4]", "old_logprob[4]", "ref_logprob[4]", "advantage[4]", "weight[4]"};
      (*arrays[which])[4] = bad;
      px_policy_loss_args args = t.args();
      args.kl_coefficient = 1;
      px_policy_metrics metrics{};
      metrics.tokens = -5;
      EXPECT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_NOT_FINITE);
      expect_error_with(std::string("px_policy_loss_f32: ") + names[which]);
      EXPECT_EQ(metrics.tokens, -5) << "metrics are written on success only";
    }
  }
}

TEST_F(PolicyLoss, ReportsAGradientThatOverflows) {
  const float logprob = 2, old_logprob = 0, advantage = -3e38f;
  float gradient = 0;
  auto args = make_args<px_policy_loss_args>();
  args.count = 1;
  args.logprob = &logprob;
  args.old_logprob = &old_logprob;
  args.advantage = &advantage;
  args.normalizer = 1;
  args.dual_clip = INFINITY;
  args.gradient = &gradient;
  EXPECT_EQ(px_policy_loss_f32(engine_, &args, nullptr), PX_NOT_FINITE);
  expect_error_with("gradient[0]");
}

TEST_F(PolicyLoss, RefusesBadArguments) {
  Tokens t(3);
  const px_policy_loss_args good = t.args();
  px_policy_metrics metrics{};
  const auto status = [&](auto&& change) {
    px_policy_loss_args args = good;
    change(args);
    return px_policy_loss_f32(engine_, &args, &metrics);
  };
  EXPECT_EQ(px_policy_loss_f32(nullptr, &good, &metrics), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_policy_loss_f32(engine_, nullptr, &metrics), PX_INVALID_ARGUMENT);
  for (const uint32_t size : {0u, static_cast<uint32_t>(sizeof good) - 1, 100000u})
    EXPECT_EQ(status([&](auto& a) { a.struct_size = size; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.logprob = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.old_logprob = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.advantage = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.ref_logprob = nullptr, a.kl_coefficient = 1; }), PX_INVALID_ARGUMENT);
  expect_error_with("ref_logprob");
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.count = count; }), PX_INVALID_ARGUMENT) << count;
  for (const double bad : {-1.0, double{kNan}}) {
    EXPECT_EQ(status([&](auto& a) { a.clip_low = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.clip_high = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.dual_clip = bad; }), PX_INVALID_ARGUMENT);
  }
  EXPECT_EQ(status([](auto& a) { a.dual_clip = 1; }), PX_INVALID_ARGUMENT);
  for (const double bad : {0.0, -1.0, double{kInf}, double{kNan}})
    EXPECT_EQ(status([&](auto& a) { a.normalizer = bad; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.kl_coefficient = kNan; }), PX_INVALID_ARGUMENT);
  for (const int32_t estimator : {-1, 4, 77})
    EXPECT_EQ(status([&](auto& a) { a.kl_estimator = estimator; }), PX_INVALID_ARGUMENT);
}

}  // namespace
