// group_advantage against the formulas written out, masks, weights, groups of one, equal scores, bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

// Groups of 2 to 19 rows; every fifth row without a score, so that some groups have one left.
struct Rows {
  explicit Rows(int64_t groups) {
    for (int64_t g = 0; g < groups; ++g) offsets.push_back(offsets.back() + 2 + (g * 5) % 18);
    score = random_floats(offsets.back(), 1, -2, 2);
    weight = random_floats(offsets.back(), 2, 1, 30);
    mask.assign(score.size(), 1);
    for (size_t i = 1; i < mask.size(); i += 5) mask[i] = 0;
    advantage.assign(score.size(), kNan);
  }

  px_group_advantage_args args(int32_t baseline, int32_t scale) {
    auto a = make_args<px_group_advantage_args>();
    a.groups = static_cast<int64_t>(offsets.size()) - 1;
    a.offsets = offsets.data();
    a.score = score.data();
    a.mask = mask.data();
    a.baseline = baseline;
    a.scale = scale;
    a.advantage = advantage.data();
    return a;
  }

  // The scores of group g that count, without row `except`.
  std::vector<double> scores_of(size_t g, size_t except = SIZE_MAX) const {
    std::vector<double> scores;
    for (auto i = static_cast<size_t>(offsets[g]); i < static_cast<size_t>(offsets[g + 1]); ++i)
      if (mask[i] != 0 && i != except) scores.push_back(score[i]);
    return scores;
  }

  std::vector<int64_t> offsets{0};
  std::vector<float> score, weight, advantage;
  std::vector<uint8_t> mask;
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += std::pow(value - mean_of(values), 2);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

class GroupAdvantage : public KernelTest {
 protected:
  px_group_metrics run(const px_group_advantage_args& args) {
    px_group_metrics metrics{};
    EXPECT_EQ(px_group_advantage_f32(engine_, &args, &metrics), PX_OK) << last_error();
    return metrics;
  }

