// sample: Philox against published vectors, filters against sets worked out by hand and by sorting, frequencies, draws of
// every level against the reference, bad arguments.
#include <numeric>

#include "kernel_test.h"
#include "kernels/sample/sample.h"

using namespace px::test;

namespace {

px_sample_args row(const std::vector<float>& logits) {
  auto a = make_args<px_sample_args>();
  a.vocabulary = static_cast<int64_t>(logits.size());
  a.logits = logits.data();
  return a;
}

class Sample : public KernelTest {
 protected:
  // The ids that the filters leave.
  std::vector<int> kept(const px_sample_args& args) {
    std::vector<float> logprob(static_cast<size_t>(args.vocabulary), kNan);
    EXPECT_EQ(px_sample_distribution_f32(engine_, &args, logprob.data()), PX_OK) << last_error();
    std::vector<int> ids;
    double sum = 0;
    for (size_t i = 0; i < logprob.size(); ++i) {
      if (logprob[i] == -kInf) continue;
      ids.push_back(static_cast<int>(i));
      sum += std::exp(double{logprob[i]});
    }
    EXPECT_NEAR(sum, 1, 1e-6);
    return ids;
  }
};

// Random123's kat_vectors: philox4x32 with 10 rounds.
TEST(Philox, PublishedVectors) {
  struct Vector {
    uint32_t key[2], counter[4], output[4];
  };
  const Vector vectors[] = {
      {{0, 0}, {0, 0, 0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{0xffffffff, 0xffffffff},
       {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0xa4093822, 0x299f31d0},
       {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (const Vector& v : vectors) {
    uint32_t output[4] = {};
    ASSERT_EQ(px_philox4x32(v.key, v.counter, output), PX_OK);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(output[i], v.output[i]);
  }
  const uint32_t key[2] = {}, counter[4] = {};
  uint32_t output[4] = {};
  EXPECT_EQ(px_philox4x32(nullptr, counter, output), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_philox4x32(key, nullptr, output), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_philox4x32(key, counter, nullptr), PX_INVALID_ARGUMENT);
}

TEST(Philox, UniformMapsKeyAndCounterAsDocumented) {
  const uint32_t key[2] = {0x89abcdef, 0x01234567};
  const uint32_t counter[4] = {0x33333333, 0x22222222, 0x55555555, 0x44444444};
  uint32_t output[4] = {};
  ASSERT_EQ(px_philox4x32(key, counter, output), PX_OK);
  const uint64_t bits = (uint64_t{output[1]} << 32 | output[0]) >> 11;
  EXPECT_EQ(px::kernels::sample_uniform(0x0123456789abcdef, 0x4444444455555555, 0x2222222233333333),
            std::ldexp(static_cast<double>(bits), -53));
}

TEST_F(Sample, DrawsInProportionAndReportsTheLogProb) {
  const std::vector<float> logits{0, std::log(2.0f), std::log(5.0f), -kInf};
  px_sample_args args = row(logits);
  args.seed = 7;
  int counts[4] = {};
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) {
    args.index = static_cast<uint64_t>(i);
    int32_t token = -1;
    float logprob = kNan;
    ASSERT_EQ(px_sample_f32(engine_, &args, &token, &logprob), PX_OK) << last_error();
    ASSERT_GE(token, 0);
    ASSERT_LT(token, 4);
    ++counts[token];
    EXPECT_NEAR(logprob, logits[static_cast<size_t>(token)] - std::log(8.0), 1e-6);
  }
  // Five standard deviations; the seed is fixed, so the outcome is too.
  const double shares[] = {1.0 / 8, 2.0 / 8, 5.0 / 8, 0};
  for (int t = 0; t < 4; ++t)
    EXPECT_NEAR(counts[t] / double{kDraws}, shares[t], 5 * std::sqrt(shares[t] * (1 - shares[t]) / kDraws));
}

TEST_F(Sample, TakesTheFirstTokenWhoseCumulativeShareExceedsTheUniform) {
  const std::vector<float> logits = random_floats(31, 9, -3, 3);
  px_sample_args args = row(logits);
  args.temperature = 0.7;
  double total = 0;
  for (const float logit : logits) total += std::exp(logit / 0.7);
  for (uint64_t id = 0; id < 200; ++id) {
    args.sample_id = id;
    const double goal = px::kernels::sample_uniform(0, id, 0) * total;
    int32_t expected = 0;
    for (double cumulative = std::exp(logits[0] / 0.7); cumulative <= goal;)
      cumulative += std::exp(logits[static_cast<size_t>(++expected)] / 0.7);
    int32_t token = -1;
    ASSERT_EQ(px_sample_f32(engine_, &args, &token, nullptr), PX_OK);
    EXPECT_EQ(token, expected) << id;
  }
}

TEST_F(Sample, SeedSampleAndIndexEachGiveAnotherStream) {
  const std::vector<float> logits(1009, 0);
  const auto draws = [&](uint64_t seed, uint64_t id, uint64_t index) {
    std::vector<int32_t> tokens;
    px_sample_args args = row(logits);
    args.seed = seed;
    args.sample_id = id;
    for (args.index = index; args.index < index + 8; ++args.index) {
      tokens.push_back(-1);
      EXPECT_EQ(px_sample_f32(engine_, &args, &tokens.back(), nullptr), PX_OK);
    }
    return tokens;
  };
  EXPECT_EQ(draws(1, 2, 3), draws(1, 2, 3));
  EXPECT_NE(draws(1, 2, 3), draws(2, 2, 3));
  EXPECT_NE(draws(1, 2, 3), draws(1, 3, 3));
  EXPECT_NE(draws(1, 2, 3), draws(1, 2, 4));
  EXPECT_NE(draws(1, 2, 3), draws(uint64_t{1} << 32 | 1, 2, 3));
  EXPECT_NE(draws(1, 2, 3), draws(1, uint64_t{1} << 32 | 2, 3));
}

TEST_F(Sample, GreedyTakesTheLargestAndTheLowestIdOnATie) {
  const std::vector<float> logits{1, 3, 2, 3};
  px_sample_args args = row(logits);
  args.flags = PX_SAMPLE_GREEDY;
  int32_t token = -1;
  float logprob = kNan;
  ASSERT_EQ(px_sample_f32(engine_, &args, &token, &logprob), PX_OK);
  EXPECT_EQ(token, 1);
  EXPECT_NEAR(logprob, -std::log(2 + std::exp(-1.0) + std::exp(-2.0)), 1e-6);
  EXPECT_EQ(kept(args), std::vector<int>{1});
}

TEST_F(Sample, TopKKeepsTiesOfTheKth) {
  const std::vector<float> logits{1, 5, 3, 3, -kInf, 2};
  px_sample_args args = row(logits);
  args.top_k = 1;
  EXPECT_EQ(kept(args), (std::vector<int>{1}));
  args.top_k = 2;
  EXPECT_EQ(kept(args), (std::vector<int>{1, 2, 3}));
  args.top_k = 4;
  EXPECT_EQ(kept(args), (std::vector<int>{1, 2, 3, 5}));
  args.top_k = int64_t{1} << 40;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1, 2, 3, 5}));
}

TEST_F(Sample, TopPRemovesTheTailAndKeepsAtLeastOne) {
  // Probabilities 0.5, 0.25, 0.125, 0.125.
  const std::vector<float> logits{std::log(4.0f), std::log(2.0f), 0, 0};
  px_sample_args args = row(logits);
  args.top_p = 0.9;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1, 2, 3}));
  args.top_p = 0.8;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1, 3})) << "of equal logits the lowest id goes first";
  args.top_p = 0.6;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1}));
  args.top_p = 1e-9;
  EXPECT_EQ(kept(args), (std::vector<int>{0}));
  args.top_p = 1;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(Sample, MinPKeepsAShareOfTheLargest) {
  const std::vector<float> logits{0, std::log(0.5f), std::log(0.05f), -kInf};
  px_sample_args args = row(logits);
  args.min_p = 0.1;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1}));
  args.min_p = 1;
  EXPECT_EQ(kept(args), (std::vector<int>{0}));
  args.min_p = 0.04;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1, 2}));
}

