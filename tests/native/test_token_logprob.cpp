// token_logprob against softmax written out, central differences, extreme logits, aliasing and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

using TokenLogprob = KernelTest;

struct Rows {
  Rows(int64_t n, int64_t v) : logits(random_floats(n * v, 1, -4, 4)), rows(n), vocabulary(v) {
    for (int64_t i = 0; i < n; ++i) target.push_back(static_cast<int32_t>((i * 5 + 2) % v));
    logprob.assign(static_cast<size_t>(n), kNan);
    entropy = logprob;
  }

  std::vector<float> logits;
  int64_t rows, vocabulary;
  std::vector<int32_t> target;
  std::vector<float> logprob, entropy;
};

struct Plain {
  double logprob;
  double entropy;
};

Plain plain(const float* logits, int64_t vocabulary, int32_t target, double temperature) {
  double total = 0;
  for (int64_t j = 0; j < vocabulary; ++j) total += std::exp(logits[j] / temperature);
  Plain result{logits[target] / temperature - std::log(total), 0};
  for (int64_t j = 0; j < vocabulary; ++j) {
    const double p = std::exp(logits[j] / temperature) / total;
    result.entropy -= p * std::log(p);
  }
  return result;
}

TEST_F(TokenLogprob, EqualsSoftmaxForManySizes) {
  for (const int64_t vocabulary : kSizes) {
    for (const double temperature : {1.0, 0.7, 1.3}) {
      Rows r(3, vocabulary);
      ASSERT_EQ(px_token_logprob_f32(engine_, r.logits.data(), r.target.data(), 3, vocabulary, temperature,
                                     r.logprob.data(), r.entropy.data()),
                PX_OK)
          << last_error();
      for (int64_t i = 0; i < 3; ++i) {
        const auto at = static_cast<size_t>(i);
        const Plain expected = plain(r.logits.data() + i * vocabulary, vocabulary, r.target[at], temperature);
        expect_close(r.logprob[at], expected.logprob, 1e-6, "logprob");
        expect_close(r.entropy[at], expected.entropy, 1e-6, "entropy");
      }
    }
  }
}

TEST_F(TokenLogprob, BackwardIsTheDerivative) {
  constexpr double kTemperature = 0.7;
  Rows r(2, 13);
  const std::vector<float> up_logprob{0.5f, -2}, up_entropy{1.5f, 0.25f};
  std::vector<float> gradient(26, kNan);
  ASSERT_EQ(px_token_logprob_backward_f32(engine_, r.logits.data(), r.target.data(), 2, 13, kTemperature,
                                          up_logprob.data(), up_entropy.data(), gradient.data()),
            PX_OK)
      << last_error();
  const auto objective = [&] {
    double sum = 0;
    for (size_t i = 0; i < 2; ++i) {
      const Plain p = plain(r.logits.data() + 13 * i, 13, r.target[i], kTemperature);
      sum += up_logprob[i] * p.logprob + up_entropy[i] * p.entropy;
    }
    return sum;
  };
  for (size_t i = 0; i < gradient.size(); ++i) {
    const float middle = r.logits[i];
    constexpr float kStep = 1.0f / 4096;
    r.logits[i] = middle + kStep;
    const double above = objective();
    r.logits[i] = middle - kStep;
    const double below = objective();
    r.logits[i] = middle;
    expect_close(gradient[i], (above - below) / (2 * kStep), 1e-6, "gradient " + std::to_string(i));
  }
}

TEST_F(TokenLogprob, BackwardMayOverwriteLogitsAndTakesNullAsZero) {
  Rows r(2, 7);
  const std::vector<float> up{1, -1};
  std::vector<float> gradient(14, kNan), zero(14, kNan);
  const auto backward = [&](const float* up_logprob, const float* up_entropy, float* out) {
    return px_token_logprob_backward_f32(engine_, r.logits.data(), r.target.data(), 2, 7, 1, up_logprob, up_entropy,
                                         out);
  };
  ASSERT_EQ(backward(nullptr, nullptr, zero.data()), PX_OK);
  for (const float g : zero) EXPECT_EQ(g, 0);
  ASSERT_EQ(backward(up.data(), up.data(), gradient.data()), PX_OK);
  ASSERT_EQ(backward(up.data(), up.data(), r.logits.data()), PX_OK);
  EXPECT_EQ(r.logits, gradient);
}

