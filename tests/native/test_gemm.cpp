// gemm through its internal interface: exact products of small whole numbers, closeness to double sums, and a row's
// bits whatever is computed beside it.
#include "kernels/gemm/gemm.h"

#include <cstring>

#include "base/isa.h"
#include "kernel_test.h"
#include "base/float16.h"

using namespace px;
using namespace px::kernels;
using namespace px::test;

namespace {

// A matrix [rows, columns] of floats or bf16, kept as both.
struct Matrix {
  Matrix(int64_t rows_, int64_t columns_, px_dtype dtype_, uint32_t seed, double scale = 1)
      : rows(rows_), columns(columns_), dtype(dtype_), values(random_floats(rows_ * columns_, seed, -scale, scale)) {
    halves.reserve(values.size());
    for (float& value : values) {
      halves.push_back(to_bf16(value));
      if (dtype == PX_DTYPE_BF16) value = from_bf16(halves.back());
    }
  }

  const void* data() const {
    return dtype == PX_DTYPE_F32 ? static_cast<const void*>(values.data()) : halves.data();
  }
  double at(int64_t row, int64_t column) const { return values[static_cast<size_t>(row * columns + column)]; }

  int64_t rows, columns;
  px_dtype dtype;
  std::vector<float> values;
  std::vector<uint16_t> halves;
};

struct PackedMatrix {
  std::vector<uint32_t> words;
  Packed packed;
};

PackedMatrix pack(const Cpu& cpu, const Matrix& w) {
  PackedMatrix p;
  p.words.resize(static_cast<size_t>(packed_words(w.rows, w.columns, w.dtype)), 0xffffffffu);
  p.packed = gemm_pack(cpu, {w.data(), w.dtype, w.columns, 1}, {nullptr, w.rows, w.columns, w.dtype}, p.words.data());
  return p;
}

// w [k, n] as the weights [n, k] of a product with its rows.
PackedMatrix pack_transposed(const Cpu& cpu, const Matrix& w, px_dtype dtype) {
  PackedMatrix p;
  p.words.resize(static_cast<size_t>(packed_words(w.columns, w.rows, dtype)), 0xffffffffu);
  p.packed = gemm_pack(cpu, {w.data(), w.dtype, 1, w.columns}, {nullptr, w.columns, w.rows, dtype}, p.words.data());
  return p;
}

std::vector<float> multiply(const Cpu& cpu, const Matrix& x, int64_t first, int64_t count, const Packed& w) {
  std::vector<float> out(static_cast<size_t>(count * w.n), kNan);
  GemmArgs args;
  const auto* rows = static_cast<const std::byte*>(x.data()) + first * x.columns * element_bytes(x.dtype);
  args.x = rows_of(rows, count, x.columns, x.dtype);
  args.weights = w;
  args.out = out.data();
  args.out_stride = w.n;
  gemm(cpu, args);
  return out;
}

double exact(const Matrix& x, const Matrix& w, int64_t m, int64_t n) {
  double sum = 0;
  for (int64_t k = 0; k < x.columns; ++k) sum += x.at(m, k) * w.at(n, k);
  return sum;
}


class GemmLevels : public testing::TestWithParam<std::tuple<Isa, px_dtype>> {
 protected:
  Cpu cpu(Pool& pool) const { return {std::get<0>(GetParam()), pool}; }
  px_dtype dtype() const { return std::get<1>(GetParam()); }
};

TEST_P(GemmLevels, AddsTheProductsOfARow) {
  Pool pool(2);
  for (const auto& [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {2, 3, 5}, {7, 17, 31}, {13, 64, 64},
                                {5, 65, 127}, {31, 100, 33}, {64, 130, 576}, {70, 576, 48}, {40, 70, 1301},
                                {3, 200, 1024}, {12, 70, 20001}, {0, 16, 16}, {2, 16, 0}, {40, 70, 0}}) {
    const Matrix x(m, k, dtype(), 1), w(n, k, dtype(), 2);
    const PackedMatrix packed = pack(cpu(pool), w);
    const std::vector<float> out = multiply(cpu(pool), x, 0, m, packed.packed);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        // Float sums: a rounding of the running sum per product at most; it stays below sqrt(k) here.
        const double bound = 6e-8 * std::sqrt(static_cast<double>(k)) * static_cast<double>(k) + 1e-30;
        ASSERT_NEAR(out[static_cast<size_t>(i * n + j)], exact(x, w, i, j), bound) << m << ' ' << n << ' ' << k;
      }
  }
}

