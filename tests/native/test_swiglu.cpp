// swiglu against the formula in double on every level, gradients against central differences, elements by themselves.
#include "layer_test.h"

using namespace px::test;

namespace {

class Swiglu : public LayerTest {};
PX_ON_EVERY_LEVEL(Swiglu);

double silu(double gate) { return gate / (1 + std::exp(-gate)); }

std::vector<double> plain(const std::vector<double>& gate_up, size_t features) {
  std::vector<double> out;
  for (size_t row = 0; row < gate_up.size(); row += 2 * features)
    for (size_t i = 0; i < features; ++i) out.push_back(silu(gate_up[row + i]) * gate_up[row + features + i]);
  return out;
}

px_swiglu_args args_of(const std::vector<float>& gate_up, int64_t features, float* out, uint16_t* out_bf16) {
  auto a = make_args<px_swiglu_args>();
  a.rows = static_cast<int64_t>(gate_up.size()) / (2 * features);
  a.features = features;
  a.gate_up = gate_up.data();
  a.out = out;
  a.out_bf16 = out_bf16;
  return a;
}

TEST_P(Swiglu, EqualsTheFormula) {
  for (const int64_t features : kColumns)
    for (const int64_t rows : {0, 1, 2, 5}) {
      const std::vector<float> gate_up = random_floats(2 * rows * features, 1, -9, 9);
      std::vector<float> out = nans(rows * features);
      std::vector<uint16_t> out_bf16(out.size());
      const px_swiglu_args both = args_of(gate_up, features, out.data(), out_bf16.data());
      ASSERT_EQ(px_swiglu_f32(engine(), &both), PX_OK) << last_error();
      expect_all_close(out, plain(doubles(gate_up), static_cast<size_t>(features)), 5e-7, "out");
      EXPECT_EQ(out_bf16, rounded(out));
      std::vector<uint16_t> alone(out.size());
      const px_swiglu_args bf16 = args_of(gate_up, features, nullptr, alone.data());
      ASSERT_EQ(px_swiglu_f32(engine(), &bf16), PX_OK) << last_error();
      EXPECT_EQ(alone, out_bf16);
    }
}

TEST_P(Swiglu, TakesBf16AsTheFloatsThatItStandsFor) {
  for (const int64_t features : kColumns) {
    const std::vector<uint16_t> bits = rounded(random_floats(2 * 3 * features, 1, -9, 9));
    std::vector<float> gate_up;
    for (const uint16_t b : bits) gate_up.push_back(px::from_bf16(b));
    const std::vector<float> d_out = random_floats(3 * features, 2, -2, 2);
    const auto run = [&](bool as_bits) {
      std::vector<float> out = nans(3 * features), d = nans(2 * 3 * features);
      px_swiglu_args forward = args_of(gate_up, features, out.data(), nullptr);
      auto backward = make_args<px_swiglu_backward_args>();
      backward.rows = 3;
      backward.features = features;
      backward.gate_up = gate_up.data();
      backward.d_out = d_out.data();
      backward.d_gate_up = d.data();
      if (as_bits) {
        forward.gate_up = backward.gate_up = nullptr;
        forward.gate_up_bf16 = backward.gate_up_bf16 = bits.data();
      }
      EXPECT_EQ(px_swiglu_f32(engine(), &forward), PX_OK) << last_error();
      EXPECT_EQ(px_swiglu_backward_f32(engine(), &backward), PX_OK) << last_error();
      out.insert(out.end(), d.begin(), d.end());
      return out;
    };
    EXPECT_EQ(run(true), run(false)) << features;
  }
}

TEST_P(Swiglu, IsExactToTheLastPlacesOverTheWholeRange) {
  std::vector<float> gates;
  for (double gate = -86; gate <= 89; gate += 0.0137) gates.push_back(static_cast<float>(gate));
  for (const float gate : {0.0f, -0.0f, 1e-30f, -1e-30f, 1e-7f, 1e4f}) gates.push_back(gate);
  const auto n = static_cast<int64_t>(gates.size());
  std::vector<float> gate_up(gates), out = nans(n);
  gate_up.resize(static_cast<size_t>(2 * n), 1.0f);
  const px_swiglu_args args = args_of(gate_up, n, out.data(), nullptr);
  ASSERT_EQ(px_swiglu_f32(engine(), &args), PX_OK) << last_error();
  for (size_t i = 0; i < gates.size(); ++i)
    EXPECT_NEAR(out[i], silu(gates[i]), 5e-7 * std::abs(silu(gates[i])) + 1e-44) << gates[i];
}

TEST_P(Swiglu, FarNegativeGatesGiveNothingAndNansTheirOwnElementOnly) {
  std::vector<float> gate_up(2 * 40, 1.0f), out = nans(40);
  gate_up[0] = -1e4f;
  gate_up[1] = kNan;
  gate_up[2] = kInf;
  gate_up[43] = kNan;  // the up of element 3
  gate_up[4] = -3e38f;
  const px_swiglu_args args = args_of(gate_up, 40, out.data(), nullptr);
  ASSERT_EQ(px_swiglu_f32(engine(), &args), PX_OK) << last_error();
  EXPECT_NEAR(out[0], 0, 1e-30);
  EXPECT_TRUE(std::isnan(out[1]));
  EXPECT_EQ(out[2], kInf);
  EXPECT_TRUE(std::isnan(out[3]));
  EXPECT_EQ(out[4], 0);
  for (size_t i = 5; i < 40; ++i) EXPECT_NEAR(out[i], 0.7310585786300049, 1e-6);
}

TEST_P(Swiglu, ARowKeepsItsBitsAmongOthers) {
  expect_rows_keep_their_bits(GetParam(), [](px_engine* engine, int64_t rows, int64_t first) {
    const std::vector<float> gate_up = rows_of(rows, first, 2 * 65, 1);
    std::vector<float> out(gate_up.size() / 2);
    const px_swiglu_args args = args_of(gate_up, 65, out.data(), nullptr);
    EXPECT_EQ(px_swiglu_f32(engine, &args), PX_OK) << last_error();
    return out;
  });
}

TEST_P(Swiglu, GradientsEqualCentralDifferences) {
  for (const int64_t features : {1, 2, 7, 16, 33})
    for (const int64_t rows : {1, 3}) {
      std::vector<float> gate_up = random_floats(2 * rows * features, 1, -6, 6);
      const std::vector<float> d_out = random_floats(rows * features, 2, -2, 2);
      const std::vector<double> expected = differences(doubles(gate_up), [&](const std::vector<double>& x) {
        const std::vector<double> out = plain(x, static_cast<size_t>(features));
        double sum = 0;
        for (size_t i = 0; i < out.size(); ++i) sum += out[i] * d_out[i];
        return sum;
      });
      std::vector<float> d = nans(2 * rows * features);
      std::vector<uint16_t> d_bf16(d.size()), alone(d.size());
      auto a = make_args<px_swiglu_backward_args>();
      a.rows = rows;
      a.features = features;
      a.gate_up = gate_up.data();
      a.d_out = d_out.data();
      a.d_gate_up = d.data();
      a.d_gate_up_bf16 = d_bf16.data();
      ASSERT_EQ(px_swiglu_backward_f32(engine(), &a), PX_OK) << last_error();
      expect_all_close(d, expected, 1e-6, "d_gate_up");
      EXPECT_EQ(d_bf16, rounded(d));
      a.d_gate_up = nullptr;
      a.d_gate_up_bf16 = alone.data();
      ASSERT_EQ(px_swiglu_backward_f32(engine(), &a), PX_OK) << last_error();
      EXPECT_EQ(alone, d_bf16);
      a.d_gate_up = gate_up.data();
      ASSERT_EQ(px_swiglu_backward_f32(engine(), &a), PX_OK) << last_error();
      EXPECT_EQ(gate_up, d) << "in its place";
    }
}

using SwigluArguments = KernelTest;

TEST_F(SwigluArguments, BadOnesAreRefused) {
  std::vector<float> values(16), out(8);
  const px_swiglu_args good = args_of(values, 4, out.data(), nullptr);
  const auto status = [&](auto&& change, const char* named) {
    px_swiglu_args args = good;
    change(args);
    const px_status result = px_swiglu_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_swiglu_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_swiglu_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.gate_up = nullptr; }, "args.gate_up"), PX_INVALID_ARGUMENT);
  const uint16_t bits[16] = {};
  EXPECT_EQ(status([&](auto& a) { a.gate_up_bf16 = bits; }, "args.gate_up"), PX_INVALID_ARGUMENT) << "both";
  EXPECT_EQ(status([](auto& a) { a.out = nullptr; }, "out"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.features = count; }, "features"), PX_INVALID_ARGUMENT);
  }
}

TEST_F(SwigluArguments, BadOnesOfTheBackwardPassAreRefused) {
  std::vector<float> values(16), d_out(8);
  auto good = make_args<px_swiglu_backward_args>();
  good.rows = 2;
  good.features = 4;
  good.gate_up = good.d_gate_up = values.data();
  good.d_out = d_out.data();
  const auto status = [&](auto&& change, const char* named) {
    px_swiglu_backward_args args = good;
    change(args);
    const px_status result = px_swiglu_backward_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_swiglu_backward_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_swiglu_backward_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.gate_up = nullptr; }, "args.gate_up"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_out = nullptr; }, "args.d_out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_gate_up = nullptr; }, "d_gate_up"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.features = count; }, "features"), PX_INVALID_ARGUMENT);
}

}  // namespace
