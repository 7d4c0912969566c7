// reward_shape: where the score lands, signs, clips, masks and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

// Four sequences: all count; the last token is masked; nothing counts; no token at all.
struct Rollout {
  std::vector<int64_t> offsets{0, 3, 6, 8, 8};
  std::vector<uint8_t> mask{1, 1, 1, 0, 1, 0, 0, 0};
  std::vector<float> logprob{-1, -2, -0.5f, kNan, -1, kNan, kNan, kNan};
  std::vector<float> ref_logprob{-2, -1.5f, -0.5f, kNan, -3, kNan, kNan, kNan};
  std::vector<float> score{4, -20, kNan, kNan};
  std::vector<float> token_reward{0.25f, 0, 0, kNan, 0.5f, kNan, kNan, kNan};
  std::vector<float> reward = std::vector<float>(8, kNan);
  std::vector<float> kl = std::vector<float>(8, kNan);

  px_reward_args args() {
    auto a = make_args<px_reward_args>();
    a.sequences = 4;
    a.offsets = offsets.data();
    a.mask = mask.data();
    a.logprob = logprob.data();
    a.ref_logprob = ref_logprob.data();
    a.score = score.data();
    a.beta = 0.5;
    a.reward = reward.data();
    a.kl = kl.data();
    return a;
  }
};

using RewardShape = KernelTest;

TEST_F(RewardShape, PutsTheClippedScoreOnTheLastTokenThatCounts) {
  Rollout r;
  const px_reward_args args = r.args();
  ASSERT_EQ(px_reward_shape_f32(engine_, &args), PX_OK) << last_error();
  EXPECT_EQ(r.kl, (std::vector<float>{1, -0.5f, 0, 0, 2, 0, 0, 0}));
  EXPECT_EQ(r.reward, (std::vector<float>{-0.5f, 0.25f, 4, 0, -11, 0, 0, 0}));
}

TEST_F(RewardShape, AddsTokenRewards) {
  Rollout r;
  px_reward_args args = r.args();
  args.token_reward = r.token_reward.data();
  args.reward_clip = INFINITY;
  ASSERT_EQ(px_reward_shape_f32(engine_, &args), PX_OK) << last_error();
  EXPECT_EQ(r.reward, (std::vector<float>{-0.25f, 0.25f, 4, 0, -20.5f, 0, 0, 0}));
}

TEST_F(RewardShape, WithoutAMaskEveryTokenCounts) {
  Rollout r;
  r.logprob.assign(8, -1);
  r.ref_logprob.assign(8, -1);
  r.score = {1, 2, 3, kNan};
  px_reward_args args = r.args();
  args.mask = nullptr;
  args.kl = nullptr;
  ASSERT_EQ(px_reward_shape_f32(engine_, &args), PX_OK) << last_error();
  EXPECT_EQ(r.reward, (std::vector<float>{0, 0, 1, 0, 0, 2, 0, 3}));
}

TEST_F(RewardShape, UsesTheEstimatorWithItsClamps) {
  for (const int32_t estimator : {PX_KL_K2, PX_KL_K3}) {
    Rollout r;
    r.logprob[0] = -200;
    px_reward_args args = r.args();
    args.kl_estimator = estimator;
    ASSERT_EQ(px_reward_shape_f32(engine_, &args), PX_OK) << last_error();
    EXPECT_EQ(r.kl[0], 10);
    EXPECT_EQ(r.reward[0], -5);
    const double d = 2;
    expect_close(r.kl[4], estimator == PX_KL_K2 ? 2.0 : std::exp(-d) - 1 + d, 1e-6);
  }
}

TEST_F(RewardShape, NamesWhatIsNotFinite) {
  struct Case {
    std::vector<float> Rollout::*array;
    size_t index;
    const char* name;
  };
  for (const Case& c : {Case{&Rollout::logprob, 4, "logprob[4]"}, Case{&Rollout::ref_logprob, 4, "ref_logprob[4]"},
                        Case{&Rollout::token_reward, 4, "token_reward[4]"}, Case{&Rollout::score, 1, "score[1]"}}) {
    for (const float bad : {kNan, kInf}) {
      Rollout r;
      (r.*c.array)[c.index] = bad;
      px_reward_args args = r.args();
      args.token_reward = r.token_reward.data();
      EXPECT_EQ(px_reward_shape_f32(engine_, &args), PX_NOT_FINITE);
      expect_error_with(std::string("px_reward_shape_f32: ") + c.name);
    }
  }
}

TEST_F(RewardShape, RefusesBadArguments) {
  Rollout r;
  const px_reward_args good = r.args();
  const auto status = [&](auto&& change) {
    px_reward_args args = good;
    change(args);
    return px_reward_shape_f32(engine_, &args);
  };
  EXPECT_EQ(px_reward_shape_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_reward_shape_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.offsets = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.logprob = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.ref_logprob = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.score = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.reward = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.sequences = count; }), PX_INVALID_ARGUMENT) << count;
  for (const std::vector<int64_t>& offsets :
       {std::vector<int64_t>{1, 3, 6, 8, 8}, {0, 6, 3, 8, 8}, {0, 3, 6, 8, -1}, {0, 3, 6, 8, int64_t{1} << 60}})
    EXPECT_EQ(status([&](auto& a) { a.offsets = offsets.data(); }), PX_INVALID_ARGUMENT);
  for (const int32_t estimator : {-1, 4})
    EXPECT_EQ(status([&](auto& a) { a.kl_estimator = estimator; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.beta = kNan; }), PX_INVALID_ARGUMENT);
  for (const double bad : {-1.0, double{kNan}})
    EXPECT_EQ(status([&](auto& a) { a.reward_clip = bad; }), PX_INVALID_ARGUMENT);
}

}  // namespace