TEST_P(GemmLevels, ARowsBitsAreItsOwn) {
  Pool one(1), two(2), three(3);
  constexpr int64_t kRows = 1024;
  for (const auto& [n, k] : {std::pair<int64_t, int64_t>{960, 576}, {100, 70}, {64, 64}}) {
    const Matrix x(kRows, k, dtype(), 3), w(n, k, dtype(), 4);
    const PackedMatrix packed = pack(cpu(one), w);
    const bool scalar = std::get<0>(GetParam()) == Isa::kScalar;
    const int64_t all = scalar ? 64 : kRows;
    const std::vector<float> expected = multiply(cpu(one), x, 0, all, packed.packed);
    for (const int64_t m : {1, 2, 3, 7, 8, 31, 64, 257, 1024}) {
      if (m > all) continue;
      for (Pool* pool : {&one, &two, &three}) {
        const int64_t first = all - m;
        const std::vector<float> out = multiply(cpu(*pool), x, first, m, packed.packed);
        ASSERT_EQ(std::memcmp(out.data(), expected.data() + first * n, out.size() * sizeof(float)), 0)
            << m << " rows, " << pool->threads() << " threads, " << n << " x " << k;
      }
    }
  }
}

// Every width of the last panel, rows that do not lie one behind the other, and all that can be added and stored.
TEST_P(GemmLevels, AddsBiasAndResidualAndStoresBoth) {
  Pool pool(2);
  constexpr int64_t kRows = 9, kStride = 211;
  for (int64_t n = 1; n <= 130; n += 3) {
    const Matrix x(kRows, 24, dtype(), 5), w(n, 24, dtype(), 6);
    const PackedMatrix packed = pack(cpu(pool), w);
    const std::vector<float> plain = multiply(cpu(pool), x, 0, kRows, packed.packed);
    const std::vector<float> bias = random_floats(n, 7, -1, 1);
    std::vector<float> out = random_floats(kRows * kStride, 8, -1, 1);
    const std::vector<float> before = out;
    std::vector<uint16_t> rounded(out.size(), 0x1234);
    GemmArgs args;
    args.x = rows_of(x.data(), kRows, 24, dtype());
    args.weights = packed.packed;
    args.bias = bias.data();
    args.residual = args.out = out.data();
    args.out_bf16 = rounded.data();
    args.out_stride = kStride;
    gemm(cpu(pool), args);
    for (int64_t i = 0; i < kRows; ++i)
      for (int64_t j = 0; j < kStride; ++j) {
        const auto at = static_cast<size_t>(i * kStride + j);
        if (j >= n) {
          ASSERT_EQ(out[at], before[at]);
          ASSERT_EQ(rounded[at], 0x1234);
          continue;
        }
        const double expected = double{plain[static_cast<size_t>(i * n + j)]} + bias[static_cast<size_t>(j)] + before[at];
        ASSERT_NEAR(out[at], expected, 1e-6);
        ASSERT_EQ(rounded[at], to_bf16(out[at]));
      }
  }
}

