// Log-probs, entropies and the policy loss from hidden states and the head, through the internal interface: against
// sums in double, against central differences, and with the same bits whatever is computed beside a row.
#include "kernels/fused_policy_loss/fused_policy_loss.h"

#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/isa.h"
#include "head_test.h"
#include "kernels/policy_loss/policy_loss.h"

using namespace px;
using namespace px::kernels;
using namespace px::test;

namespace {

struct Exact {
  double logprob, entropy, lse;
};

Exact exact(const HeadProblem& p, int64_t row, double temperature, const std::vector<double>& hidden,
            const std::vector<double>& head) {
  std::vector<double> z(static_cast<size_t>(p.vocabulary));
  for (int64_t v = 0; v < p.vocabulary; ++v) {
    double sum = 0;
    for (int64_t k = 0; k < p.size; ++k)
      sum += hidden[static_cast<size_t>(row * p.size + k)] * head[static_cast<size_t>(v * p.size + k)];
    z[static_cast<size_t>(v)] = sum / temperature;
  }
  const double most = *std::ranges::max_element(z);
  double total = 0;
  for (const double value : z) total += std::exp(value - most);
  Exact e{0, 0, most + std::log(total)};
  for (const double value : z) e.entropy -= std::exp(value - e.lse) * (value - e.lse);
  e.logprob = z[static_cast<size_t>(p.target[static_cast<size_t>(row)])] - e.lse;
  return e;
}

// Upstream gradients given beforehand.
class Given final : public HeadObjective {
 public:
  Given(const std::vector<float>& logprob, const std::vector<float>& entropy) : logprob_(logprob), entropy_(entropy) {}
  void operator()(int64_t first, int64_t count, const float*, const float*, float* d_logprob, float* d_entropy) override {
    std::copy_n(logprob_.data() + first, count, d_logprob);
    std::copy_n(entropy_.data() + first, count, d_entropy);
  }