TEST_F(Sample, FiltersSeeWhatTheOneBeforeLeft) {
  // After top-k 2 the two are 2/3 and 1/3: top-p 0.6 removes the second, which it would keep of all (0.5, 0.25, ...).
  const std::vector<float> logits{std::log(4.0f), std::log(2.0f), 0, 0};
  px_sample_args args = row(logits);
  args.top_p = 0.6;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1}));
  args.top_k = 2;
  EXPECT_EQ(kept(args), (std::vector<int>{0}));
  // Temperature comes first: at T 0.5 the probabilities are 16, 4, 1, 1 of 22.
  args = row(logits);
  args.temperature = 0.5;
  args.min_p = 0.2;
  EXPECT_EQ(kept(args), (std::vector<int>{0, 1}));
}

TEST_F(Sample, FilteredDrawsStayInTheSetAndReportTheUnfilteredLogProb) {
  const std::vector<float> logits{std::log(4.0f), std::log(2.0f), 0, 0};
  px_sample_args args = row(logits);
  args.top_k = 2;
  bool seen[2] = {};
  for (args.index = 0; args.index < 64; ++args.index) {
    int32_t token = -1;
    float logprob = kNan;
    ASSERT_EQ(px_sample_f32(engine_, &args, &token, &logprob), PX_OK);
    ASSERT_TRUE(token == 0 || token == 1);
    seen[token] = true;
    EXPECT_NEAR(logprob, logits[static_cast<size_t>(token)] - std::log(8.0), 1e-6);
  }
  EXPECT_TRUE(seen[0] && seen[1]);
}