// dx = dy w and dw += dy^T x, by the same product.
TEST_P(GemmLevels, GivesBothGradients) {
  Pool pool(2);
  for (const auto& [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 5, 3}, {7, 33, 20}, {64, 40, 70}, {31, 96, 64}}) {
    const Matrix x(m, k, dtype(), 9), w(n, k, dtype(), 10), dy(m, n, dtype(), 11);
    const PackedMatrix other_way = pack_transposed(cpu(pool), w, dtype());
    const std::vector<float> dx = multiply(cpu(pool), dy, 0, m, other_way.packed);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t c = 0; c < k; ++c) {
        double sum = 0;
        for (int64_t j = 0; j < n; ++j) sum += dy.at(i, j) * w.at(j, c);
        ASSERT_NEAR(dx[static_cast<size_t>(i * k + c)], sum, 1e-4);
      }

    const PackedMatrix inputs = pack_transposed(cpu(pool), x, dtype());
    const Isa isa = cpu(pool).isa;
    std::vector<uint32_t> pairs(static_cast<size_t>(pairs_words(isa, m, n)));
    const int64_t stride = dtype() == PX_DTYPE_BF16 ? pairs_stride(isa, m, n) : n;
    if (dtype() == PX_DTYPE_BF16) gemm_interleave(cpu(pool), dy.data(), dtype(), m, n, n, {pairs.data(), stride});
    std::vector<float> dw(static_cast<size_t>(n * k), 0.5f);
    GemmArgs args;
    args.x = columns_of(isa, dtype(), dtype() == PX_DTYPE_BF16 ? static_cast<const void*>(pairs.data()) : dy.data(), stride, 0, n);
    args.weights = inputs.packed;
    args.residual = args.out = dw.data();
    args.out_stride = k;
    gemm(cpu(pool), args);
    for (int64_t j = 0; j < n; ++j)
      for (int64_t c = 0; c < k; ++c) {
        double sum = 0.5;
        for (int64_t i = 0; i < m; ++i) sum += dy.at(i, j) * x.at(i, c);
        ASSERT_NEAR(dw[static_cast<size_t>(j * k + c)], sum, 1e-4);
      }
  }
}

// Results that lie on whole cache lines may be stored another way.
TEST_P(GemmLevels, TheSameWhereverResultsLie) {
  Pool pool(1);
  constexpr int64_t m = 40, n = 64, k = 64;
  const Matrix x(m, k, dtype(), 51), w(n, k, dtype(), 52);
  const PackedMatrix packed = pack(cpu(pool), w);
  const std::vector<float> bias = random_floats(n, 53, -1, 1), residual = random_floats(m * n, 54, -1, 1);
  struct alignas(64) Line {
    float values[16];
  };
  std::vector<Line> lines(m * n / 16 + 1);
  float* const aligned = lines.front().values;
  for (const bool with_bias : {false, true})
    for (const bool with_residual : {false, true}) {
      GemmArgs args;
      args.x = rows_of(x.data(), m, k, dtype());
      args.weights = packed.packed;
      args.bias = with_bias ? bias.data() : nullptr;
      args.residual = with_residual ? residual.data() : nullptr;
      args.out_stride = n;
      args.out = aligned + 1;
      gemm(cpu(pool), args);
      const std::vector<float> expected(args.out, args.out + m * n);
      args.out = aligned;
      gemm(cpu(pool), args);
      EXPECT_EQ(std::vector<float>(aligned, aligned + m * n), expected) << with_bias << with_residual;
    }
}

// Floats are rounded to bf16 while they are packed or interleaved, as rounding them before would.
TEST_P(GemmLevels, RoundsWhilePacking) {
  Pool pool(2);
  Matrix w(37, 51, PX_DTYPE_F32, 12, 3);
  w.values[5] = kNan;
  w.values[6] = kInf;
  w.values[7] = 1e-41f;
  std::vector<uint16_t> rounded;
  for (const float value : w.values) rounded.push_back(to_bf16(value));
  const Packed shape{nullptr, 37, 51, PX_DTYPE_BF16};
  std::vector<uint32_t> a(static_cast<size_t>(packed_words(37, 51, PX_DTYPE_BF16)), 1), b(a.size(), 2);
  gemm_pack(cpu(pool), {w.values.data(), PX_DTYPE_F32, 51, 1}, shape, a.data());
  gemm_pack(cpu(pool), {rounded.data(), PX_DTYPE_BF16, 51, 1}, shape, b.data());
  EXPECT_EQ(a, b);
  std::vector<uint32_t> c(19 * 51, 1), d(c.size(), 2);
  const int64_t stride = turns_columns(cpu(pool).isa, PX_DTYPE_BF16) ? 19 : 51;
  gemm_interleave(cpu(pool), w.values.data(), PX_DTYPE_F32, 37, 51, 51, {c.data(), stride});
  gemm_interleave(cpu(pool), rounded.data(), PX_DTYPE_BF16, 37, 51, 51, {d.data(), stride});
  EXPECT_EQ(c, d);
}

