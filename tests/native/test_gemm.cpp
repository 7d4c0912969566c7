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
                                {5, 65, 127}, {31, 100, 33}, {64, 130, 576}, {70, 576, 48}, {3, 200, 1024}, {0, 16, 16},
                                {2, 16, 0}}) {
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
    std::vector<uint32_t> pairs(static_cast<size_t>((m + 1) / 2 * n));
    if (dtype() == PX_DTYPE_BF16) gemm_interleave(cpu(pool), dy.data(), dtype(), m, n, n, pairs.data());
    std::vector<float> dw(static_cast<size_t>(n * k), 0.5f);
    GemmArgs args;
    args.x = columns_of(dtype() == PX_DTYPE_BF16 ? pairs.data() : dy.data(), n, n);
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
  gemm_interleave(cpu(pool), w.values.data(), PX_DTYPE_F32, 37, 51, 51, c.data());
  gemm_interleave(cpu(pool), rounded.data(), PX_DTYPE_BF16, 37, 51, 51, d.data());
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

}  // namespace
