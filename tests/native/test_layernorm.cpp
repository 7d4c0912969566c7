// layernorm against the formula in double on every level, gradients against central differences, rows by themselves.
#include "layer_test.h"

using namespace px::test;

namespace {

class LayerNorm : public LayerTest {};
PX_ON_EVERY_LEVEL(LayerNorm);

std::vector<double> plain(const std::vector<double>& x, const std::vector<double>& weight, const std::vector<double>& bias) {
  std::vector<double> out;
  const auto count = static_cast<double>(weight.size());
  for (size_t row = 0; row < x.size(); row += weight.size()) {
    double mean = 0, squares = 0;
    for (size_t i = 0; i < weight.size(); ++i) mean += x[row + i] / count;
    for (size_t i = 0; i < weight.size(); ++i) squares += (x[row + i] - mean) * (x[row + i] - mean);
    const double deviation = std::sqrt(squares / count + 0.01);
    for (size_t i = 0; i < weight.size(); ++i) out.push_back((x[row + i] - mean) / deviation * weight[i] + bias[i]);
  }
  return out;
}

struct Rows {
  Rows(int64_t n, int64_t h)
      : rows(n), hidden(h), x(random_floats(n * h, 1, -3, 3)), delta(random_floats(n * h, 2, -3, 3)),
        weight(random_floats(h, 3, -2, 2)), bias(random_floats(h, 7, -2, 2)), out(nans(n * h)), mean(nans(n)),
        rstd(nans(n)), out_bf16(static_cast<size_t>(n * h)) {}

  px_layernorm_args args() {
    auto a = make_args<px_layernorm_args>();
    a.rows = rows;
    a.hidden = hidden;
    a.x = x.data();
    a.weight = weight.data();
    a.bias = bias.data();
    a.epsilon = 0.01;
    a.out = out.data();
    a.out_bf16 = out_bf16.data();
    a.mean = mean.data();
    a.rstd = rstd.data();
    return a;
  }

