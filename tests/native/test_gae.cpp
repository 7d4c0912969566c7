// gae against the sum over future deltas written out, masked holes, returns, and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

using Gae = KernelTest;

struct Rollout {
  Rollout(std::vector<int64_t> o, bool masked) : offsets(std::move(o)) {
    const int64_t n = offsets.back();
    reward = random_floats(n, 1, -1, 1);
    value = random_floats(n, 2, -1, 1);
    advantage.assign(static_cast<size_t>(n), kNan);
    returns = advantage;
    mask.assign(static_cast<size_t>(n), 1);
    for (size_t i = 0; masked && i < mask.size(); ++i) {
      if (i % 4 != 1 && i % 7 != 6) continue;
      mask[i] = 0;
      reward[i] = value[i] = kNan;
    }
  }

  px_gae_args args() {
    auto a = make_args<px_gae_args>();
    a.sequences = static_cast<int64_t>(offsets.size()) - 1;
    a.offsets = offsets.data();
    a.reward = reward.data();
    a.value = value.data();
    a.mask = mask.data();
    a.gamma = 0.98;
    a.lambda = 0.9;
    a.advantage = advantage.data();
    a.returns = returns.data();
    return a;
  }

  std::vector<int64_t> offsets;
  std::vector<float> reward, value, advantage, returns;
  std::vector<uint8_t> mask;
};

// A_t = sum_k (gamma lambda)^k delta_{t + k}, over the tokens that count.
double plain_advantage(const Rollout& r, int64_t begin, int64_t end) {
  std::vector<int64_t> counted;
  for (int64_t i = begin; i < end; ++i)
    if (r.mask[static_cast<size_t>(i)] != 0) counted.push_back(i);
  double sum = 0;
  for (size_t k = 0; k < counted.size(); ++k) {
    const auto i = static_cast<size_t>(counted[k]);
    const double next = k + 1 < counted.size() ? r.value[static_cast<size_t>(counted[k + 1])] : 0;
    sum += std::pow(0.98 * 0.9, static_cast<double>(k)) * (r.reward[i] + 0.98 * next - r.value[i]);
  }
  return sum;
}

TEST_F(Gae, EqualsTheDiscountedSumOfDeltas) {
  for (const bool masked : {false, true}) {
    for (const std::vector<int64_t>& offsets :
         {std::vector<int64_t>{0, 1}, {0, 2}, {0, 7, 7, 20, 51}, {0, 0}, {0, 3, 4, 131}}) {
      Rollout r(offsets, masked);
      const px_gae_args args = r.args();
      ASSERT_EQ(px_gae_f32(engine_, &args), PX_OK) << last_error();
      for (size_t s = 0; s + 1 < offsets.size(); ++s) {
        for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i) {
          const auto at = static_cast<size_t>(i);
          const double expected = r.mask[at] != 0 ? plain_advantage(r, i, offsets[s + 1]) : 0;
          expect_close(r.advantage[at], expected, 1e-6, "advantage");
          expect_close(r.returns[at], r.mask[at] != 0 ? expected + r.value[at] : 0, 1e-6, "returns");
        }
      }
    }
  }
}

TEST_F(Gae, HolesChangeNothingForTheOthers) {
  const std::vector<float> reward{1, 2, 3}, value{0.5f, 0.25f, -1};
  Rollout dense({0, 3}, false);
  dense.reward = reward;
  dense.value = value;
  Rollout holes({0, 6}, false);
  holes.mask = {0, 1, 0, 1, 1, 0};
  holes.reward = {kNan, 1, kNan, 2, 3, kNan};
  holes.value = {kNan, 0.5f, kNan, 0.25f, -1, kNan};
  const px_gae_args a = dense.args();
  const px_gae_args b = holes.args();
  ASSERT_EQ(px_gae_f32(engine_, &a), PX_OK);
  ASSERT_EQ(px_gae_f32(engine_, &b), PX_OK);
  EXPECT_EQ(holes.advantage, (std::vector<float>{0, dense.advantage[0], 0, dense.advantage[1], dense.advantage[2], 0}));
}

TEST_F(Gae, OneStepReturnsAndTheEdgesOfLambda) {
  Rollout r({0, 3}, false);
  r.reward = {1, 2, 4};
  r.value = {0.5f, 0.25f, -1};
  px_gae_args args = r.args();
  args.gamma = 1;
  args.lambda = 0;
  args.flags = PX_GAE_ONE_STEP_RETURNS;
  ASSERT_EQ(px_gae_f32(engine_, &args), PX_OK);
  EXPECT_EQ(r.returns, (std::vector<float>{1.25f, 1, 4}));
  EXPECT_EQ(r.advantage, (std::vector<float>{0.75f, 0.75f, 5})) << "lambda 0: the deltas";
  args.lambda = 1;
  args.flags = 0;
  ASSERT_EQ(px_gae_f32(engine_, &args), PX_OK);
  EXPECT_EQ(r.returns, (std::vector<float>{7, 6, 4})) << "lambda 1: what was collected";
  args.gamma = 0;
  ASSERT_EQ(px_gae_f32(engine_, &args), PX_OK);
  EXPECT_EQ(r.returns, r.reward) << "gamma 0 is 0, no default";
}

TEST_F(Gae, FullyMaskedIsZero) {
  Rollout r({0, 2, 5}, false);
  r.mask.assign(5, 0);
  r.reward.assign(5, kNan);
  const px_gae_args args = r.args();
  ASSERT_EQ(px_gae_f32(engine_, &args), PX_OK);
  EXPECT_EQ(r.advantage, std::vector<float>(5, 0));
  EXPECT_EQ(r.returns, std::vector<float>(5, 0));
}

TEST_F(Gae, NamesWhatIsNotFinite) {
  Rollout r({0, 7}, false);
  r.value[3] = kInf;
  const px_gae_args args = r.args();
  EXPECT_EQ(px_gae_f32(engine_, &args), PX_NOT_FINITE);
  expect_error_with("px_gae_f32: value[3]");
  r.value[3] = 0;
  r.reward[6] = kNan;
  EXPECT_EQ(px_gae_f32(engine_, &args), PX_NOT_FINITE);
  expect_error_with("px_gae_f32: reward[6]");
}

TEST_F(Gae, RefusesBadArguments) {
  Rollout r({0, 1, 3}, false);
  const px_gae_args good = r.args();
  const auto status = [&](auto&& change) {
    px_gae_args args = good;
    change(args);
    return px_gae_f32(engine_, &args);
  };
  EXPECT_EQ(px_gae_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_gae_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 40; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.offsets = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.reward = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.value = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.advantage = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.sequences = count; }), PX_INVALID_ARGUMENT) << count;
  for (const std::vector<int64_t>& offsets :
       {std::vector<int64_t>{1, 1, 3}, {0, 4, 3}, {0, -1, 3}, {0, 1, int64_t{1} << 60}})
    EXPECT_EQ(status([&](auto& a) { a.offsets = offsets.data(); }), PX_INVALID_ARGUMENT);
  for (const double bad : {-0.1, 1.1, double{kNan}}) {
    EXPECT_EQ(status([&](auto& a) { a.gamma = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.lambda = bad; }), PX_INVALID_ARGUMENT);
  }
}

}  // namespace
