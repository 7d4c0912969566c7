// Tokens drawn from hidden states and the head, beside those that are drawn from the rows of logits: the same tokens,
// and scores of the same bits, whatever is drawn beside them.
#include "kernels/sample/head_sample.h"

#include "base/isa.h"
#include "head_test.h"
#include "kernels/sample/sample.h"
#include "kernels/sample/shares.h"

using namespace px;
using namespace px::kernels;
using namespace px::test;

namespace {

class HeadSample : public testing::TestWithParam<std::tuple<Isa, px_dtype>> {
 protected:
  struct Drawn {
    std::vector<int32_t> tokens;
    std::vector<LogitScore> scores;
  };

  Cpu cpu(Pool& pool) const { return {std::get<0>(GetParam()), pool}; }
  px_dtype dtype() const { return std::get<1>(GetParam()); }

  static px_sample_args draw_of(const HeadProblem& p, uint64_t id) {
    auto draw = make_args<px_sample_args>();
    draw.vocabulary = p.vocabulary;
    draw.seed = 11;
    draw.sample_id = id;
    draw.index = id % 3;
    return with_defaults(draw);
  }

  static std::vector<px_sample_args> draws_of(const HeadProblem& p) {
    std::vector<px_sample_args> draws;
    for (int64_t i = 0; i < p.n; ++i) {
      px_sample_args draw = draw_of(p, static_cast<uint64_t>(i));
      if (i % 5 == 1) draw.flags = PX_SAMPLE_GREEDY;
      if (i % 3 == 1) draw.temperature = 0.6;
      if (i % 3 == 2) draw.temperature = 1.7;
      draws.push_back(draw);
    }
    return draws;
  }

  Drawn draw(const Cpu& cpu, HeadProblem& p, std::span<const px_sample_args> draws, int64_t first = 0) const {
    const auto n = static_cast<int64_t>(draws.size());
    Drawn drawn{std::vector<int32_t>(draws.size(), -7), std::vector<LogitScore>(draws.size(), {kNan, kNan})};
    void* const workspace = p.workspace.of(head_sample_workspace(p.packed, n));
    head_sample(cpu, {p.args(first, n, 1, false).hidden, p.packed, draws, workspace}, drawn.tokens, drawn.scores);
    return drawn;
  }

  std::vector<float> logits_of(const Cpu& cpu, HeadProblem& p) const {
    std::vector<float> logits(static_cast<size_t>(p.n * p.vocabulary));
    GemmArgs product;
    product.x = rows_of(p.args(0, p.n, 1, false).hidden, p.n, p.size, p.dtype);
    product.weights = p.packed;
    product.out = logits.data();
    product.out_stride = p.vocabulary;
    gemm(cpu, product);
    return logits;
  }

  static void repack(const Cpu& cpu, HeadProblem& p) {
    p.packed = gemm_pack(cpu, {p.head.data(), PX_DTYPE_F32, p.size, 1}, {nullptr, p.vocabulary, p.size, p.dtype},
                         p.words.data());
  }