  int64_t rows, hidden;
  std::vector<float> x, delta, weight, bias, out, mean, rstd;
  std::vector<uint16_t> out_bf16;
};

TEST_P(LayerNorm, EqualsTheFormula) {
  for (const int64_t hidden : kColumns)
    for (const int64_t rows : {0, 1, 2, 5}) {
      Rows r(rows, hidden);
      const px_layernorm_args args = r.args();
      ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
      expect_all_close(r.out, plain(doubles(r.x), doubles(r.weight), doubles(r.bias)), 1e-6, "out");
      EXPECT_EQ(r.out_bf16, rounded(r.out));
      for (int64_t n = 0; n < rows; ++n) {
        double mean = 0, squares = 0;
        for (int64_t i = n * hidden; i < (n + 1) * hidden; ++i)
          mean += double{r.x[static_cast<size_t>(i)]} / static_cast<double>(hidden);
        for (int64_t i = n * hidden; i < (n + 1) * hidden; ++i) squares += std::pow(r.x[static_cast<size_t>(i)] - mean, 2);
        expect_close(r.mean[static_cast<size_t>(n)], mean, 5e-7, "mean");
        const double rstd = 1 / std::sqrt(squares / static_cast<double>(hidden) + 0.01);
        expect_close(r.rstd[static_cast<size_t>(n)], rstd, 5e-7, "rstd");
      }
    }
}

TEST_P(LayerNorm, AddsTheResidualFirstInItsPlaceOrInAnother) {
  for (const int64_t hidden : {1, 17, 64, 576}) {
    Rows r(3, hidden);
    std::vector<float> sum = nans(3 * hidden), expected;
    for (size_t i = 0; i < r.x.size(); ++i) expected.push_back(r.x[i] + r.delta[i]);
    px_layernorm_args args = r.args();
    args.delta = r.delta.data();
    args.sum = sum.data();
    ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(sum, expected);
    expect_all_close(r.out, plain(doubles(expected), doubles(r.weight), doubles(r.bias)), 1e-6, "out");
    const std::vector<float> out = r.out;
    args.sum = r.x.data();
    ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(r.x, expected);
    EXPECT_EQ(r.out, out);
  }
}

TEST_P(LayerNorm, WritesFloatOrBf16AloneAndTakesTheDefaultEpsilon) {
  Rows r(2, 33);
  px_layernorm_args args = r.args();
  args.epsilon = 0;
  ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
  const Rows both = r;
  args.epsilon = 1e-5;
  args.mean = args.rstd = nullptr;
  args.out_bf16 = nullptr;
  r.out = nans(66);
  args.out = r.out.data();
  ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
  EXPECT_EQ(r.out, both.out);
  args.out = nullptr;
  r.out_bf16.assign(66, 0);
  args.out_bf16 = r.out_bf16.data();
  ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
  EXPECT_EQ(r.out_bf16, both.out_bf16);
}

TEST_P(LayerNorm, ARowKeepsItsBitsAmongOthers) {
  const std::vector<float> weight = random_floats(576, 3, -2, 2), bias = random_floats(576, 4, -2, 2);
  expect_rows_keep_their_bits(GetParam(), [&](px_engine* engine, int64_t rows, int64_t first) {
    const std::vector<float> x = rows_of(rows, first, 576, 1), delta = rows_of(rows, first, 576, 2);
    std::vector<float> sum(x.size()), out(x.size());
    auto args = make_args<px_layernorm_args>();
    args.rows = rows;
    args.hidden = 576;
    args.x = x.data();
    args.delta = delta.data();
    args.sum = sum.data();
    args.weight = weight.data();
    args.bias = bias.data();
    args.out = out.data();
    EXPECT_EQ(px_layernorm_f32(engine, &args), PX_OK) << last_error();
    return out;
  });
}

// The mean is a thousand times the deviation: a difference of squares would lose all of it.
TEST_P(LayerNorm, KeepsSmallDeviationsAroundALargeMean) {
  Rows r(2, 65);
  for (float& value : r.x) value = 1024 + value / 4;
  const px_layernorm_args args = r.args();
  ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
  // A float's last place at 1024 is 1.2e-4, a seven-thousandth of the deviation.
  expect_all_close(r.out, plain(doubles(r.x), doubles(r.weight), doubles(r.bias)), 1e-3, "out");
}

TEST_P(LayerNorm, WhatIsNotFiniteStaysInItsRow) {
  Rows r(3, 20);
  r.x[25] = kNan;
  const px_layernorm_args args = r.args();
  ASSERT_EQ(px_layernorm_f32(engine(), &args), PX_OK) << last_error();
  for (size_t i = 0; i < 60; ++i) EXPECT_EQ(std::isnan(r.out[i]), i / 20 == 1) << i;
  for (size_t i = 0; i < 60; ++i) EXPECT_EQ(std::isnan(px::from_bf16(r.out_bf16[i])), i / 20 == 1) << i;
}

struct Gradients {
  Gradients(px_engine* e, Rows& r, const std::vector<float>& d_out, uint32_t flags)
      : d_x(random_floats(r.rows * r.hidden, 5, -1, 1)), d_weight(random_floats(r.hidden, 6, -1, 1)),
        d_bias(random_floats(r.hidden, 8, -1, 1)), d_x_bf16(d_x.size()) {
    const px_layernorm_args forward = r.args();
    EXPECT_EQ(px_layernorm_f32(e, &forward), PX_OK) << last_error();
    std::vector<float> workspace(px_layernorm_backward_workspace(r.rows, r.hidden) / sizeof(float), kNan);
    auto a = make_args<px_layernorm_backward_args>();
    a.flags = flags;
    a.rows = r.rows;
    a.hidden = r.hidden;
    a.x = r.x.data();
    a.weight = r.weight.data();
    a.mean = r.mean.data();
    a.rstd = r.rstd.data();
    a.d_out = d_out.data();
    a.d_x = d_x.data();
    a.d_x_bf16 = d_x_bf16.data();
    a.d_weight = d_weight.data();
    a.d_bias = d_bias.data();
    a.workspace = workspace.data();
    a.workspace_bytes = workspace.size() * sizeof(float);
    EXPECT_EQ(px_layernorm_backward_f32(e, &a), PX_OK) << last_error();
  }

