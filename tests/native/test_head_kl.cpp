// The KL between two heads over the vocabulary: against sums in double, against central differences, where it is tiny and
// where it is large, and with the same bits whatever is computed beside a row.
#include "kernels/head_kl/head_kl.h"

#include "base/isa.h"
#include "head_test.h"

using namespace px;
using namespace px::test;

namespace {

// A policy and a reference with hidden states of their own sizes.
struct Pair {
  Pair(const Cpu& cpu, int64_t n, int64_t size, int64_t reference_size, int64_t vocabulary, px_dtype dtype)
      : policy(cpu, n, size, vocabulary, dtype, 1), reference(cpu, n, reference_size, vocabulary, dtype, 11) {}

  HeadKlArgs args(int64_t first, int64_t count, double temperature, bool gradients) {
    const HeadArgs p = policy.args(first, count, temperature, false), q = reference.args(first, count, temperature, false);
    HeadKlArgs a;
    a.n = count;
    a.policy = {p.hidden, p.hidden_stride, p.head};
    a.reference = {q.hidden, q.hidden_stride, q.head};
    a.head_transposed = p.head_transposed;
    a.temperature = temperature;
    a.workspace = workspace.of(head_kl_workspace(p.head, count, gradients));
    return a;
  }

  HeadProblem policy, reference;
  Aligned workspace;
};

// log softmax(hidden head^T / T) of a row.
std::vector<double> log_probs(const HeadProblem& p, int64_t row, double temperature, const std::vector<double>& hidden,
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
  for (double& value : z) value -= most + std::log(total);
  return z;
}

double exact(const Pair& pair, int64_t row, double temperature, const std::vector<double>& hidden,
             const std::vector<double>& head) {
  const std::vector<double> p = log_probs(pair.policy, row, temperature, hidden, head);
  const std::vector<double> q = log_probs(pair.reference, row, temperature, doubles(pair.reference.hidden),
                                          doubles(pair.reference.head));
  double kl = 0;
  for (size_t j = 0; j < p.size(); ++j) kl += std::exp(p[j]) * (p[j] - q[j]);
  return kl;
}

double exact(const Pair& pair, int64_t row, double temperature) {
  return exact(pair, row, temperature, doubles(pair.policy.hidden), doubles(pair.policy.head));
}

class HeadKlLevels : public testing::TestWithParam<std::tuple<Isa, px_dtype>> {
 protected:
  Cpu cpu(Pool& pool) const { return {std::get<0>(GetParam()), pool}; }
  px_dtype dtype() const { return std::get<1>(GetParam()); }
  bool scalar() const { return std::get<0>(GetParam()) == Isa::kScalar; }
};

TEST_P(HeadKlLevels, IsTheDivergence) {
  Pool pool(2);
  for (const auto& [n, size, reference_size, vocabulary] :
       {std::tuple<int64_t, int64_t, int64_t, int64_t>{1, 3, 3, 1}, {3, 8, 5, 7}, {9, 16, 16, 130}, {70, 24, 8, 511},
        {5, 64, 33, 513}, {2, 40, 40, 1500}, {0, 4, 4, 9}})
    for (const double temperature : {1.0, 0.7}) {
      Pair pair(cpu(pool), n, size, reference_size, vocabulary, dtype());
      std::vector<float> kl(static_cast<size_t>(n), kNan);
      head_kl(cpu(pool), pair.args(0, n, temperature, false), kl.data());
      for (int64_t i = 0; i < n; ++i)
        expect_close(kl[static_cast<size_t>(i)], exact(pair, i, temperature), 3e-6, "kl");
    }
}

// A policy that has moved by `step` from its reference.
Pair moved(const Cpu& cpu, px_dtype dtype, double step) {
  Pair pair(cpu, 6, 32, 32, 1100, dtype);
  pair.policy.head = pair.reference.head;
  pair.policy.packed = pair.reference.packed;
  pair.policy.hidden = pair.reference.hidden;
  const std::vector<float> by = random_floats(6 * 32, 7, -1, 1);
  for (size_t i = 0; i < by.size(); ++i) pair.policy.hidden[i] += static_cast<float>(step * by[i]);
  for (size_t i = 0; i < by.size(); ++i) pair.policy.hidden_bf16[i] = to_bf16(pair.policy.hidden[i]);
  if (dtype == PX_DTYPE_BF16)
    for (size_t i = 0; i < by.size(); ++i) pair.policy.hidden[i] = from_bf16(pair.policy.hidden_bf16[i]);
  return pair;
}

// A difference of two log-sum-exps would be noise where this still has digits.
TEST_P(HeadKlLevels, IsExactNearZeroAndZeroAtTheReference) {
  Pool pool(2);
  for (const double step : {1e-2, 1e-3}) {
    Pair pair = moved(cpu(pool), dtype(), step);
    std::vector<float> kl(6, kNan);
    head_kl(cpu(pool), pair.args(0, 6, 1, false), kl.data());
    for (int64_t i = 0; i < 6; ++i) {
      const double expected = exact(pair, i, 1);
      // bf16 may not have moved at all.
      if (dtype() == PX_DTYPE_F32) {
        ASSERT_GT(expected, 0.2 * step * step);
      }
      EXPECT_GE(kl[static_cast<size_t>(i)], 0);
      EXPECT_NEAR(kl[static_cast<size_t>(i)], expected, 3e-6 * std::sqrt(expected)) << "step " << step;
    }
  }
  Pair same = moved(cpu(pool), dtype(), 0);
  std::vector<float> kl(6, kNan), d_hidden(6 * 32, kNan);
  const std::vector<float> upstream(6, 1.f);
  head_kl_gradient(cpu(pool), same.args(0, 6, 1, true), upstream.data(), kl.data(), {d_hidden.data(), nullptr});
  EXPECT_EQ(kl, std::vector<float>(6, 0.f));
  EXPECT_EQ(d_hidden, std::vector<float>(6 * 32, 0.f));
}

// Where most of one model's probability is nothing in the other.
TEST_P(HeadKlLevels, IsFiniteWhereTheModelsShareNothing) {
  Pool pool(2);
  Pair pair(cpu(pool), 9, 32, 32, 700, dtype());
  for (const double temperature : {0.05, 0.01}) {
    std::vector<float> kl(9, kNan);
    head_kl(cpu(pool), pair.args(0, 9, temperature, false), kl.data());
    for (int64_t i = 0; i < 9; ++i) {
      const double expected = exact(pair, i, temperature);
      ASSERT_GT(expected, 10);
      // 1 / T magnifies what the sums of the logits lose to rounding.
      EXPECT_NEAR(kl[static_cast<size_t>(i)], expected, 2e-5 * expected);
    }
  }
}

TEST_P(HeadKlLevels, ARowsNumbersAreItsOwn) {
  Pool one(1), two(2), three(3);
  const int64_t n = scalar() ? 64 : 600;
  Pair pair(cpu(one), n, 32, 20, 1100, dtype());
  const std::vector<float> upstream = random_floats(n, 5, -1, 1);
  const auto run = [&](Pool& pool, int64_t first, int64_t count, bool gradients) {
    std::vector<float> out(static_cast<size_t>(33 * count));
    if (gradients)
      head_kl_gradient(cpu(pool), pair.args(first, count, 1, true), upstream.data() + first, out.data(),
                       {out.data() + count, nullptr});
    else
      head_kl(cpu(pool), pair.args(first, count, 1, false), out.data());
    return out;
  };
  const std::vector<float> expected = run(one, 0, n, true);
  for (const int64_t m : {1, 2, 3, 7, 8, 31, 64, 257, 600}) {
    if (m > n) continue;
    for (Pool* pool : {&one, &two, &three})
      for (const bool gradients : {false, true}) {
        const int64_t first = n - m;
        const std::vector<float> out = run(*pool, first, m, gradients);
        for (int64_t i = 0; i < m; ++i) ASSERT_EQ(out[static_cast<size_t>(i)], expected[static_cast<size_t>(first + i)]);
        for (int64_t i = 0; i < 32 * m && gradients; ++i)
          ASSERT_EQ(out[static_cast<size_t>(m + i)], expected[static_cast<size_t>(n + 32 * first + i)]) << m;
      }
  }
}

// d sum(upstream kl) against central differences of the sums in double.
TEST_P(HeadKlLevels, GradientsAreThoseOfDifferences) {
  Pool pool(2);
  for (const double temperature : {1.0, 1.6}) {
    Pair pair(cpu(pool), 5, 6, 9, 530, dtype());
    const std::vector<float> upstream = random_floats(5, 21, -1, 1);
    std::vector<float> d_hidden(30, 0.25f), d_head(530 * 6, -0.5f), kl(5), same(5);
    head_kl(cpu(pool), pair.args(0, 5, temperature, false), kl.data());
    head_kl_gradient(cpu(pool), pair.args(0, 5, temperature, true), upstream.data(), same.data(),
                     {d_hidden.data(), d_head.data(), true, true});
    EXPECT_EQ(kl, same);
    const auto value = [&](const std::vector<double>& hidden, const std::vector<double>& head) {
      double sum = 0;
      for (int64_t i = 0; i < 5; ++i)
        sum += upstream[static_cast<size_t>(i)] * exact(pair, i, temperature, hidden, head);
      return sum;
    };
    std::vector<double> hidden = doubles(pair.policy.hidden), head = doubles(pair.policy.head);
    // bf16: each slope of a logit is rounded to 8 bits.
    const double tolerance = dtype() == PX_DTYPE_BF16 ? 1e-2 : 4e-6;
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

// More rows than a block: the gradients are those of the rows one by one.
TEST_P(HeadKlLevels, AddsGradientsOverBlocks) {
  if (scalar()) return;  // minutes, and nothing that the vectors do not do
  Pool one(1), two(2);
  const int64_t n = 261;
  Pair pair(cpu(one), n, 20, 12, 700, dtype());
  const std::vector<float> upstream = random_floats(n, 23, -1, 1);
  const auto run = [&](Pool& pool, std::vector<float>& d_hidden, std::vector<float>& d_head) {
    d_hidden.assign(static_cast<size_t>(n * 20), kNan);
    d_head.assign(700 * 20, kNan);
    head_kl_gradient(cpu(pool), pair.args(0, n, 1, true), upstream.data(), nullptr, {d_hidden.data(), d_head.data()});
  };
  std::vector<float> hidden1, head1, hidden2, head2;
  run(one, hidden1, head1);
  run(two, hidden2, head2);
  EXPECT_EQ(hidden1, hidden2);
  EXPECT_EQ(head1, head2);
  std::vector<double> sum(700 * 20);
  for (int64_t i = 0; i < n; ++i) {
    std::vector<float> d_hidden(20), d_head(700 * 20);
    head_kl_gradient(cpu(one), pair.args(i, 1, 1, true), upstream.data() + i, nullptr, {d_hidden.data(), d_head.data()});
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += d_head[k];
  }
  for (size_t k = 0; k < sum.size(); ++k) ASSERT_NEAR(head1[k], sum[k], 1e-5 * std::max(1.0, std::abs(sum[k])));
}

TEST_P(HeadKlLevels, WhatIsNotFiniteStaysInItsRow) {
  Pool pool(2);
  for (const bool of_policy : {true, false}) {
    Pair pair(cpu(pool), 5, 8, 8, 600, dtype());
    HeadProblem& p = of_policy ? pair.policy : pair.reference;
    p.hidden[3 * 8 + 2] = kInf;
    p.hidden_bf16[3 * 8 + 2] = to_bf16(kInf);
    const std::vector<float> upstream(5, 1.f);
    std::vector<float> kl(5), d_hidden(40);
    head_kl_gradient(cpu(pool), pair.args(0, 5, 1, true), upstream.data(), kl.data(), {d_hidden.data(), nullptr});
    for (size_t i = 0; i < 40; ++i) {
      EXPECT_EQ(std::isnan(kl[i / 8]), i / 8 == 3) << i;
      EXPECT_EQ(std::isnan(d_hidden[i]), i / 8 == 3) << i;
    }
  }
}

TEST(HeadKl, TheWorkspaceIsBounded) {
  const Packed smollm{nullptr, 49152, 576, PX_DTYPE_BF16}, qwen{nullptr, 151936, 1024, PX_DTYPE_BF16};
  for (const Packed& head : {smollm, qwen})
    for (const int64_t rows : {int64_t{1}, int64_t{1024}, int64_t{1} << 20})
      for (const bool gradients : {false, true}) EXPECT_LE(head_kl_workspace(head, rows, gradients), uint64_t{64} << 20);
}

INSTANTIATE_TEST_SUITE_P(All, HeadKlLevels,
                         testing::Combine(testing::ValuesIn(usable_isas()), testing::Values(PX_DTYPE_F32, PX_DTYPE_BF16)),
                         [](const auto& level) {
                           return std::string(name_of(std::get<0>(level.param))) +
                                  (std::get<1>(level.param) == PX_DTYPE_F32 ? "F32" : "Bf16");
                         });

class HeadKlEntry : public KernelTest {
 protected:
  HeadKlEntry() : pool_(1), pair_({Isa::kScalar, pool_}, 4, 6, 3, 40, PX_DTYPE_F32) {
    const HeadKlArgs inputs = pair_.args(0, 4, 1, true);
    args_ = make_args<px_head_kl_args>();
    args_.rows = 4;
    args_.vocabulary = 40;
    args_.hidden_size = 6;
    args_.ref_hidden_size = 3;
    args_.hidden = inputs.policy.hidden;
    args_.ref_hidden = inputs.reference.hidden;
    args_.head = inputs.policy.head.words;
    args_.head_bytes = px_gemm_packed_bytes(40, 6, PX_DTYPE_F32);
    args_.ref_head = inputs.reference.head.words;
    args_.ref_head_bytes = px_gemm_packed_bytes(40, 3, PX_DTYPE_F32);
    args_.head_transposed = inputs.head_transposed.words;
    args_.head_transposed_bytes = px_gemm_packed_bytes(6, 40, PX_DTYPE_F32);
    args_.upstream = upstream_.data();
    args_.kl = kl_.data();
    args_.d_hidden = d_hidden_.data();
    args_.d_head = d_head_.data();
    args_.workspace_bytes = px_head_kl_workspace(4, 40, 6, PX_DTYPE_F32, 1);
    args_.workspace = static_cast<char*>(workspace_.of(args_.workspace_bytes)) + 4;
  }

  Pool pool_;
  Pair pair_;
  Aligned workspace_;
  std::vector<float> upstream_{1, -2, 0.5f, 3}, kl_ = std::vector<float>(4, kNan);
  std::vector<float> d_hidden_ = std::vector<float>(24, kNan), d_head_ = std::vector<float>(240, 1.f);
  px_head_kl_args args_;
};

TEST_F(HeadKlEntry, GivesWhatTheKernelGives) {
  ASSERT_EQ(px_head_kl(engine_, &args_), PX_OK) << last_error();
  const Cpu cpu{choose_isa(), pool_};
  std::vector<float> kl(4), d_hidden(24), d_head(240, 1.f);
  head_kl_gradient(cpu, pair_.args(0, 4, 1, true), upstream_.data(), kl.data(),
                   {d_hidden.data(), d_head.data(), false, true});
  EXPECT_EQ(kl_, kl);
  EXPECT_EQ(d_hidden_, d_hidden);
  EXPECT_EQ(d_head_, d_head);
  kl_.assign(4, kNan);
  args_.upstream = args_.d_hidden = args_.d_head = nullptr;
  args_.head_transposed = nullptr;
  args_.workspace_bytes = px_head_kl_workspace(4, 40, 6, PX_DTYPE_F32, 0);
  ASSERT_EQ(px_head_kl(engine_, &args_), PX_OK) << last_error();
  EXPECT_EQ(kl_, kl);
  args_.temperature = 2;
  ASSERT_EQ(px_head_kl(engine_, &args_), PX_OK) << last_error();
  for (int64_t i = 0; i < 4; ++i) EXPECT_NEAR(kl_[static_cast<size_t>(i)], exact(pair_, i, 2), 1e-6);
}

TEST_F(HeadKlEntry, RefusesBadArguments) {
  const auto status = [&](auto&& change, const char* named) {
    px_head_kl_args args = args_;
    change(args);
    const px_status result = px_head_kl(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(status([](auto&) {}, ""), PX_OK);
  EXPECT_EQ(status([](auto& a) { a.kl = nullptr; }, ""), PX_OK);
  EXPECT_EQ(status([](auto& a) { a.d_hidden = nullptr, a.head_transposed = nullptr; }, ""), PX_OK);
  EXPECT_EQ(px_head_kl(nullptr, &args_), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_head_kl(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.dtype = PX_DTYPE_F16; }, "args.dtype"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.reserved = 1; }, "args.reserved"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.vocabulary = 0; }, "args.vocabulary"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.hidden_size = 0; }, "args.hidden_size"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.ref_hidden_size = -1; }, "args.ref_hidden_size"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.temperature = -1; }, "args.temperature"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.temperature = kNan; }, "args.temperature"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.hidden = nullptr; }, "args.hidden"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.ref_hidden = nullptr; }, "args.ref_hidden"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.head = nullptr; }, "args.head"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.head_bytes; }, "args.head_bytes"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.ref_head = nullptr; }, "args.ref_head"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.ref_head_bytes; }, "args.ref_head_bytes"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.head_transposed = nullptr; }, "args.head_transposed"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.head_transposed_bytes; }, "args.head_transposed_bytes"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.upstream = nullptr; }, "args.upstream"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.kl = a.d_hidden = a.d_head = nullptr; }, "args.kl"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.workspace = nullptr; }, "workspace"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.workspace = static_cast<char*>(a.workspace) + 2; }, "workspace"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.workspace_bytes; }, "workspace_bytes"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.vocabulary = count; }, "vocabulary"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.hidden_size = count; }, "hidden_size"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(px_head_kl_workspace(count, 40, 6, PX_DTYPE_F32, 0), 0u);
    EXPECT_EQ(px_head_kl_workspace(4, count, 6, PX_DTYPE_F32, 0), 0u);
    EXPECT_EQ(px_head_kl_workspace(4, 40, count, PX_DTYPE_F32, 0), 0u);
  }
  EXPECT_EQ(px_head_kl_workspace(4, 40, 6, PX_DTYPE_F16, 0), 0u);
  EXPECT_EQ(px_head_kl_workspace(4, 40, 6, PX_DTYPE_F32, 2), 0u);
  upstream_[2] = kNan;
  EXPECT_EQ(px_head_kl(engine_, &args_), PX_NOT_FINITE);
  expect_error_with("args.upstream[2]");
}

}  // namespace