TEST_F(Sample, TopPOfManyTokensIsThatOfASortOfAll) {
  const std::vector<float> logits = random_floats(5003, 12, -6, 6);
  std::vector<int> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](int i) { return logits[static_cast<size_t>(i)]; });
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  px_sample_args args = row(logits);
  for (const double top_p : {0.05, 0.5, 0.9, 0.99, 0.99999}) {
    args.top_p = top_p;
    size_t removed = 0;
    for (double tail = 0; removed + 1 < order.size(); ++removed) {
      tail += std::exp(double{logits[static_cast<size_t>(order[removed])]}) / total;
      if (tail > 1 - top_p) break;
    }
    std::vector<int> expected(order.begin() + static_cast<int64_t>(removed), order.end());
    std::ranges::sort(expected);
    EXPECT_EQ(kept(args), expected) << top_p;
  }
}

// Rows of a vocabulary that is no whole number of blocks.
struct SampleLogits {
  const char* name;
  std::vector<float> logits;
};

std::vector<SampleLogits> rows_of_logits() {
  constexpr int64_t kVocabulary = 30011;
  std::mt19937 random(5);
  std::vector<float> normal, steps = random_floats(kVocabulary, 6, -12, 12), holes = random_floats(kVocabulary, 7, -9, 9);
  for (int64_t i = 0; i < kVocabulary; ++i) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) sum += static_cast<double>(random()) / 4294967296.0;
    normal.push_back(static_cast<float>(3 * (sum - 6)));
  }
  for (float& z : steps) z = std::round(z);
  for (size_t i = 0; i < holes.size(); ++i)
    if (i % 3 != 1) holes[i] = -kInf;
  // The small shares have errors of one sign, the large one has none.
  std::vector<float> one_of_many(kVocabulary, -6.998f);
  one_of_many.back() = 0;
  return {{"normal", normal},
          {"one of many", one_of_many},
          {"uniform", random_floats(kVocabulary, 8, -8, 8)},
          {"flat", std::vector<float>(kVocabulary, 3.25f)},
          {"ties", steps},
          {"holes", holes},
          {"far apart", random_floats(kVocabulary, 9, -3e4, 3e4)}};
}