INSTANTIATE_TEST_SUITE_P(All, GemmLevels,
                         testing::Combine(testing::ValuesIn(usable_isas()), testing::Values(PX_DTYPE_F32, PX_DTYPE_BF16)),
                         [](const auto& level) {
                           return std::string(name_of(std::get<0>(level.param))) +
                                  (std::get<1>(level.param) == PX_DTYPE_F32 ? "F32" : "Bf16");
                         });

TEST(Gemm, DoesNotReadBehindARowOfAnOddNumberOfBf16) {
  Pool pool(1);
  const Matrix x(4, 8, PX_DTYPE_BF16, 13), w(20, 7, PX_DTYPE_BF16, 14);
  Matrix poisoned = x;
  for (int64_t i = 0; i < 4; ++i) poisoned.halves[static_cast<size_t>(i * 8 + 7)] = to_bf16(kInf);
  for (const Isa isa : usable_isas()) {
    const Cpu cpu{isa, pool};
    const PackedMatrix packed = pack(cpu, w);
    std::vector<float> out(4 * 20);
    GemmArgs args;
    args.x = rows_of(poisoned.data(), 4, 8, PX_DTYPE_BF16);
    args.weights = packed.packed;
    args.out = out.data();
    args.out_stride = 20;
    gemm(cpu, args);
    for (const float value : out) EXPECT_TRUE(std::isfinite(value)) << name_of(isa);
  }
}

// The same through the ABI: what it packs is what the internal interface packs, and its products have the same bits.
class GemmEntry : public testing::TestWithParam<std::tuple<Isa, px_dtype>> {
 protected:
  px_dtype dtype() const { return std::get<1>(GetParam()); }
  px_engine* engine() const { return engine_.get(); }

  std::vector<uint32_t> pack(const Matrix& w, int64_t n, int64_t k, uint32_t flags) {
    std::vector<uint32_t> words(px_gemm_packed_bytes(n, k, dtype()) / sizeof(uint32_t), 0xffffffffu);
    auto args = make_args<px_gemm_pack_args>();
    args.flags = flags;
    args.from = w.dtype;
    args.dtype = dtype();
    args.outputs = n;
    args.inputs = k;
    args.w = w.data();
    args.packed = words.data();
    args.packed_bytes = words.size() * sizeof(uint32_t);
    EXPECT_EQ(px_gemm_pack(engine(), &args), PX_OK) << last_error();
    return words;
  }

  px_gemm_args product(const void* x, const std::vector<uint32_t>& packed, int64_t m, int64_t n, int64_t k) {
    auto args = make_args<px_gemm_args>();
    args.dtype = dtype();
    args.rows = m;
    args.outputs = n;
    args.inputs = k;
    args.x = x;
    args.packed = packed.data();
    args.packed_bytes = packed.size() * sizeof(uint32_t);
    return args;
  }

 private:
  EngineHandle engine_ = make_engine(std::get<0>(GetParam()), 2);
};

