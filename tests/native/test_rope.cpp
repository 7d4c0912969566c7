// rope against the formula in double on every level, gradients against central differences, rows by themselves.
#include "layer_test.h"

using namespace px::test;

namespace {

class Rope : public LayerTest {};
PX_ON_EVERY_LEVEL(Rope);

struct Heads {
  Heads(int64_t n, int64_t q, int64_t kv, int64_t size, bool normed)
      : rows(n), heads(q), kv_heads(kv), head_size(size), with_norm(normed), x(random_floats(elements(), 1, -2, 2)),
        cos(random_floats(7 * size / 2, 2, -1.5, 1.5)), sin(random_floats(7 * size / 2, 3, -1.5, 1.5)),
        query_norm(random_floats(size, 4, -2, 2)), key_norm(random_floats(size, 5, -2, 2)), out(nans(elements())),
        rstd(nans(n * (q + kv))), out_bf16(x.size()) {
    for (int64_t i = 0; i < n; ++i) position.push_back(static_cast<int32_t>((3 * i + 2) % 7));
  }

  int64_t turned() const { return heads + kv_heads; }
  int64_t elements() const { return rows * (heads + 2 * kv_heads) * head_size; }

  px_rope_args args() {
    auto a = make_args<px_rope_args>();
    a.rows = rows;
    a.heads = heads;
    a.kv_heads = kv_heads;
    a.head_size = head_size;
    a.positions = 7;
    a.x = x.data();
    a.position = position.data();
    a.cos = cos.data();
    a.sin = sin.data();
    if (with_norm) a.query_norm = query_norm.data();
    if (with_norm && kv_heads > 0) a.key_norm = key_norm.data();
    a.epsilon = 0.01;
    a.out = out.data();
    a.out_bf16 = out_bf16.data();
    if (with_norm) a.rstd = rstd.data();
    return a;
  }

  px_rope_backward_args backward_args(const std::vector<float>& d_out, std::vector<float>& d_x) {
    const px_rope_args forward = args();
    auto a = make_args<px_rope_backward_args>();
    a.rows = rows;
    a.heads = heads;
    a.kv_heads = kv_heads;
    a.head_size = head_size;
    a.positions = 7;
    a.d_out = d_out.data();
    a.position = position.data();
    a.cos = cos.data();
    a.sin = sin.data();
    a.query_norm = forward.query_norm;
    a.key_norm = forward.key_norm;
    a.x = with_norm ? x.data() : nullptr;
    a.rstd = forward.rstd;
    a.d_x = d_x.data();
    return a;
  }

  std::vector<double> plain(const std::vector<double>& input, const std::vector<double>& query,
                            const std::vector<double>& key) const {
    const auto size = static_cast<size_t>(head_size), half = size / 2;
    std::vector<double> result(input);
    for (int64_t n = 0; n < rows; ++n)
      for (int64_t h = 0; h < turned(); ++h) {
        const size_t at = static_cast<size_t>(n * (turned() + kv_heads) + h) * size;
        const std::vector<double>& weight = h < heads ? query : key;
        double squares = 0;
        for (size_t i = 0; i < size; ++i) squares += input[at + i] * input[at + i];
        std::vector<double> head;
        for (size_t i = 0; i < size; ++i)
          head.push_back(with_norm ? input[at + i] / std::sqrt(squares / static_cast<double>(size) + 0.01) * weight[i]
                                   : input[at + i]);
        const size_t row = static_cast<size_t>(position[static_cast<size_t>(n)]) * half;
        for (size_t i = 0; i < half; ++i) {
          result[at + i] = head[i] * cos[row + i] - head[half + i] * sin[row + i];
          result[at + half + i] = head[half + i] * cos[row + i] + head[i] * sin[row + i];
        }
      }
    return result;
  }

