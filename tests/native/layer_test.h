// What the tests of layers share: every level, rows among others, central differences, bf16.
#pragma once

#include <cstring>
#include <functional>

#include "base/float16.h"
#include "kernel_test.h"

namespace px::test {

// Around vectors and groups of vectors, and a model's.
inline const std::vector<int64_t> kColumns{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 576};

class LayerTest : public testing::TestWithParam<Isa> {
 protected:
  px_engine* engine() const { return engine_.get(); }

 private:
  EngineHandle engine_ = make_engine(GetParam(), 2);
};

#define PX_ON_EVERY_LEVEL(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(All, suite, testing::ValuesIn(px::usable_isas()),        \
                           [](const auto& level) { return std::string(px::name_of(level.param)); })

inline std::vector<uint16_t> rounded(const std::vector<float>& values) {
  std::vector<uint16_t> bits;
  for (const float value : values) bits.push_back(to_bf16(value));
  return bits;
}

inline std::vector<float> nans(int64_t n) { return std::vector<float>(static_cast<size_t>(n), kNan); }

inline void expect_all_close(const std::vector<float>& got, const std::vector<double>& expected, double tolerance,
                             const std::string& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  for (size_t i = 0; i < got.size(); ++i)
    ASSERT_LE(std::abs(got[i] - expected[i]), tolerance * std::max(1.0, std::abs(expected[i])))
        << what << "[" << i << "]: got " << got[i] << ", expected " << expected[i];
}

// d loss / d x[i] for each i, by central differences in double.
inline std::vector<double> differences(std::vector<double> x, const std::function<double(const std::vector<double>&)>& loss) {
  constexpr double kStep = 1e-5;
  std::vector<double> gradient;
  for (double& value : x) {
    const double kept = value;
    value = kept + kStep;
    const double above = loss(x);
    value = kept - kStep;
    gradient.push_back((above - loss(x)) / (2 * kStep));
    value = kept;
  }
  return gradient;
}

inline std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

// Rows of one size among others: whatever stands before and behind row `kept` of run(engine, rows, first), the bits of
// its result are the same, for any number of rows and threads. run computes rows first, first + 1, ... of one endless
// matrix and returns their results.
inline void expect_rows_keep_their_bits(
    Isa isa, const std::function<std::vector<float>(px_engine*, int64_t rows, int64_t first)>& run) {
  const EngineHandle one = make_engine(isa, 1);
  constexpr int64_t kKept = 5000;
  const std::vector<float> alone = run(one.get(), 1, kKept);
  for (const int32_t threads : {1, 2})
    for (const int64_t rows : {1, 2, 3, 7, 8, 31, 64, 257, 1024}) {
      const EngineHandle engine = make_engine(isa, threads);
      for (const int64_t place : {int64_t{0}, rows / 2, rows - 1}) {
        const std::vector<float> all = run(engine.get(), rows, kKept - place);
        const std::vector<float> got(all.begin() + place * static_cast<int64_t>(alone.size()),
                                     all.begin() + (place + 1) * static_cast<int64_t>(alone.size()));
        ASSERT_EQ(std::memcmp(got.data(), alone.data(), alone.size() * sizeof(float)), 0)
            << "row " << place << " of " << rows << ", " << threads << " threads";
      }
    }
}

// Rows first, first + 1, ... of an endless matrix of numbers.
inline std::vector<float> rows_of(int64_t rows, int64_t first, int64_t columns, uint32_t seed) {
  std::vector<float> values;
  for (int64_t n = first; n < first + rows; ++n) {
    const std::vector<float> row = random_floats(columns, seed + static_cast<uint32_t>(n) * 131, -2, 2);
    values.insert(values.end(), row.begin(), row.end());
  }
  return values;
}

}  // namespace px::test