// The same tokens at every level, though vectors of floats take part in finding them: a row is flat enough for some of
// the draws to come within their error of another token.
TEST(SampleLevels, DrawWhatTheReferenceDraws) {
  struct Filters {
    int64_t top_k;
    double top_p, min_p;
    int draws;
  };
  const Filters filters[] = {{0, 1, 0, 600},  {1, 1, 0, 20},    {50, 1, 0, 30},   {50, 0.95, 0, 30}, {400, 0.9, 0.05, 20},
                             {0, 0.8, 0, 6}, {0, 1, 0.01, 30}, {5000, 0.7, 0, 6}, {0, 0.9, 0.1, 6},  {0, 1, 1, 6}};
  for (const px::Isa isa : px::usable_isas()) {
    if (isa == px::Isa::kScalar) continue;
    for (const auto& [name, logits] : rows_of_logits()) {
      for (const Filters& f : filters) {
        px_sample_args args = row(logits);
        args.top_k = f.top_k, args.top_p = f.top_p, args.min_p = f.min_p;
        args.seed = 3;
        for (int i = 0; i < f.draws; ++i) {
          args.temperature = i % 2 == 0 ? 1 : 0.7;
          args.index = static_cast<uint64_t>(i);
          float expected_logprob = kNan, logprob = kNan;
          const int32_t expected = px::kernels::sample_ref(args, &expected_logprob);
          ASSERT_EQ(px::kernels::sample_cpu(isa, args, &logprob), expected)
              << name << ", top-k " << f.top_k << ", top-p " << f.top_p << ", min-p " << f.min_p << ", draw " << i;
          ASSERT_NEAR(logprob, expected_logprob, 1e-6 * std::max(1.f, std::abs(expected_logprob)));
        }
      }
    }
  }
}

TEST_F(Sample, ExtremeLogitsAndTemperatures) {
  const std::vector<float> logits{3e38f, -3e38f, 1e4f};
  for (const double temperature : {1e-300, 1.0, 1e300}) {
    px_sample_args args = row(logits);
    args.temperature = temperature;
    int32_t token = -1;
    float logprob = kNan;
    ASSERT_EQ(px_sample_f32(engine_, &args, &token, &logprob), PX_OK) << last_error();
    EXPECT_FALSE(std::isnan(logprob));
    if (temperature < 2) {
      EXPECT_EQ(token, 0);
      EXPECT_EQ(logprob, 0);
    } else {
      EXPECT_NEAR(logprob, -std::log(3.0), 1e-6) << "uniform";
    }
  }
}

TEST_F(Sample, NothingToDrawFromIsAnError) {
  int32_t token = -1;
  for (const std::vector<float>& logits :
       {std::vector<float>{0, kNan}, std::vector<float>{0, kInf}, std::vector<float>{-kInf, -kInf}}) {
    const px_sample_args args = row(logits);
    EXPECT_EQ(px_sample_f32(engine_, &args, &token, nullptr), PX_NOT_FINITE);
    expect_error_with("px_sample_f32: logits");
    std::vector<float> logprob(2);
    EXPECT_EQ(px_sample_distribution_f32(engine_, &args, logprob.data()), PX_NOT_FINITE);
  }
  EXPECT_EQ(token, -1);
}

TEST_F(Sample, RefusesBadArguments) {
  const std::vector<float> logits{0, 1};
  const px_sample_args good = row(logits);
  int32_t token = -1;
  const auto status = [&](auto&& change) {
    px_sample_args args = good;
    change(args);
    return px_sample_f32(engine_, &args, &token, nullptr);
  };
  EXPECT_EQ(px_sample_f32(nullptr, &good, &token, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_sample_f32(engine_, nullptr, &token, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_sample_f32(engine_, &good, nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_sample_distribution_f32(engine_, &good, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 12; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.logits = nullptr; }), PX_INVALID_ARGUMENT);
  for (const int64_t vocabulary : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.vocabulary = vocabulary; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.vocabulary = 0; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.top_k = -1; }), PX_INVALID_ARGUMENT);
  for (const double bad : {-0.1, double{kNan}, double{kInf}})
    EXPECT_EQ(status([&](auto& a) { a.temperature = bad; }), PX_INVALID_ARGUMENT);
  for (const double bad : {-0.1, 1.5, double{kNan}}) {
    EXPECT_EQ(status([&](auto& a) { a.top_p = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.min_p = bad; }), PX_INVALID_ARGUMENT);
  }
}

}  // namespace