  int64_t rows, heads, kv_heads, head_size;
  bool with_norm;
  std::vector<float> x, cos, sin, query_norm, key_norm, out, rstd;
  std::vector<uint16_t> out_bf16;
  std::vector<int32_t> position;
};

const std::vector<int64_t> kHeadSizes{2, 4, 6, 8, 14, 16, 32, 34, 64, 66, 128};

TEST_P(Rope, EqualsTheFormulaInItsPlaceAndInAnother) {
  for (const bool normed : {false, true})
    for (const int64_t size : kHeadSizes)
      for (const auto& [rows, heads, kv_heads] :
           {std::tuple{0, 1, 1}, {1, 1, 0}, {3, 4, 2}, {5, 3, 0}, {2, 1, 1}, {9, 2, 1}}) {
        Heads h(rows, heads, kv_heads, size, normed);
        px_rope_args args = h.args();
        ASSERT_EQ(px_rope_f32(engine(), &args), PX_OK) << last_error();
        const std::vector<double> expected = h.plain(doubles(h.x), doubles(h.query_norm), doubles(h.key_norm));
        expect_all_close(h.out, expected, 1e-6, "out");
        EXPECT_EQ(h.out_bf16, rounded(h.out));
        const std::vector<float> out = h.out;
        args.out_bf16 = nullptr;
        args.rstd = nullptr;
        args.out = h.x.data();
        ASSERT_EQ(px_rope_f32(engine(), &args), PX_OK) << last_error();
        EXPECT_EQ(h.x, out) << "in its place";
      }
}

TEST_P(Rope, TurnsByAnglesAndKeepsLengths) {
  // Position 1 of 2 dimensions: a turn by 1 radian.
  const std::vector<float> cos{1, std::cos(1.0f)}, sin{0, std::sin(1.0f)};
  std::vector<float> x{3, 4, 3, 4};
  const std::vector<int32_t> position{0, 1};
  auto args = make_args<px_rope_args>();
  args.rows = 2;
  args.heads = 1;
  args.head_size = 2;
  args.positions = 2;
  args.x = args.out = x.data();
  args.position = position.data();
  args.cos = cos.data();
  args.sin = sin.data();
  ASSERT_EQ(px_rope_f32(engine(), &args), PX_OK) << last_error();
  EXPECT_EQ(x[0], 3);
  EXPECT_EQ(x[1], 4);
  EXPECT_NEAR(x[2], 5 * std::cos(std::atan2(4, 3) + 1), 1e-6);
  EXPECT_NEAR(x[3], 5 * std::sin(std::atan2(4, 3) + 1), 1e-6);
}

TEST_P(Rope, WritesBf16AloneWithTheValuesToo) {
  Heads h(3, 2, 1, 8, false);
  px_rope_args args = h.args();
  ASSERT_EQ(px_rope_f32(engine(), &args), PX_OK) << last_error();
  const std::vector<uint16_t> both = h.out_bf16;
  h.out_bf16.assign(both.size(), 0);
  args.out = nullptr;
  ASSERT_EQ(px_rope_f32(engine(), &args), PX_OK) << last_error();
  EXPECT_EQ(h.out_bf16, both);
  EXPECT_EQ(both[24], px::to_bf16(h.x[24])) << "the first value of the first row";
}

TEST_P(Rope, ARowKeepsItsBitsAmongOthers) {
  const Heads h(1, 3, 1, 66, true);
  for (const bool normed : {false, true})
    expect_rows_keep_their_bits(GetParam(), [&](px_engine* engine, int64_t rows, int64_t first) {
      std::vector<float> x = rows_of(rows, first, 5 * 66, 1);
      std::vector<int32_t> position;
      for (int64_t n = first; n < first + rows; ++n) position.push_back(static_cast<int32_t>(n % 7));
      auto args = make_args<px_rope_args>();
      args.rows = rows;
      args.heads = 3;
      args.kv_heads = 1;
      args.head_size = 66;
      args.positions = 7;
      args.x = args.out = x.data();
      args.position = position.data();
      args.cos = h.cos.data();
      args.sin = h.sin.data();
      if (normed) args.query_norm = h.query_norm.data();
      if (normed) args.key_norm = h.key_norm.data();
      EXPECT_EQ(px_rope_f32(engine, &args), PX_OK) << last_error();
      return x;
    });
}

TEST_P(Rope, GradientsEqualCentralDifferences) {
  for (const bool normed : {false, true})
    for (const int64_t size : {2, 8, 34})
      for (const int64_t kv_heads : {0, 1}) {
        Heads h(3, 2, kv_heads, size, normed);
        const px_rope_args forward = h.args();
        ASSERT_EQ(px_rope_f32(engine(), &forward), PX_OK) << last_error();
        const std::vector<float> d_out = random_floats(h.elements(), 6, -1, 1);
        const auto loss = [&](const auto& x, const auto& query, const auto& key) {
          const std::vector<double> out = h.plain(x, query, key);
          double sum = 0;
          for (size_t i = 0; i < out.size(); ++i) sum += out[i] * d_out[i];
          return sum;
        };
        const std::vector<double> x = doubles(h.x), query = doubles(h.query_norm), key = doubles(h.key_norm);
        std::vector<float> d_x = nans(h.elements()), d_query(static_cast<size_t>(size), 1.0f), d_key = d_query;
        std::vector<uint16_t> d_x_bf16(d_x.size());
        std::vector<float> workspace(px_rope_backward_workspace(3, 2, kv_heads, size) / sizeof(float), kNan);
        px_rope_backward_args args = h.backward_args(d_out, d_x);
        args.d_x_bf16 = d_x_bf16.data();
        if (normed) args.d_query_norm = d_query.data();
        if (normed && kv_heads > 0) args.d_key_norm = d_key.data();
        args.workspace = workspace.data();
        args.workspace_bytes = workspace.size() * sizeof(float);
        ASSERT_EQ(px_rope_backward_f32(engine(), &args), PX_OK) << last_error();
        expect_all_close(d_x, differences(x, [&](const auto& v) { return loss(v, query, key); }), 4e-6, "d_x");
        EXPECT_EQ(d_x_bf16, rounded(d_x));
        const auto plus_one = [](std::vector<double> values) {
          for (double& value : values) ++value;
          return values;
        };
        if (normed)
          expect_all_close(d_query, plus_one(differences(query, [&](const auto& v) { return loss(x, v, key); })), 4e-6,
                           "d_query_norm");
        if (normed && kv_heads > 0)
          expect_all_close(d_key, plus_one(differences(key, [&](const auto& v) { return loss(x, query, v); })), 4e-6,
                           "d_key_norm");
        std::vector<float> d = d_out;
        args.d_out = args.d_x = d.data();
        args.d_x_bf16 = nullptr;
        args.d_query_norm = args.d_key_norm = nullptr;
        ASSERT_EQ(px_rope_backward_f32(engine(), &args), PX_OK) << last_error();
        EXPECT_EQ(d, d_x) << "in its place";
      }
}

TEST_P(Rope, GradientsOfNormsKeepTheirBitsOnAnyNumberOfThreads) {
  Heads h(700, 3, 2, 14, true);
  const std::vector<float> d_out = random_floats(h.elements(), 6, -1, 1);
  const auto run = [&](int32_t threads) {
    const EngineHandle engine = make_engine(GetParam(), threads);
    const px_rope_args forward = h.args();
    EXPECT_EQ(px_rope_f32(engine.get(), &forward), PX_OK);
    std::vector<float> d_x(h.x.size()), d_norms(28);
    std::vector<float> workspace(px_rope_backward_workspace(700, 3, 2, 14) / sizeof(float), kNan);
    px_rope_backward_args args = h.backward_args(d_out, d_x);
    args.d_query_norm = d_norms.data();
    args.d_key_norm = d_norms.data() + 14;
    args.workspace = workspace.data();
    args.workspace_bytes = workspace.size() * sizeof(float);
    EXPECT_EQ(px_rope_backward_f32(engine.get(), &args), PX_OK) << last_error();
    return d_norms;
  };
  const std::vector<float> expected = run(1);
  for (const int32_t threads : {2, 3, 8}) EXPECT_EQ(run(threads), expected);
}

TEST_P(Rope, WhatIsNotFiniteStaysInItsHead) {
  Heads h(2, 2, 1, 8, true);
  h.x[3] = kInf;
  const px_rope_args args = h.args();
  ASSERT_EQ(px_rope_f32(engine(), &args), PX_OK) << last_error();
  for (size_t i = 8; i < h.out.size(); ++i) EXPECT_TRUE(std::isfinite(h.out[i])) << i;
  EXPECT_FALSE(std::isfinite(h.out[3]));
}

using RopeArguments = KernelTest;

TEST_F(RopeArguments, BadOnesAreRefusedAndNothingIsWritten) {
  Heads h(3, 2, 1, 4, true);
  const px_rope_args good = h.args();
  const auto status = [&](auto&& change, const char* named) {
    px_rope_args args = good;
    change(args);
    const px_status result = px_rope_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_rope_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_rope_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 40; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "args.x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.position = nullptr; }, "args.position"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.cos = nullptr; }, "args.cos"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.sin = nullptr; }, "args.sin"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.out = nullptr, a.out_bf16 = nullptr; }, "out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.key_norm = nullptr; }, "key_norm"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.query_norm = nullptr; }, "key_norm"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.query_norm = a.key_norm = nullptr; }, "rstd"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.heads = 0; }, "heads"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.kv_heads = -1; }, "kv_heads"), PX_INVALID_ARGUMENT);
  for (const int64_t size : {0, 1, 3, -2}) EXPECT_EQ(status([&](auto& a) { a.head_size = size; }, "head_size"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.heads = count; }, "heads"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.head_size = count; }, "head_size"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.positions = count; }, "positions"), PX_INVALID_ARGUMENT);
  }
  for (const double bad : {-1.0, double{kNan}, double{kInf}})
    EXPECT_EQ(status([&](auto& a) { a.epsilon = bad; }, "epsilon"), PX_INVALID_ARGUMENT);
  for (const int32_t bad : {-1, 7}) {
    h.position[2] = bad;
    EXPECT_EQ(status([](auto&) {}, "position[2]"), PX_INVALID_ARGUMENT);
  }
  for (const float value : h.out) EXPECT_TRUE(std::isnan(value));
}