  // Every row against expected(group, row).
  template <class Expected>
  void expect_rows(const Rows& rows, const Expected& expected) {
    for (size_t g = 0; g + 1 < rows.offsets.size(); ++g)
      for (auto i = static_cast<size_t>(rows.offsets[g]); i < static_cast<size_t>(rows.offsets[g + 1]); ++i) {
        const bool counts = rows.mask[i] != 0 && rows.scores_of(g).size() > 1;
        expect_close(rows.advantage[i], counts ? expected(g, i) : 0, 1e-6, "row " + std::to_string(i));
      }
  }
};

TEST_F(GroupAdvantage, EqualsTheFormulasForManyGroups) {
  for (const int64_t groups : {1, 2, 3, 20, 100}) {
    Rows rows(groups);
    run(rows.args(PX_GROUP_MEAN, PX_GROUP_DEVIATION));
    expect_rows(rows, [&](size_t g, size_t i) {
      return (rows.score[i] - mean_of(rows.scores_of(g))) / (deviation_of(rows.scores_of(g)) + 1e-6);
    });
    run(rows.args(PX_GROUP_MEAN, PX_GROUP_UNSCALED));
    expect_rows(rows, [&](size_t g, size_t i) { return rows.score[i] - mean_of(rows.scores_of(g)); });
    run(rows.args(PX_GROUP_LEAVE_ONE_OUT, PX_GROUP_UNSCALED));
    expect_rows(rows, [&](size_t g, size_t i) { return rows.score[i] - mean_of(rows.scores_of(g, i)); });
    px_group_advantage_args args = rows.args(PX_GROUP_LEAVE_ONE_OUT, PX_GROUP_GIVEN_DEVIATION);
    args.deviation = 0.75;
    args.epsilon = 0.05;
    run(args);
    expect_rows(rows, [&](size_t g, size_t i) { return (rows.score[i] - mean_of(rows.scores_of(g, i))) / 0.8; });
  }
}

TEST_F(GroupAdvantage, WeightsAreOfTheMean) {
  Rows rows(20);
  px_group_advantage_args args = rows.args(PX_GROUP_MEAN, PX_GROUP_UNSCALED);
  args.weight = rows.weight.data();
  run(args);
  expect_rows(rows, [&](size_t g, size_t i) {
    double sum = 0, weights = 0;
    for (auto k = static_cast<size_t>(rows.offsets[g]); k < static_cast<size_t>(rows.offsets[g + 1]); ++k) {
      if (rows.mask[k] == 0) continue;
      sum += double{rows.weight[k]} * rows.score[k];
      weights += rows.weight[k];
    }
    return rows.score[i] - sum / weights;
  });
}

TEST_F(GroupAdvantage, CountsWhatItSaw) {
  // Scores 1, 3 and one masked; three equal ones; one left of two.
  const std::vector<int64_t> offsets{0, 3, 6, 8, 8};
  const std::vector<float> score{1, kNan, 3, 0.1f, 0.1f, 0.1f, 5, kInf};
  const std::vector<uint8_t> mask{1, 0, 1, 1, 1, 1, 1, 0};
  std::vector<float> advantage(8, kNan);
  auto args = make_args<px_group_advantage_args>();
  args.groups = 4;
  args.offsets = offsets.data();
  args.score = score.data();
  args.mask = mask.data();
  args.advantage = advantage.data();
  const px_group_metrics metrics = run(args);
  EXPECT_EQ(metrics.rows, 6);
  EXPECT_EQ(metrics.groups, 2);
  EXPECT_EQ(metrics.flat, 1);
  EXPECT_EQ(metrics.lone, 1);
  EXPECT_NEAR(metrics.score, 9.3, 1e-6);
  EXPECT_NEAR(metrics.deviation, std::sqrt(2), 1e-12);
  EXPECT_NEAR(advantage[0], -1 / std::sqrt(2), 1e-6);
  EXPECT_EQ(std::vector(advantage.begin() + 3, advantage.end()), std::vector<float>(5, 0));
}

TEST_F(GroupAdvantage, KeepsDigitsWhereScoresAreLarge) {
  const std::vector<int64_t> offsets{0, 3};
  const std::vector<float> score{1048576.5f, 1048576.f, 1048575.5f};
  std::vector<float> advantage(3, kNan);
  auto args = make_args<px_group_advantage_args>();
  args.groups = 1;
  args.offsets = offsets.data();
  args.score = score.data();
  args.epsilon = 1e-12;
  args.advantage = advantage.data();
  run(args);
  EXPECT_EQ(advantage, (std::vector<float>{1, 0, -1}));
}

TEST_F(GroupAdvantage, AGroupOfOneIsRefusedByItsNumber) {
  const std::vector<int64_t> offsets{0, 2, 3};
  std::vector<float> score(3), advantage(3);
  auto args = make_args<px_group_advantage_args>();
  args.groups = 2;
  args.offsets = offsets.data();
  args.score = score.data();
  args.advantage = advantage.data();
  EXPECT_EQ(px_group_advantage_f32(engine_, &args, nullptr), PX_INVALID_ARGUMENT);
  expect_error_with("group 1");
}

TEST_F(GroupAdvantage, NothingGivesEmptyMetrics) {
  const int64_t offset = 0;
  auto args = make_args<px_group_advantage_args>();
  args.offsets = &offset;
  px_group_metrics metrics{};
  metrics.rows = 3;
  ASSERT_EQ(px_group_advantage_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.rows, 0);
}

TEST_F(GroupAdvantage, ZeroMeansTheDefault) {
  Rows rows(5);
  px_group_advantage_args args = rows.args(0, 0);
  run(args);
  const std::vector<float> by_default = rows.advantage;
  args = rows.args(PX_GROUP_MEAN, PX_GROUP_DEVIATION);
  args.epsilon = 1e-6;
  run(args);
  EXPECT_EQ(rows.advantage, by_default);
}

TEST_F(GroupAdvantage, NamesWhatIsNotFiniteOrNoWeight) {
  Rows rows(20);
  rows.score[12] = kNan;
  px_group_advantage_args args = rows.args(PX_GROUP_MEAN, PX_GROUP_UNSCALED);
  EXPECT_EQ(px_group_advantage_f32(engine_, &args, nullptr), PX_NOT_FINITE);
  expect_error_with("px_group_advantage_f32: score[12]");
  rows.score[12] = 0;
  args.weight = rows.weight.data();
  rows.weight[13] = kInf;
  EXPECT_EQ(px_group_advantage_f32(engine_, &args, nullptr), PX_NOT_FINITE);
  expect_error_with("weight[13]");
  rows.weight[13] = 0;
  EXPECT_EQ(px_group_advantage_f32(engine_, &args, nullptr), PX_INVALID_ARGUMENT);
  expect_error_with("weight[13]");
}

TEST_F(GroupAdvantage, RefusesBadArguments) {
  Rows rows(3);
  const px_group_advantage_args good = rows.args(PX_GROUP_MEAN, PX_GROUP_UNSCALED);
  const auto status = [&](auto&& change) {
    px_group_advantage_args args = good;
    change(args);
    return px_group_advantage_f32(engine_, &args, nullptr);
  };
  EXPECT_EQ(px_group_advantage_f32(nullptr, &good, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_group_advantage_f32(engine_, nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 8; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.offsets = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.score = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.advantage = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.groups = count; }), PX_INVALID_ARGUMENT) << count;
  for (const int32_t bad : {-1, 4}) {
    EXPECT_EQ(status([&](auto& a) { a.baseline = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.scale = bad; }), PX_INVALID_ARGUMENT);
  }
  for (const double bad : {-1.0, double{kNan}, double{kInf}}) {
    EXPECT_EQ(status([&](auto& a) { a.epsilon = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.deviation = bad; a.scale = PX_GROUP_GIVEN_DEVIATION; }), PX_INVALID_ARGUMENT);
  }
  EXPECT_EQ(status([](auto& a) { a.deviation = 1; }), PX_INVALID_ARGUMENT);
  expect_error_with("deviation");
  EXPECT_EQ(status([&](auto& a) { a.weight = rows.weight.data(); a.baseline = PX_GROUP_LEAVE_ONE_OUT; }),
            PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([&](auto& a) { a.weight = rows.weight.data(); a.scale = PX_GROUP_DEVIATION; }), PX_INVALID_ARGUMENT);
  expect_error_with("weight");
}

}  // namespace