TEST_P(GemmEntry, PacksAndMultipliesAsTheKernelDoes) {
  Pool pool(2);
  const Cpu cpu{std::get<0>(GetParam()), pool};
  for (const auto& [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {7, 33, 21}, {0, 5, 3}, {20, 130, 64}}) {
    const Matrix x(m, k, dtype(), 21), w(n, k, dtype(), 22);
    const PackedMatrix expected = ::pack(cpu, w);
    const std::vector<uint32_t> packed = pack(w, n, k, 0);
    ASSERT_EQ(packed, expected.words);
    const std::vector<float> plain = multiply(cpu, x, 0, m, expected.packed);
    const std::vector<float> bias = random_floats(n, 23, -1, 1), residual = random_floats(m * n, 24, -1, 1);
    std::vector<float> out(plain.size(), kNan), sum = residual;
    std::vector<uint16_t> rounded(plain.size());
    px_gemm_args args = product(x.data(), packed, m, n, k);
    args.out = out.data();
    ASSERT_EQ(px_gemm(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(out, plain);
    args.bias = bias.data();
    args.residual = args.out = sum.data();
    args.out_bf16 = rounded.data();
    ASSERT_EQ(px_gemm(engine(), &args), PX_OK) << last_error();
    for (size_t i = 0; i < sum.size(); ++i) {
      EXPECT_NEAR(sum[i], double{plain[i]} + bias[i % static_cast<size_t>(n)] + residual[i], 1e-6);
      EXPECT_EQ(rounded[i], to_bf16(sum[i]));
    }
    args.out = nullptr;
    args.residual = residual.data();
    std::vector<uint16_t> alone(rounded.size());
    args.out_bf16 = alone.data();
    ASSERT_EQ(px_gemm(engine(), &args), PX_OK) << last_error();
    EXPECT_EQ(alone, rounded);
  }
}

// In place by the kernel's own entry: over the floats, or over the bf16 where those are all that is wanted.
void activate_in_place(px_engine* engine, int32_t activation, std::vector<float>* values, std::vector<uint16_t>* bits,
                       int64_t rows) {
  const auto n = static_cast<int64_t>(values != nullptr ? values->size() : bits->size());
  if (activation == PX_ACTIVATION_SILU) {
    // Rows of x and ones.
    std::vector<float> pairs;
    const int64_t columns = rows == 0 ? 1 : n / rows;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        const auto i = static_cast<size_t>(r * columns + c);
        pairs.push_back(values != nullptr ? (*values)[i] : from_bf16((*bits)[i]));
      }
      pairs.insert(pairs.end(), static_cast<size_t>(columns), 1.f);
    }
    auto args = make_args<px_swiglu_args>();
    args.rows = rows;
    args.features = columns;
    args.gate_up = pairs.data();
    args.out = values != nullptr ? values->data() : nullptr;
    args.out_bf16 = bits != nullptr ? bits->data() : nullptr;
    ASSERT_EQ(px_swiglu_f32(engine, &args), PX_OK) << last_error();
    return;
  }
  auto args = make_args<px_gelu_args>();
  args.flags = activation == PX_ACTIVATION_GELU_ERF ? PX_GELU_ERF : 0;
  args.count = n;
  args.x = args.out = values != nullptr ? values->data() : nullptr;
  args.out_bf16 = bits != nullptr ? bits->data() : nullptr;
  args.x_bf16 = values == nullptr ? bits->data() : nullptr;
  ASSERT_EQ(px_gelu_f32(engine, &args), PX_OK) << last_error();
}

TEST_P(GemmEntry, ActivatesByTheBitsOfTheKernelInPlace) {
  for (const int32_t activation : {PX_ACTIVATION_GELU, PX_ACTIVATION_GELU_ERF, PX_ACTIVATION_SILU})
    for (const auto& [m, n, k] :
         {std::tuple<int64_t, int64_t, int64_t>{1, 1, 1}, {0, 5, 3}, {7, 33, 21}, {31, 64, 17}, {130, 200, 64}}) {
      const Matrix x(m, k, dtype(), 31, 3), w(n, k, dtype(), 32);
      const std::vector<uint32_t> packed = pack(w, n, k, 0);
      const std::vector<float> bias = random_floats(n, 33, -1, 1), residual = random_floats(m * n, 34, -1, 1);
      const auto run = [&](std::vector<float>* out, std::vector<uint16_t>* bits, int32_t with) {
        px_gemm_args args = product(x.data(), packed, m, n, k);
        args.bias = bias.data();
        args.residual = residual.data();
        args.activation = with;
        args.out = out != nullptr ? out->data() : nullptr;
        args.out_bf16 = bits != nullptr ? bits->data() : nullptr;
        ASSERT_EQ(px_gemm(engine(), &args), PX_OK) << last_error();
      };
      std::vector<float> expected(residual.size()), out(residual.size());
      std::vector<uint16_t> expected_bits(residual.size()), bits(residual.size());
      run(&expected, &expected_bits, PX_ACTIVATION_NONE);
      activate_in_place(engine(), activation, &expected, &expected_bits, m);
      run(&out, &bits, activation);
      EXPECT_EQ(out, expected) << activation << ": " << m << ' ' << n << ' ' << k;
      EXPECT_EQ(bits, expected_bits) << activation << ": " << m << ' ' << n << ' ' << k;
      run(nullptr, &expected_bits, PX_ACTIVATION_NONE);
      activate_in_place(engine(), activation, nullptr, &expected_bits, m);
      run(nullptr, &bits, activation);
      EXPECT_EQ(bits, expected_bits) << activation << ", bf16 alone: " << m << ' ' << n << ' ' << k;
    }
}