TEST_F(TokenLogprob, ExtremeLogits) {
  const std::vector<float> logits{1e4f, -1e4f, 0, 0, -kInf, 0, 3e38f, -3e38f, -kInf};
  const std::vector<int32_t> target{1, 1, 0};
  std::vector<float> logprob(3), entropy(3), gradient(9);
  ASSERT_EQ(px_token_logprob_f32(engine_, logits.data(), target.data(), 3, 3, 1, logprob.data(), entropy.data()), PX_OK)
      << last_error();
  EXPECT_EQ(logprob, (std::vector<float>{-2e4f, -kInf, 0}));
  EXPECT_EQ(entropy, (std::vector<float>{0, static_cast<float>(std::log(2.0)), 0}));
  const std::vector<float> up(3, 1);
  ASSERT_EQ(px_token_logprob_backward_f32(engine_, logits.data(), target.data(), 3, 3, 1, up.data(), up.data(),
                                          gradient.data()),
            PX_OK);
  for (const float g : gradient) EXPECT_TRUE(std::isfinite(g));
}

TEST_F(TokenLogprob, RowsThatHaveNoDistributionAreErrors) {
  Rows r(2, 3);
  for (const float bad : {kNan, kInf}) {
    r.logits[4] = bad;
    EXPECT_EQ(px_token_logprob_f32(engine_, r.logits.data(), r.target.data(), 2, 3, 1, r.logprob.data(), nullptr),
              PX_NOT_FINITE);
    expect_error_with("px_token_logprob_f32: logits[4]");
  }
  r.logits[3] = r.logits[4] = r.logits[5] = -kInf;
  EXPECT_EQ(px_token_logprob_f32(engine_, r.logits.data(), r.target.data(), 2, 3, 1, r.logprob.data(), nullptr),
            PX_NOT_FINITE);
  expect_error_with("row 1");
}

TEST_F(TokenLogprob, RefusesBadArguments) {
  Rows r(2, 3);
  std::vector<float> gradient(6);
  const auto forward = [&](px_engine* engine, const float* logits, const int32_t* target, int64_t n, int64_t v,
                           double temperature) {
    const px_status status = px_token_logprob_f32(engine, logits, target, n, v, temperature, r.logprob.data(), nullptr);
    EXPECT_EQ(
        px_token_logprob_backward_f32(engine, logits, target, n, v, temperature, nullptr, nullptr, gradient.data()),
        status);
    return status;
  };
  const float* logits = r.logits.data();
  const int32_t* target = r.target.data();
  EXPECT_EQ(forward(engine_, logits, target, 2, 3, 1), PX_OK);
  EXPECT_EQ(forward(engine_, nullptr, nullptr, 0, 3, 1), PX_OK);
  EXPECT_EQ(forward(nullptr, logits, target, 2, 3, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(forward(engine_, nullptr, target, 2, 3, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(forward(engine_, logits, nullptr, 2, 3, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_token_logprob_backward_f32(engine_, logits, target, 2, 3, 1, nullptr, nullptr, nullptr),
            PX_INVALID_ARGUMENT);
  for (const int64_t absurd : kAbsurdCounts) {
    EXPECT_EQ(forward(engine_, logits, target, absurd, 3, 1), PX_INVALID_ARGUMENT);
    EXPECT_EQ(forward(engine_, logits, target, 2, absurd, 1), PX_INVALID_ARGUMENT);
  }
  EXPECT_EQ(forward(engine_, logits, target, int64_t{1} << 39, int64_t{1} << 30, 1), PX_INVALID_ARGUMENT);
  for (const double bad : {0.0, -1.0, double{kNan}, double{kInf}})
    EXPECT_EQ(forward(engine_, logits, target, 2, 3, bad), PX_INVALID_ARGUMENT);
  for (const int32_t bad : {-1, 3}) {
    r.target[1] = bad;
    EXPECT_EQ(forward(engine_, logits, target, 2, 3, 1), PX_INVALID_ARGUMENT);
    expect_error_with("target[1]");
  }
  r.target[1] = 0;
  const std::vector<float> bad_upstream{0, kNan};
  EXPECT_EQ(
      px_token_logprob_backward_f32(engine_, logits, target, 2, 3, 1, bad_upstream.data(), nullptr, gradient.data()),
      PX_NOT_FINITE);
  expect_error_with("upstream_logprob[1]");
}

}  // namespace