  std::vector<float> d_x, d_weight, d_bias;
  std::vector<uint16_t> d_x_bf16;
};

TEST_P(LayerNorm, GradientsEqualCentralDifferences) {
  for (const int64_t hidden : {1, 2, 7, 16, 33, 65})
    for (const int64_t rows : {1, 3}) {
      Rows r(rows, hidden);
      const std::vector<float> d_out = random_floats(rows * hidden, 4, -1, 1);
      const auto loss = [&](const std::vector<double>& x, const std::vector<double>& weight) {
        const std::vector<double> out = plain(x, weight, doubles(r.bias));
        double sum = 0;
        for (size_t i = 0; i < out.size(); ++i) sum += out[i] * d_out[i];
        return sum;
      };
      const std::vector<double> d_x =
          differences(doubles(r.x), [&](const auto& x) { return loss(x, doubles(r.weight)); });
      std::vector<double> d_weight =
          differences(doubles(r.weight), [&](const auto& weight) { return loss(doubles(r.x), weight); });
      const std::vector<float> before = random_floats(hidden, 6, -1, 1);
      for (size_t i = 0; i < d_weight.size(); ++i) d_weight[i] += before[i];
      const Gradients written(engine(), r, d_out, 0);
      expect_all_close(written.d_x, d_x, 2e-6, "d_x");
      expect_all_close(written.d_weight, d_weight, 2e-6, "d_weight");
      std::vector<double> d_bias = doubles(random_floats(hidden, 8, -1, 1));
      for (size_t i = 0; i < d_out.size(); ++i) d_bias[i % d_bias.size()] += d_out[i];
      expect_all_close(written.d_bias, d_bias, 1e-6, "d_bias");
      EXPECT_EQ(written.d_x_bf16, rounded(written.d_x));
      const Gradients added(engine(), r, d_out, PX_LAYERNORM_ADD);
      const std::vector<float> stream = random_floats(rows * hidden, 5, -1, 1);
      for (size_t i = 0; i < stream.size(); ++i)
        EXPECT_NEAR(added.d_x[i], double{stream[i]} + written.d_x[i], 1e-6 * std::max(1.0, std::abs(d_x[i])));
      EXPECT_EQ(added.d_x_bf16, rounded(added.d_x));
    }
}

TEST_P(LayerNorm, GradientsKeepTheirBitsOnAnyNumberOfThreads) {
  Rows r(1500, 65);
  const std::vector<float> d_out = random_floats(1500 * 65, 4, -1, 1);
  const EngineHandle one = make_engine(GetParam(), 1);
  const Gradients expected(one.get(), r, d_out, PX_LAYERNORM_ADD);
  for (const int32_t threads : {2, 3, 8}) {
    const EngineHandle engine = make_engine(GetParam(), threads);
    const Gradients got(engine.get(), r, d_out, PX_LAYERNORM_ADD);
    EXPECT_EQ(got.d_x, expected.d_x);
    EXPECT_EQ(got.d_weight, expected.d_weight);
    EXPECT_EQ(got.d_bias, expected.d_bias);
  }
  // The sum of 1500 products of up to 6: against double.
  std::vector<double> d_weight = doubles(random_floats(65, 6, -1, 1));
  for (size_t i = 0; i < d_out.size(); ++i) d_weight[i % 65] += double{d_out[i]} * (double{r.x[i]} - r.mean[i / 65]) * r.rstd[i / 65];
  expect_all_close(expected.d_weight, d_weight, 2e-5, "d_weight");
}

TEST_P(LayerNorm, TheGradientMayLieWhereTheOutputsWas) {
  Rows r(4, 33);
  const std::vector<float> d_out = random_floats(4 * 33, 4, -1, 1);
  const Gradients apart(engine(), r, d_out, 0);
  std::vector<float> d = d_out;
  auto a = make_args<px_layernorm_backward_args>();
  a.rows = 4;
  a.hidden = 33;
  a.x = r.x.data();
  a.weight = r.weight.data();
  a.mean = r.mean.data();
  a.rstd = r.rstd.data();
  a.d_out = a.d_x = d.data();
  ASSERT_EQ(px_layernorm_backward_f32(engine(), &a), PX_OK) << last_error();
  EXPECT_EQ(d, apart.d_x);
}

using LayerNormArguments = KernelTest;

TEST_F(LayerNormArguments, BadOnesAreRefused) {
  Rows r(2, 4);
  const px_layernorm_args good = r.args();
  const auto status = [&](auto&& change, const char* named) {
    px_layernorm_args args = good;
    change(args);
    const px_status result = px_layernorm_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_layernorm_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_layernorm_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 40; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "args.x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.weight = nullptr; }, "args.weight"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.bias = nullptr; }, "args.bias"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.out = nullptr, a.out_bf16 = nullptr; }, "out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([&](auto& a) { a.delta = r.delta.data(); }, "sum"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([&](auto& a) { a.sum = r.x.data(); }, "sum"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.hidden = 0; }, "hidden"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.rows = a.hidden = int64_t{1} << 30; }, "rows"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.hidden = count; }, "hidden"), PX_INVALID_ARGUMENT);
  }
  for (const double bad : {-1.0, double{kNan}, double{kInf}})
    EXPECT_EQ(status([&](auto& a) { a.epsilon = bad; }, "epsilon"), PX_INVALID_ARGUMENT);
}

TEST_F(LayerNormArguments, BadOnesOfTheBackwardPassAreRefused) {
  Rows r(2, 4);
  std::vector<float> workspace(px_layernorm_backward_workspace(2, 4) / sizeof(float));
  auto good = make_args<px_layernorm_backward_args>();
  good.rows = 2;
  good.hidden = 4;
  good.x = good.d_out = r.x.data();
  good.weight = r.weight.data();
  good.mean = r.mean.data();
  good.rstd = r.rstd.data();
  good.d_x = good.d_weight = good.d_bias = r.out.data();
  good.workspace = workspace.data();
  good.workspace_bytes = workspace.size() * sizeof(float);
  const auto status = [&](auto&& change, const char* named) {
    px_layernorm_backward_args args = good;
    change(args);
    const px_status result = px_layernorm_backward_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(status([](auto&) {}, ""), PX_OK) << last_error();
  EXPECT_EQ(px_layernorm_backward_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_layernorm_backward_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 40; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "args.x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.weight = nullptr; }, "args.weight"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.mean = nullptr; }, "args.mean"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.rstd = nullptr; }, "args.rstd"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_bias = nullptr; }, "d_bias"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_weight = nullptr; }, "d_bias"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_out = nullptr; }, "args.d_out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_x = nullptr; }, "args.d_x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.workspace = nullptr; }, "workspace"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.workspace_bytes; }, "workspace_bytes"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.workspace = static_cast<char*>(a.workspace) + 1; }, "workspace"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_layernorm_backward_workspace(-1, 4), 0u);
  EXPECT_EQ(px_layernorm_backward_workspace(4, 0), 0u);
}

}  // namespace
