// The pool: every turn once, from any number of callers, and it ends.
#include "base/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

namespace {

TEST(Pool, DoesEachTurnOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    px::Pool pool(threads);
    for (const int64_t count : {0, 1, 2, 7, 64, 1000}) {
      std::vector<std::atomic<int>> done(static_cast<size_t>(count));
      pool.for_each(count, [&](int64_t i) noexcept { ++done[static_cast<size_t>(i)]; });
      for (const auto& times : done) EXPECT_EQ(times, 1);
    }
  }
}

TEST(Pool, TurnsRunOnOtherThreadsToo) {
  px::Pool pool(2);
  // Each turn waits for the other: one thread alone would never end.
  std::atomic<int> arrived{0};
  pool.for_each(2, [&](int64_t) noexcept {
    ++arrived;
    while (arrived < 2) std::this_thread::yield();
  });
  EXPECT_EQ(arrived, 2);
}

TEST(Pool, ServesManyCallersAtOnce) {
  px::Pool pool(3);
  constexpr int64_t kTurns = 100;
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int loop = 0; loop < 200; ++loop) {
        std::vector<std::atomic<int64_t>> squares(kTurns);
        pool.for_each(kTurns, [&](int64_t i) noexcept { squares[static_cast<size_t>(i)] = i * i; });
        int64_t sum = 0;
        for (const auto& square : squares) sum += square;
        wrong += sum != (kTurns - 1) * kTurns * (2 * kTurns - 1) / 6;
      }
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Pool, EndsWithAndWithoutWork) {
  for (int i = 0; i < 100; ++i) {
    px::Pool pool(4);
    if (i % 2 == 0) pool.for_each(8, [](int64_t) noexcept {});
  }
}

}  // namespace