  // All that is drawn is what the logits give; returns how many were drawn.
  int64_t expect_of_logits(const Cpu& cpu, HeadProblem& p, std::span<const px_sample_args> draws) const {
    const std::vector<float> logits = logits_of(cpu, p);
    const Drawn drawn = draw(cpu, p, draws);
    int64_t count = 0;
    for (size_t i = 0; i < draws.size(); ++i) {
      if (drawn.tokens[i] == kUndecided) continue;
      ++count;
      px_sample_args args = draws[i];
      args.logits = logits.data() + static_cast<int64_t>(i) * p.vocabulary;
      EXPECT_EQ(drawn.tokens[i], sample_ref(args, nullptr)) << "row " << i;
      const LogitScore score = score_logits(cpu.isa, args.logits, p.vocabulary, args.temperature, drawn.tokens[i]);
      EXPECT_EQ(drawn.scores[i].logprob, score.logprob) << "row " << i;
      EXPECT_EQ(drawn.scores[i].entropy, score.entropy) << "row " << i;
    }
    return count;
  }
};

TEST_P(HeadSample, DrawsWhatTheLogitsGive) {
  for (const int threads : {1, 2}) {
    Pool pool(threads);
    for (const auto& [n, size, vocabulary] :
         {std::tuple{1, 33, 37}, {7, 64, 512}, {70, 16, 1003}, {130, 9, 64}, {9, 33, 5000}, {600, 8, 300}}) {
      HeadProblem p(cpu(pool), n, size, vocabulary, dtype());
      EXPECT_EQ(expect_of_logits(cpu(pool), p, draws_of(p)), n)
          << n << " of " << vocabulary << ", " << threads << " threads";
    }
  }
}

TEST_P(HeadSample, ARowIsDrawnAloneAsAmongOthers) {
  Pool pool(2);
  HeadProblem p(cpu(pool), 40, 33, 1100, dtype());
  const std::vector<px_sample_args> draws = draws_of(p);
  const Drawn together = draw(cpu(pool), p, draws);
  for (size_t i = 0; i < draws.size(); ++i) {
    const Drawn alone = draw(cpu(pool), p, {&draws[i], 1}, static_cast<int64_t>(i));
    EXPECT_EQ(alone.tokens[0], together.tokens[i]);
    EXPECT_EQ(alone.scores[0].logprob, together.scores[i].logprob);
    EXPECT_EQ(alone.scores[0].entropy, together.scores[i].entropy);
  }
}

// Of tokens with the same logits the first is the largest, wherever a chunk or block ends.
TEST_P(HeadSample, GreedyTakesTheLowestIdOnATie) {
  Pool pool(2);
  for (const int64_t first : {0, 63, 64, 511, 512, 700}) {
    HeadProblem p(cpu(pool), 1, 16, 1200, dtype());
    std::ranges::fill(p.hidden, 1.0f);
    for (auto& bits : p.hidden_bf16) bits = to_bf16(1.0f);
    for (int64_t i = 0; i < p.vocabulary * p.size; ++i)
      p.head[static_cast<size_t>(i)] = i / p.size == first || i / p.size >= 710 ? 2.0f : 1.0f;
    repack(cpu(pool), p);
    px_sample_args greedy = draw_of(p, 1);
    greedy.flags = PX_SAMPLE_GREEDY;
    EXPECT_EQ(draw(cpu(pool), p, {&greedy, 1}).tokens[0], first);
  }
}

// Where all tokens have the same share, goals that come near a multiple of it cannot be told apart in vectors.
TEST_P(HeadSample, LeavesADrawAtTheEdgeOfATokenUndecided) {
  Pool pool(2);
  HeadProblem p(cpu(pool), 40, 8, 4099, dtype());
  std::ranges::fill(p.head, 0.5f);
  repack(cpu(pool), p);
  std::vector<px_sample_args> draws;
  size_t near = 0;
  for (uint64_t id = 0; draws.size() < 40; ++id) {
    const px_sample_args draw = draw_of(p, id);
    const double goal = sample_uniform(draw.seed, draw.sample_id, draw.index) * static_cast<double>(p.vocabulary);
    const double apart = std::abs(goal - std::round(goal));
    // Sums of 4099 shares within 2.1 x 2^-32: 2e-6.
    const bool wanted = apart < 1e-6, other = apart > 4e-6 && draws.size() < 36;
    near += wanted ? 1 : 0;
    if (wanted || other) draws.push_back(draw);
  }
  const int64_t drawn = expect_of_logits(cpu(pool), p, draws);
  EXPECT_EQ(drawn, static_cast<int64_t>(draws.size() - near));
}

TEST_P(HeadSample, TakesNoFiltersAndNoBoundlessTemperatures) {
  Pool pool(2);
  HeadProblem p(cpu(pool), 8, 8, 100, dtype());
  std::vector<px_sample_args> draws(8, draw_of(p, 1));
  draws[1].top_k = 5;
  draws[2].top_p = 0.9;
  draws[3].min_p = 0.1;
  draws[5].temperature = 1e-31;
  draws[6].temperature = 1e31;
  const Drawn drawn = draw(cpu(pool), p, draws);
  for (const size_t row : {1u, 2u, 3u, 5u, 6u}) {
    EXPECT_EQ(drawn.tokens[row], kUndecided) << row;
    EXPECT_EQ(drawn.scores[row].logprob, 0.0f);
    EXPECT_EQ(drawn.scores[row].entropy, 0.0f);
  }
  EXPECT_EQ(expect_of_logits(cpu(pool), p, draws), 3) << "beside them";
}

TEST_P(HeadSample, RowsThatAreNotFiniteGiveNoToken) {
  Pool pool(2);
  HeadProblem p(cpu(pool), 6, 8, 700, dtype());
  const auto set = [&](int64_t row, float value) {
    p.hidden[static_cast<size_t>(row * p.size + 2)] = value;
    p.hidden_bf16[static_cast<size_t>(row * p.size + 2)] = to_bf16(value);
  };
  set(1, kNan);
  set(3, kInf);
  set(4, -kInf);
  std::vector<px_sample_args> draws;
  for (uint64_t i = 0; i < 6; ++i) draws.push_back(draw_of(p, i));
  draws[4].flags = PX_SAMPLE_GREEDY;
  const Drawn drawn = draw(cpu(pool), p, draws);
  for (const size_t row : {1u, 3u, 4u}) {
    EXPECT_EQ(drawn.tokens[row], kNoToken) << row;
    EXPECT_EQ(drawn.scores[row].logprob, 0.0f);
  }
  for (const size_t row : {0u, 2u, 5u}) EXPECT_GE(drawn.tokens[row], 0) << row;
}

// Tokens whose logit is -inf are never drawn, a whole chunk of them included; where there are no others nothing is.
TEST_P(HeadSample, LeavesOutLogitsOfMinusInfinity) {
  Pool pool(2);
  HeadProblem p(cpu(pool), 64, 8, 1500, dtype());
  for (auto& value : p.hidden) value = std::abs(value) + 0.5f;
  for (size_t i = 0; i < p.hidden.size(); ++i) p.hidden_bf16[i] = to_bf16(p.hidden[i]);
  const auto left_out = [](int64_t token) { return token < 600 || token % 3 == 1; };
  for (int64_t token = 0; token < p.vocabulary; ++token)
    if (left_out(token)) p.head[static_cast<size_t>(token * p.size)] = -kInf;
  repack(cpu(pool), p);
  std::vector<px_sample_args> draws;
  for (uint64_t i = 0; i < 64; ++i) draws.push_back(draw_of(p, i));
  draws[5].flags = PX_SAMPLE_GREEDY;
  const std::vector<float> logits = logits_of(cpu(pool), p);
  const Drawn drawn = draw(cpu(pool), p, draws);
  for (size_t i = 0; i < draws.size(); ++i) {
    draws[i].logits = logits.data() + static_cast<int64_t>(i) * p.vocabulary;
    EXPECT_EQ(drawn.tokens[i], sample_ref(draws[i], nullptr));
    EXPECT_FALSE(left_out(drawn.tokens[i]));
  }
  for (int64_t token = 0; token < p.vocabulary; ++token) p.head[static_cast<size_t>(token * p.size)] = -kInf;
  repack(cpu(pool), p);
  for (const int32_t token : draw(cpu(pool), p, draws).tokens) EXPECT_EQ(token, kNoToken);
}

std::vector<Isa> vector_isas() {
  std::vector<Isa> isas = usable_isas();
  std::erase(isas, Isa::kScalar);
  return isas;
}

INSTANTIATE_TEST_SUITE_P(All, HeadSample,
                         testing::Combine(testing::ValuesIn(vector_isas()),
                                          testing::Values(PX_DTYPE_F32, PX_DTYPE_BF16)),
                         [](const auto& level) {
                           return std::string(name_of(std::get<0>(level.param))) +
                                  (std::get<1>(level.param) == PX_DTYPE_F32 ? "F32" : "Bf16");
                         });

TEST(HeadSampleOfTheReference, SeesItsLogits) {
  Pool pool(1);
  const Cpu scalar{Isa::kScalar, pool};
  HeadProblem p(scalar, 1, 8, 100, PX_DTYPE_F32);
  auto draw = make_args<px_sample_args>();
  draw.vocabulary = 100;
  draw = with_defaults(draw);
  int32_t token = -7;
  LogitScore score{};
  Aligned workspace;
  head_sample(scalar, {p.hidden.data(), p.packed, {&draw, 1}, workspace.of(head_sample_workspace(p.packed, 1))},
              {&token, 1}, {&score, 1});
  EXPECT_EQ(token, kUndecided);
}

// Sums of shares beside sums in double of the standard library, as far as the error that draws reckon with.
TEST(Shares, AreWithinTheirError) {
  for (const Isa isa : vector_isas()) {
    const ShareKernels kernels = share_kernels(isa);
    double most = 0;
    for (const int64_t n : {1, 15, 64, 100, 1000}) {
      for (const double temperature : {0.03, 1.0, 17.0}) {
        std::vector<float> logits = random_floats(n, 3, -20, 4);
        if (n > 20) logits[20] = -kInf;
        std::vector<double> sums(static_cast<size_t>(sample_blocks(n)), -1);
        kernels.sums(logits.data(), n, 4, temperature, sums.data());
        for (size_t block = 0; block < sums.size(); ++block) {
          double expected = 0;
          for (size_t i = 64 * block; i < std::min<size_t>(64 * block + 64, logits.size()); ++i)
            expected += std::exp((double{logits[i]} - 4) / temperature);
          most = std::max(most, std::abs(sums[block] / expected - 1));
        }
      }
    }
    EXPECT_LT(most, kShareError) << name_of(isa);
    EXPECT_GT(most, 0x1p-45) << "it is measured";
  }
}

}  // namespace