TEST_P(GemmEntry, TransposedGivesBothGradients) {
  for (const auto& [m, n, k] : {std::tuple<int64_t, int64_t, int64_t>{1, 5, 3}, {31, 96, 65}}) {
    const Matrix x(m, k, dtype(), 25), w(n, k, dtype(), 26), dy(m, n, dtype(), 27);
    std::vector<float> dx(static_cast<size_t>(m * k)), dw(static_cast<size_t>(n * k));
    const std::vector<uint32_t> other_way = pack(w, k, n, PX_GEMM_TRANSPOSED);
    px_gemm_args args = product(dy.data(), other_way, m, k, n);
    args.out = dx.data();
    ASSERT_EQ(px_gemm(engine(), &args), PX_OK) << last_error();
    std::vector<uint32_t> pairs(static_cast<size_t>((m + 1) / 2 * n));
    ASSERT_EQ(px_gemm_interleave(engine(), dy.data(), dtype(), m, n, pairs.data()), PX_OK) << last_error();
    const std::vector<uint32_t> inputs = pack(x, k, m, PX_GEMM_TRANSPOSED);
    args = product(dtype() == PX_DTYPE_BF16 ? static_cast<const void*>(pairs.data()) : dy.data(), inputs, n, k, m);
    args.flags = PX_GEMM_TRANSPOSED;
    args.out = dw.data();
    ASSERT_EQ(px_gemm(engine(), &args), PX_OK) << last_error();
    for (int64_t c = 0; c < k; ++c) {
      for (int64_t i = 0; i < m; ++i) {
        double sum = 0;
        for (int64_t j = 0; j < n; ++j) sum += dy.at(i, j) * w.at(j, c);
        EXPECT_NEAR(dx[static_cast<size_t>(i * k + c)], sum, 1e-4);
      }
      for (int64_t j = 0; j < n; ++j) {
        double sum = 0;
        for (int64_t i = 0; i < m; ++i) sum += dy.at(i, j) * x.at(i, c);
        EXPECT_NEAR(dw[static_cast<size_t>(j * k + c)], sum, 1e-4);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, GemmEntry,
                         testing::Combine(testing::ValuesIn(usable_isas()), testing::Values(PX_DTYPE_F32, PX_DTYPE_BF16)),
                         [](const auto& level) {
                           return std::string(name_of(std::get<0>(level.param))) +
                                  (std::get<1>(level.param) == PX_DTYPE_F32 ? "F32" : "Bf16");
                         });

using GemmArguments = KernelTest;

TEST_F(GemmArguments, BadOnesOfPackingAreRefused) {
  std::vector<float> values(64);
  auto good = make_args<px_gemm_pack_args>();
  good.outputs = good.inputs = 2;
  good.w = values.data();
  good.packed = values.data() + 8;
  good.packed_bytes = px_gemm_packed_bytes(2, 2, PX_DTYPE_F32);
  const auto status = [&](auto&& change, const char* named) {
    px_gemm_pack_args args = good;
    change(args);
    const px_status result = px_gemm_pack(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(status([](auto&) {}, ""), PX_OK);
  EXPECT_EQ(px_gemm_pack(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_gemm_pack(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.from = PX_DTYPE_F16; }, "args.from"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.dtype = 7; }, "args.dtype"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.from = PX_DTYPE_BF16; }, "args.dtype"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.outputs = 0; }, "args.outputs"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.inputs = 0; }, "args.inputs"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.w = nullptr; }, "args.w"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.packed = nullptr; }, "args.packed"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.packed = static_cast<char*>(a.packed) + 2; }, "args.packed"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.packed_bytes; }, "args.packed_bytes"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.outputs = count; }, "outputs"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.inputs = count; }, "inputs"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(px_gemm_packed_bytes(count, 2, PX_DTYPE_F32), 0u);
    EXPECT_EQ(px_gemm_packed_bytes(2, count, PX_DTYPE_F32), 0u);
  }
  EXPECT_EQ(px_gemm_packed_bytes(0, 2, PX_DTYPE_F32), 0u);
  EXPECT_EQ(px_gemm_packed_bytes(2, 2, PX_DTYPE_F16), 0u);
}

