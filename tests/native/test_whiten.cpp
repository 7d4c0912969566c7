// whiten: moments, merges in every split, application, single elements, large offsets and bad arguments.
#include "kernel_test.h"

using namespace px::test;

namespace {

class Whiten : public KernelTest {
 protected:
  px_moments moments(const std::vector<float>& x, const std::vector<uint8_t>& mask = {}) {
    px_moments m{-1, -1, -1};
    EXPECT_EQ(px_whiten_moments_f32(engine_, x.data(), mask.empty() ? nullptr : mask.data(),
                                    static_cast<int64_t>(x.size()), &m),
              PX_OK)
        << last_error();
    return m;
  }

  std::vector<float> apply(const std::vector<float>& x, const px_moments& m, uint32_t flags = 0,
                           const std::vector<uint8_t>& mask = {}) {
    std::vector<float> out(x.size(), kNan);
    EXPECT_EQ(px_whiten_apply_f32(engine_, x.data(), mask.empty() ? nullptr : mask.data(),
                                  static_cast<int64_t>(x.size()), &m, flags, out.data()),
              PX_OK)
        << last_error();
    return out;
  }
};

TEST_F(Whiten, GivesMeanZeroAndUnbiasedVarianceOne) {
  for (const int64_t n : kSizes) {
    if (n == 1) continue;
    const std::vector<float> x = random_floats(n, 1, -3, 5);
    const std::vector<float> white = apply(x, moments(x));
    const px_moments after = moments(white);
    EXPECT_NEAR(after.mean, 0, 1e-6);
    EXPECT_NEAR(after.m2 / static_cast<double>(n - 1), 1, 1e-5);
  }
}

TEST_F(Whiten, MaskedElementsAreNotReadAndComeOutZero) {
  const std::vector<float> x{1, kNan, 3, kInf, 8};
  const std::vector<uint8_t> mask{1, 0, 1, 0, 1};
  const px_moments m = moments(x, mask);
  EXPECT_EQ(m.count, 3);
  EXPECT_EQ(m.mean, 4);
  EXPECT_EQ(m.m2, 26);
  const std::vector<float> white = apply(x, m, 0, mask);
  EXPECT_EQ(white[1], 0);
  EXPECT_EQ(white[3], 0);
  expect_close(white[4], 4 / std::sqrt(13 + 1e-8), 1e-6);
  const std::vector<float> biased = apply(x, m, PX_WHITEN_BIASED, mask);
  expect_close(biased[4], 4 / std::sqrt(26.0 / 3 + 1e-8), 1e-6);
  const std::vector<float> kept = apply(x, m, PX_WHITEN_KEEP_MEAN, mask);
  expect_close(kept[4], 4 / std::sqrt(13 + 1e-8) + 4, 1e-6);
}

TEST_F(Whiten, OneElementIsZeroAndNoneIsNothing) {
  const px_moments one = moments({5});
  EXPECT_EQ(apply({5}, one), std::vector<float>{0});
  EXPECT_EQ(apply({5}, one, PX_WHITEN_BIASED), std::vector<float>{0});
  EXPECT_EQ(apply({5}, one, PX_WHITEN_KEEP_MEAN), std::vector<float>{5});
  const px_moments none = moments({1, 2}, {0, 0});
  EXPECT_EQ(none.count, 0);
  EXPECT_EQ(none.mean, 0);
  EXPECT_EQ(apply({1, 2}, none, 0, {0, 0}), (std::vector<float>{0, 0}));
  px_moments empty{-1, -1, -1};
  ASSERT_EQ(px_whiten_moments_f32(engine_, nullptr, nullptr, 0, &empty), PX_OK);
  EXPECT_EQ(empty.count, 0);
  ASSERT_EQ(px_whiten_apply_f32(engine_, nullptr, nullptr, 0, &empty, 0, nullptr), PX_OK);
}

TEST_F(Whiten, ConstantsComeOutZero) {
  const std::vector<float> x(7, 0.1f);
  for (const float white : apply(x, moments(x))) EXPECT_NEAR(white, 0, 1e-9);
}

TEST_F(Whiten, LargeOffsetsLoseNothing) {
  const std::vector<float> small = random_floats(127, 3, -1, 1);
  std::vector<float> large = small;
  for (float& x : large) x += 1024;
  // Multiples of 2^-12 below 2^11: adding the offset was exact.
  EXPECT_NEAR(moments(large).m2, moments(small).m2, 1e-10);
}

TEST_F(Whiten, MergedMomentsAreThoseOfTheWhole) {
  const std::vector<float> x = random_floats(31, 4, -2, 9);
  const px_moments whole = moments(x);
  for (size_t cut = 0; cut <= x.size(); ++cut) {
    px_moments left = moments({x.begin(), x.begin() + static_cast<ptrdiff_t>(cut)});
    const px_moments right = moments({x.begin() + static_cast<ptrdiff_t>(cut), x.end()});
    ASSERT_EQ(px_whiten_merge(&left, &right), PX_OK);
    EXPECT_EQ(left.count, whole.count);
    EXPECT_NEAR(left.mean, whole.mean, 1e-13);
    EXPECT_NEAR(left.m2, whole.m2, 1e-10);
  }
  px_moments nothing{};
  const px_moments none{};
  ASSERT_EQ(px_whiten_merge(&nothing, &none), PX_OK);
  EXPECT_EQ(nothing.count, 0);
}

TEST_F(Whiten, MayWriteOverItsInput) {
  std::vector<float> x = random_floats(9, 5, -1, 1);
  const px_moments m = moments(x);
  const std::vector<float> expected = apply(x, m);
  ASSERT_EQ(px_whiten_apply_f32(engine_, x.data(), nullptr, 9, &m, 0, x.data()), PX_OK);
  EXPECT_EQ(x, expected);
}

TEST_F(Whiten, NamesWhatIsNotFinite) {
  const std::vector<float> x{1, 2, kNan};
  px_moments m{};
  EXPECT_EQ(px_whiten_moments_f32(engine_, x.data(), nullptr, 3, &m), PX_NOT_FINITE);
  expect_error_with("px_whiten_moments_f32: x[2]");
}

TEST_F(Whiten, RefusesBadArguments) {
  const std::vector<float> x{1, 2};
  std::vector<float> out(2);
  px_moments m{2, 1.5, 0.5};
  EXPECT_EQ(px_whiten_moments_f32(nullptr, x.data(), nullptr, 2, &m), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_moments_f32(engine_, nullptr, nullptr, 2, &m), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_moments_f32(engine_, x.data(), nullptr, 2, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_apply_f32(nullptr, x.data(), nullptr, 2, &m, 0, out.data()), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_apply_f32(engine_, nullptr, nullptr, 2, &m, 0, out.data()), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_apply_f32(engine_, x.data(), nullptr, 2, nullptr, 0, out.data()), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_apply_f32(engine_, x.data(), nullptr, 2, &m, 0, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_apply_f32(engine_, x.data(), nullptr, 2, &m, 4, out.data()), PX_INVALID_ARGUMENT);
  for (const int64_t n : kAbsurdCounts) {
    EXPECT_EQ(px_whiten_moments_f32(engine_, x.data(), nullptr, n, &m), PX_INVALID_ARGUMENT);
    EXPECT_EQ(px_whiten_apply_f32(engine_, x.data(), nullptr, n, &m, 0, out.data()), PX_INVALID_ARGUMENT);
  }
  for (px_moments bad : {px_moments{-1, 0, 0}, px_moments{2, kNan, 0}, px_moments{2, 0, -1}, px_moments{kInf, 0, 0}}) {
    EXPECT_EQ(px_whiten_apply_f32(engine_, x.data(), nullptr, 2, &bad, 0, out.data()), PX_INVALID_ARGUMENT);
    EXPECT_EQ(px_whiten_merge(&m, &bad), PX_INVALID_ARGUMENT);
    EXPECT_EQ(px_whiten_merge(&bad, &m), PX_INVALID_ARGUMENT);
  }
  EXPECT_EQ(px_whiten_merge(nullptr, &m), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_whiten_merge(&m, nullptr), PX_INVALID_ARGUMENT);
}

}  // namespace
