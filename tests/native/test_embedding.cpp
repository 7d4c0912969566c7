// embedding: rows of tables, exact on every level, and the gradient in the order of tokens on any number of threads.
#include "layer_test.h"

using namespace px::test;

namespace {

class Embedding : public LayerTest {};
PX_ON_EVERY_LEVEL(Embedding);

struct Tokens {
  Tokens(int64_t n, int64_t h)
      : rows(n), hidden(h), table(random_floats(11 * h, 1, -3, 3)), position_table(random_floats(5 * h, 2, -3, 3)),
        out(nans(n * h)) {
    for (int64_t i = 0; i < n; ++i) {
      token.push_back(static_cast<int32_t>((7 * i + i / 3) % 11));
      position.push_back(static_cast<int32_t>(i % 5));
    }
  }

  px_embedding_args args() {
    auto a = make_args<px_embedding_args>();
    a.rows = rows;
    a.hidden = hidden;
    a.vocabulary = 11;
    a.token = token.data();
    a.table = table.data();
    a.out = out.data();
    return a;
  }

  int64_t rows, hidden;
  std::vector<float> table, position_table, out;
  std::vector<int32_t> token, position;
};

TEST_P(Embedding, TakesRowsOfTheTables) {
  for (const int64_t hidden : kColumns)
    for (const int64_t rows : {0, 1, 2, 40}) {
      Tokens t(rows, hidden);
      std::vector<float> expected, with_positions;
      for (size_t n = 0; n < t.token.size(); ++n)
        for (size_t i = 0; i < static_cast<size_t>(hidden); ++i) {
          expected.push_back(t.table[static_cast<size_t>(t.token[n]) * static_cast<size_t>(hidden) + i]);
          with_positions.push_back(expected.back() +
                                   t.position_table[static_cast<size_t>(t.position[n]) * static_cast<size_t>(hidden) + i]);
        }
      px_embedding_args args = t.args();
      ASSERT_EQ(px_embedding_f32(engine(), &args), PX_OK) << last_error();
      EXPECT_EQ(t.out, expected);
      args.position = t.position.data();
      args.positions = 5;
      args.position_table = t.position_table.data();
      ASSERT_EQ(px_embedding_f32(engine(), &args), PX_OK) << last_error();
      EXPECT_EQ(t.out, with_positions);
    }
}

TEST_P(Embedding, WidensATableInBf16Exactly) {
  for (const int64_t hidden : {1, 17, 64}) {
    Tokens t(9, hidden);
    const std::vector<uint16_t> bits = rounded(t.table);
    for (size_t i = 0; i < bits.size(); ++i) t.table[i] = px::from_bf16(bits[i]);
    px_embedding_args args = t.args();
    ASSERT_EQ(px_embedding_f32(engine(), &args), PX_OK) << last_error();
    const std::vector<float> expected = t.out;
    t.out = nans(9 * hidden);
    args.out = t.out.data();
    args.table = nullptr;
    args.table_bf16 = bits.data();
    ASSERT_EQ(px_embedding_f32(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(t.out, expected);
  }
}

TEST_P(Embedding, AddsTheGradientsOfATokenInTheirOrder) {
  for (const int64_t hidden : {1, 17, 128, 130, 576}) {
    Tokens t(300, hidden);
    // Numbers whose sum depends on the order.
    std::vector<float> d_out = random_floats(300 * hidden, 3, -1, 1);
    for (size_t i = 0; i < d_out.size(); ++i) d_out[i] *= i % 5 == 0 ? 1e6f : 0.3f;
    std::vector<float> expected(t.table);
    for (size_t n = 0; n < 300; ++n)
      for (size_t i = 0; i < static_cast<size_t>(hidden); ++i)
        expected[static_cast<size_t>(t.token[n]) * static_cast<size_t>(hidden) + i] +=
            d_out[n * static_cast<size_t>(hidden) + i];
    for (const int32_t threads : {1, 2, 3, 8}) {
      const EngineHandle engine = make_engine(GetParam(), threads);
      std::vector<float> d_table(t.table);
      auto a = make_args<px_embedding_backward_args>();
      a.rows = 300;
      a.hidden = hidden;
      a.vocabulary = 11;
      a.token = t.token.data();
      a.d_out = d_out.data();
      a.d_table = d_table.data();
      ASSERT_EQ(px_embedding_backward_f32(engine.get(), &a), PX_OK) << last_error();
      EXPECT_EQ(d_table, expected) << threads << " threads";
    }
  }
}

using EmbeddingArguments = KernelTest;

TEST_F(EmbeddingArguments, BadOnesAreRefusedAndNothingIsWritten) {
  Tokens t(3, 4);
  const std::vector<uint16_t> bits = rounded(t.table);
  px_embedding_args good = t.args();
  good.position = t.position.data();
  good.positions = 5;
  good.position_table = t.position_table.data();
  const auto status = [&](auto&& change, const char* named) {
    px_embedding_args args = good;
    change(args);
    const px_status result = px_embedding_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_embedding_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_embedding_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.token = nullptr; }, "args.token"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.table = nullptr; }, "table"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([&](auto& a) { a.table_bf16 = bits.data(); }, "table"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.position_table = nullptr; }, "position_table"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.out = nullptr; }, "args.out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.vocabulary = 0; }, "vocabulary"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.hidden = count; }, "hidden"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.vocabulary = count; }, "vocabulary"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.positions = count; }, "positions"), PX_INVALID_ARGUMENT);
  }
  t.position[1] = 5;
  EXPECT_EQ(status([](auto&) {}, "position[1]"), PX_INVALID_ARGUMENT);
  for (const int32_t bad : {-1, 11}) {
    t.token[2] = bad;
    EXPECT_EQ(status([](auto&) {}, "token[2]"), PX_INVALID_ARGUMENT);
  }
  for (const float value : t.out) EXPECT_TRUE(std::isnan(value));
}

TEST_F(EmbeddingArguments, BadOnesOfTheBackwardPassAreRefusedAndNothingIsWritten) {
  Tokens t(3, 4);
  const std::vector<float> before = t.table;
  auto good = make_args<px_embedding_backward_args>();
  good.rows = 3;
  good.hidden = 4;
  good.vocabulary = 11;
  good.token = t.token.data();
  good.d_out = t.out.data();
  good.d_table = t.table.data();
  const auto status = [&](auto&& change, const char* named) {
    px_embedding_backward_args args = good;
    change(args);
    const px_status result = px_embedding_backward_f32(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(px_embedding_backward_f32(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_embedding_backward_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 1; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.token = nullptr; }, "args.token"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_out = nullptr; }, "args.d_out"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.d_table = nullptr; }, "args.d_table"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status([&](auto& a) { a.vocabulary = count; }, "vocabulary"), PX_INVALID_ARGUMENT);
  for (const int32_t bad : {-1, 11}) {
    t.token[2] = bad;
    EXPECT_EQ(status([](auto&) {}, "token[2]"), PX_INVALID_ARGUMENT);
  }
  EXPECT_EQ(t.table, before);
}

}  // namespace