TEST_F(RopeArguments, BadOnesOfTheBackwardPassAreRefused) {
  Heads h(3, 2, 1, 4, true);
  std::vector<float> d_norms(8), workspace(px_rope_backward_workspace(3, 2, 1, 4) / sizeof(float));
  px_rope_backward_args good = h.backward_args(h.x, h.out);
  good.d_query_norm = d_norms.data();
  good.d_key_norm = d_norms.data() + 4;
  good.workspace = workspace.data();
  good.workspace_bytes = workspace.size() * sizeof(float);
  const auto status = [&](auto&& change, const char* named) {
    px_rope_backward_args args = good;
    change(args);
    const px_status result = px_rope_backward_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(status([](auto&) {}, ""), PX_OK) << last_error();
  EXPECT_EQ(px_rope_backward_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_rope_backward_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 40; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_out = nullptr; }, "args.d_out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.position = nullptr; }, "args.position"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.cos = nullptr; }, "args.cos"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.sin = nullptr; }, "args.sin"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "x: "), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.rstd = nullptr; }, "rstd"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_x = nullptr; }, "d_x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_key_norm = nullptr; }, "d_key_norm"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.query_norm = a.key_norm = nullptr; }, "d_query_norm"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.workspace = nullptr; }, "workspace"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.workspace_bytes; }, "workspace_bytes"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_rope_backward_workspace(-1, 2, 1, 4), 0u);
  h.position[1] = 7;
  EXPECT_EQ(status([](auto&) {}, "position[1]"), PX_INVALID_ARGUMENT);
}

}  // namespace