 private:
  const std::vector<float>& logprob_;
  const std::vector<float>& entropy_;
};

class HeadLevels : public testing::TestWithParam<std::tuple<Isa, px_dtype>> {
 protected:
  Cpu cpu(Pool& pool) const { return {std::get<0>(GetParam()), pool}; }
  px_dtype dtype() const { return std::get<1>(GetParam()); }
  bool scalar() const { return std::get<0>(GetParam()) == Isa::kScalar; }
};

TEST_P(HeadLevels, GivesLogProbsAndEntropies) {
  Pool pool(2);
  for (const auto& [n, size, vocabulary] : {std::tuple<int64_t, int64_t, int64_t>{1, 3, 1}, {3, 8, 7}, {9, 16, 130},
                                            {70, 24, 511}, {5, 64, 513}, {2, 40, 1500}})
    for (const double temperature : {1.0, 0.7}) {
      HeadProblem p(cpu(pool), n, size, vocabulary, dtype());
      std::vector<float> logprob(static_cast<size_t>(n)), entropy(logprob), lse(logprob);
      head_logprob(cpu(pool), p.args(0, n, temperature, false), {logprob.data(), entropy.data(), lse.data()});
      for (int64_t i = 0; i < n; ++i) {
        const Exact e = exact(p, i, temperature, doubles(p.hidden), doubles(p.head));
        const auto at = static_cast<size_t>(i);
        expect_close(logprob[at], e.logprob, 3e-6, "logprob");
        expect_close(entropy[at], e.entropy, 3e-6, "entropy");
        expect_close(lse[at], e.lse, 1e-6, "lse");
        EXPECT_LE(logprob[at], 0);
      }
    }
}

TEST_P(HeadLevels, ARowsNumbersAreItsOwn) {
  Pool one(1), two(2), three(3);
  const int64_t n = scalar() ? 64 : 1030;
  HeadProblem p(cpu(one), n, 32, 1100, dtype());
  const auto run = [&](Pool& pool, int64_t first, int64_t count, bool gradients) {
    std::vector<float> out(static_cast<size_t>(3 * count));
    const HeadOutputs to{out.data(), out.data() + count, out.data() + 2 * count};
    if (!gradients) {
      head_logprob(cpu(pool), p.args(first, count, 1, false), to);
      return out;
    }
    // The same numbers where the logits are kept.
    std::vector<float> zeros(static_cast<size_t>(count)), hidden(static_cast<size_t>(count * p.size));
    Given objective(zeros, zeros);
    head_gradient(cpu(pool), p.args(first, count, 1, true), to, objective, {hidden.data(), nullptr, false, false});
    return out;
  };
  const std::vector<float> expected = run(one, 0, n, false);
  for (const int64_t m : {1, 2, 3, 7, 8, 31, 64, 257, 1024}) {
    if (m > n) continue;
    for (Pool* pool : {&one, &two, &three})
      for (const bool gradients : {false, true}) {
        const int64_t first = n - m;
        const std::vector<float> out = run(*pool, first, m, gradients);
        for (int64_t part = 0; part < 3; ++part)
          ASSERT_EQ(std::memcmp(out.data() + part * m, expected.data() + part * n + first,
                                static_cast<size_t>(m) * sizeof(float)), 0)
              << m << " rows, " << pool->threads() << " threads, output " << part << (gradients ? ", kept" : "");
      }
  }
}

// d sum(a logprob + b entropy) against central differences of the sums in double.
TEST_P(HeadLevels, GradientsAreThoseOfDifferences) {
  Pool pool(2);
  for (const double temperature : {1.0, 1.6}) {
    HeadProblem p(cpu(pool), 5, 6, 530, dtype());
    const std::vector<float> a = random_floats(5, 21, -1, 1), b = random_floats(5, 22, -1, 1);
    std::vector<float> d_hidden(30, 0.25f), d_head(530 * 6, -0.5f);
    Given objective(a, b);
    head_gradient(cpu(pool), p.args(0, 5, temperature, true), {}, objective, {d_hidden.data(), d_head.data(), true, true});
    const auto value = [&](const std::vector<double>& hidden, const std::vector<double>& head) {
      double sum = 0;
      for (int64_t i = 0; i < 5; ++i) {
        const Exact e = exact(p, i, temperature, hidden, head);
        sum += a[static_cast<size_t>(i)] * e.logprob + b[static_cast<size_t>(i)] * e.entropy;
      }
      return sum;
    };
    std::vector<double> hidden = doubles(p.hidden), head = doubles(p.head);
    // bf16: each slope of a logit is rounded to 8 bits.
    const double tolerance = dtype() == PX_DTYPE_BF16 ? 6e-3 : 2e-6;
    const auto difference = [&](double& at) {
      const double kept = at;
      at = kept + 1e-5;
      const double above = value(hidden, head);
      at = kept - 1e-5;
      const double below = value(hidden, head);
      at = kept;
      return (above - below) / 2e-5;
    };
    for (size_t i = 0; i < hidden.size(); ++i)
      EXPECT_NEAR(d_hidden[i] - 0.25, difference(hidden[i]), tolerance) << "hidden " << i;
    for (size_t i = 0; i < head.size(); i += 37)
      EXPECT_NEAR(d_head[i] + 0.5, difference(head[i]), tolerance) << "head " << i;
  }
}

// More rows than a block, and an odd number of them: the gradients are those of the rows one by one.
TEST_P(HeadLevels, AddsGradientsOverBlocks) {
  Pool one(1), two(2);
  const int64_t n = 261;
  if (scalar()) return;  // minutes, and nothing that the vectors do not do
  HeadProblem p(cpu(one), n, 20, 700, dtype());
  const std::vector<float> a = random_floats(n, 23, -1, 1), b = random_floats(n, 24, -1, 1);
  const auto run = [&](Pool& pool, std::vector<float>& d_hidden, std::vector<float>& d_head) {
    Given objective(a, b);
    d_hidden.assign(static_cast<size_t>(n * 20), kNan);
    d_head.assign(700 * 20, kNan);
    head_gradient(cpu(pool), p.args(0, n, 1, true), {}, objective, {d_hidden.data(), d_head.data(), false, false});
  };
  std::vector<float> hidden1, head1, hidden2, head2;
  run(one, hidden1, head1);
  run(two, hidden2, head2);
  EXPECT_EQ(hidden1, hidden2);
  EXPECT_EQ(head1, head2);
  std::vector<double> sum(700 * 20);
  for (int64_t i = 0; i < n; ++i) {
    const std::vector<float> ai{a[static_cast<size_t>(i)]}, bi{b[static_cast<size_t>(i)]};
    Given objective(ai, bi);
    std::vector<float> d_hidden(20), d_head(700 * 20);
    head_gradient(cpu(one), p.args(i, 1, 1, true), {}, objective, {d_hidden.data(), d_head.data(), false, false});
    for (size_t k = 0; k < 20; ++k) ASSERT_EQ(d_hidden[k], hidden1[static_cast<size_t>(i) * 20 + k]) << i;
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += d_head[k];
  }
  for (size_t k = 0; k < sum.size(); ++k) ASSERT_NEAR(head1[k], sum[k], 1e-5 * std::max(1.0, std::abs(sum[k])));
}

// The same as the parts: log-probs, policy_loss, and the gradients that follow from its own.
TEST_P(HeadLevels, TheFusedLossIsTheLossOfTheParts) {
  Pool pool(2);
  const int64_t n = scalar() ? 20 : 300;
  HeadProblem p(cpu(pool), n, 24, 600, dtype());
  std::vector<float> logprob(static_cast<size_t>(n)), entropy(logprob), old = logprob, gradient = logprob;
  head_logprob(cpu(pool), p.args(0, n, 1, false), {logprob.data(), entropy.data(), nullptr});
  const std::vector<float> shift = random_floats(n, 31, -0.5, 0.5), advantage = random_floats(n, 32, -2, 2);
  std::vector<float> weight = random_floats(n, 33, 0.5, 1.5);
  for (size_t i = 0; i < old.size(); ++i) {
    old[i] = logprob[i] + shift[i];
    if (i % 5 == 3) weight[i] = 0;
  }
  auto policy = make_args<px_policy_loss_args>();
  policy.count = n;
  policy.logprob = logprob.data();
  policy.old_logprob = policy.ref_logprob = old.data();
  policy.advantage = advantage.data();
  policy.weight = weight.data();
  policy.normalizer = 17;
  policy.kl_coefficient = 0.1;
  policy.gradient = gradient.data();
  px_policy_metrics expected;
  policy_loss(cpu(pool), policy, expected);
  std::vector<float> d_entropy(static_cast<size_t>(n));
  double entropy_sum = 0;
  for (size_t i = 0; i < d_entropy.size(); ++i) {
    d_entropy[i] = static_cast<float>(-0.02 / 17 * weight[i]);
    entropy_sum += double{weight[i]} * entropy[i];
  }
  std::vector<float> d_hidden(static_cast<size_t>(n * 24)), d_head(600 * 24), fused_hidden = d_hidden, fused_head = d_head;
  Given objective(gradient, d_entropy);
  head_gradient(cpu(pool), p.args(0, n, 1, true), {}, objective, {d_hidden.data(), d_head.data(), false, false});

  FusedPolicyLossArgs fused{p.args(0, n, 1, true), policy, 0.02};
  std::vector<float> fused_gradient(static_cast<size_t>(n)), fused_logprob(fused_gradient);
  fused.policy.logprob = nullptr;
  fused.policy.gradient = fused_gradient.data();
  FusedPolicyMetrics metrics;
  fused_policy_loss(cpu(pool), fused, {fused_logprob.data(), nullptr, nullptr}, {fused_hidden.data(), fused_head.data(), false, false},
                    metrics);
  EXPECT_EQ(fused_logprob, logprob);
  EXPECT_EQ(fused_gradient, gradient);
  EXPECT_EQ(fused_hidden, d_hidden);
  EXPECT_EQ(fused_head, d_head);
  EXPECT_EQ(metrics.policy.tokens, expected.tokens);
  EXPECT_EQ(metrics.policy.clipped, expected.clipped);
  EXPECT_EQ(metrics.policy.ratio_max, expected.ratio_max);
  expect_close(metrics.policy.loss, expected.loss, 1e-12);
  expect_close(metrics.policy.approx_kl_k3, expected.approx_kl_k3, 1e-12);
  expect_close(metrics.entropy, entropy_sum, 1e-12);
}

TEST_P(HeadLevels, NamesTheFirstRowWhoseLogitsAreNotFinite) {
  Pool pool(2);
  HeadProblem p(cpu(pool), 5, 8, 600, dtype());
  p.hidden[3 * 8 + 2] = kInf;
  p.hidden_bf16[3 * 8 + 2] = to_bf16(kInf);
  std::vector<float> logprob(5), entropy(5), d_hidden(40), old(5, -1.f), advantage(5, 1.f);
  head_logprob(cpu(pool), p.args(0, 5, 1, false), {logprob.data(), entropy.data(), nullptr});
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(std::isnan(logprob[i]), i == 3) << i;
    EXPECT_EQ(std::isnan(entropy[i]), i == 3) << i;
  }
  FusedPolicyLossArgs fused{p.args(0, 5, 1, true), make_args<px_policy_loss_args>(), 0};
  fused.policy.count = 5;
  fused.policy.old_logprob = old.data();
  fused.policy.advantage = advantage.data();
  fused.policy.normalizer = 1;
  FusedPolicyMetrics metrics;
  try {
    fused_policy_loss(cpu(pool), fused, {}, {d_hidden.data(), nullptr, false, false}, metrics);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("logprob[3]"), std::string::npos) << error.what();
  }
}

TEST(Head, TheWorkspaceIsBounded) {
  const Packed smollm{nullptr, 49152, 576, PX_DTYPE_BF16}, qwen{nullptr, 151936, 1024, PX_DTYPE_BF16};
  for (const Packed& head : {smollm, qwen})
    for (const int64_t rows : {int64_t{1}, int64_t{1024}, int64_t{1} << 20})
      for (const bool gradients : {false, true}) EXPECT_LE(head_workspace(head, rows, gradients), uint64_t{64} << 20);
}

INSTANTIATE_TEST_SUITE_P(All, HeadLevels,
                         testing::Combine(testing::ValuesIn(usable_isas()), testing::Values(PX_DTYPE_F32, PX_DTYPE_BF16)),
                         [](const auto& level) {
                           return std::string(name_of(std::get<0>(level.param))) +
                                  (std::get<1>(level.param) == PX_DTYPE_F32 ? "F32" : "Bf16");
                         });

}  // namespace
