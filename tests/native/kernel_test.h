// What the tests of kernels share: an engine, the last error, arrays of numbers, sizes worth trying.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/isa.h"
#include "proximal/proximal.h"

namespace px::test {

inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInf = std::numeric_limits<float>::infinity();

// 1, 2, odd primes, and around the vector widths of kernels to come.
inline const std::vector<int64_t> kSizes{1, 2, 3, 7, 8, 9, 31, 33, 127};

// Counts that no array can have.
inline const std::vector<int64_t> kAbsurdCounts{-1, std::numeric_limits<int64_t>::min(),
                                                std::numeric_limits<int64_t>::max(), int64_t{1} << 50};

inline std::string last_error() {
  std::string text(static_cast<size_t>(px_last_error(nullptr, 0)), '\0');
  px_last_error(text.data(), static_cast<int64_t>(text.size()));
  text.pop_back();
  return text;
}

template <class Args>
Args make_args() {
  Args args{};
  args.struct_size = sizeof(Args);
  return args;
}

inline std::vector<float> random_floats(int64_t n, uint32_t seed, double low, double high) {
  std::mt19937 random(seed);
  std::vector<float> values(static_cast<size_t>(n));
  // Multiples of 2^-12, so that a test's own differences are exact.
  for (float& value : values)
    value = static_cast<float>(
        std::round((low + (high - low) * (static_cast<double>(random()) / 4294967296.0)) * 4096) / 4096);
  return values;
}

// |got - expected| <= tolerance * max(1, |expected|)
inline void expect_close(double got, double expected, double tolerance, const std::string& what = {}) {
  EXPECT_LE(std::abs(got - expected), tolerance * std::max(1.0, std::abs(expected)))
      << what << ": got " << got << ", expected " << expected;
}

inline void expect_error_with(const std::string& part) {
  EXPECT_NE(last_error().find(part), std::string::npos) << last_error();
}

using EngineHandle = std::unique_ptr<px_engine, decltype(&px_engine_release)>;

inline EngineHandle make_engine(Isa isa, int32_t threads) {
  setenv("PROXIMAL_ISA", std::string(name_of(isa)).c_str(), 1);
  auto options = make_args<px_engine_options>();
  options.threads = threads;
  px_engine* engine = nullptr;
  EXPECT_EQ(px_engine_create(&options, &engine), PX_OK) << last_error();
  unsetenv("PROXIMAL_ISA");
  return {engine, &px_engine_release};
}

class KernelTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(px_engine_create(nullptr, &engine_), PX_OK); }
  void TearDown() override { px_engine_release(engine_); }

  px_engine* engine_ = nullptr;
};

}  // namespace px::test