TEST_F(GemmArguments, BadOnesOfProductsAreRefused) {
  std::vector<float> values(64);
  auto good = make_args<px_gemm_args>();
  good.rows = good.outputs = good.inputs = 2;
  good.x = values.data();
  good.packed = values.data();
  good.packed_bytes = px_gemm_packed_bytes(2, 2, PX_DTYPE_F32);
  good.out = values.data() + 40;
  const auto status = [&](auto&& change, const char* named) {
    px_gemm_args args = good;
    change(args);
    const px_status result = px_gemm(engine_, &args);
    if (result != PX_OK) expect_error_with(named);
    return result;
  };
  EXPECT_EQ(status([](auto&) {}, ""), PX_OK);
  EXPECT_EQ(status([](auto& a) { a.rows = 0, a.x = nullptr, a.out = nullptr; }, ""), PX_OK);
  EXPECT_EQ(px_gemm(nullptr, &good), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_gemm(engine_, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.struct_size = 4; }, "struct_size"), PX_ABI_MISMATCH);
  EXPECT_EQ(status([](auto& a) { a.flags = 2; }, "flags"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.dtype = PX_DTYPE_F16; }, "args.dtype"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.activation = 4; }, "args.activation"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.outputs = 0; }, "args.outputs"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.inputs = 0; }, "args.inputs"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.x = nullptr; }, "args.x"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.packed = nullptr; }, "args.packed"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.packed = reinterpret_cast<const char*>(a.x) + 1; }, "args.packed"),
            PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { --a.packed_bytes; }, "args.packed_bytes"), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& a) { a.out = nullptr; }, "args.out"), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(status([&](auto& a) { a.rows = count; }, "rows"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.outputs = count; }, "outputs"), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status([&](auto& a) { a.inputs = count; }, "inputs"), PX_INVALID_ARGUMENT);
  }
}

TEST_F(GemmArguments, BadOnesOfInterleavingAreRefused) {
  std::vector<float> x(4);
  std::vector<uint32_t> words(4);
  EXPECT_EQ(px_gemm_interleave(nullptr, x.data(), PX_DTYPE_F32, 2, 2, words.data()), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_gemm_interleave(engine_, nullptr, PX_DTYPE_F32, 2, 2, words.data()), PX_INVALID_ARGUMENT);
  expect_error_with("x");
  EXPECT_EQ(px_gemm_interleave(engine_, x.data(), PX_DTYPE_F16, 2, 2, words.data()), PX_INVALID_ARGUMENT);
  expect_error_with("dtype");
  EXPECT_EQ(px_gemm_interleave(engine_, x.data(), PX_DTYPE_F32, 2, 2, nullptr), PX_INVALID_ARGUMENT);
  expect_error_with("words");
  for (const int64_t count : kAbsurdCounts) {
    EXPECT_EQ(px_gemm_interleave(engine_, x.data(), PX_DTYPE_F32, count, 2, words.data()), PX_INVALID_ARGUMENT);
    EXPECT_EQ(px_gemm_interleave(engine_, x.data(), PX_DTYPE_F32, 2, count, words.data()), PX_INVALID_ARGUMENT);
  }
}

}  // namespace
