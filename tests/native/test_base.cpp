// Status, error text, live handles, engines.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/worker.h"
#include "proximal/proximal.h"

namespace {

std::string last_error() {
  std::vector<char> buffer(static_cast<size_t>(px_last_error(nullptr, 0)));
  px_last_error(buffer.data(), static_cast<int64_t>(buffer.size()));
  return buffer.data();
}

TEST(Base, ReportsFunctionArgumentExpectedAndGot) {
  px_engine_options options{};
  options.struct_size = sizeof options;
  options.threads = -3;
  px_engine* engine = nullptr;
  EXPECT_EQ(px_engine_create(&options, &engine), PX_INVALID_ARGUMENT);
  EXPECT_EQ(engine, nullptr);
  EXPECT_EQ(last_error(), "px_engine_create: options.threads: expected 0 to 1024, got -3");
}

TEST(Base, RefusesShortAndStrayStructSizes) {
  px_engine* engine = nullptr;
  for (uint32_t size : {0u, 4u, static_cast<uint32_t>(sizeof(px_engine_options)) - 1, 5000u, 0xffffffffu}) {
    px_engine_options options{};
    options.struct_size = size;
    EXPECT_EQ(px_engine_create(&options, &engine), PX_ABI_MISMATCH) << size;
  }
}

TEST(Base, AcceptsALongerStructOnlyWhileTheRestIsZero) {
  struct {
    px_engine_options known;
    uint64_t future;
  } options{};
  options.known.struct_size = sizeof options;
  px_engine* engine = nullptr;
  ASSERT_EQ(px_engine_create(&options.known, &engine), PX_OK);
  px_engine_release(engine);
  options.future = 1;
  EXPECT_EQ(px_engine_create(&options.known, &engine), PX_ABI_MISMATCH);
}

TEST(Base, CountsLiveHandles) {
  const int64_t before = px_live_handles(PX_HANDLE_ENGINE);
  px_engine* engine = nullptr;
  ASSERT_EQ(px_engine_create(nullptr, &engine), PX_OK);
  EXPECT_EQ(px_live_handles(PX_HANDLE_ENGINE), before + 1);
  px_engine_release(engine);
  px_engine_release(nullptr);
  EXPECT_EQ(px_live_handles(PX_HANDLE_ENGINE), before);
  EXPECT_EQ(px_live_handles(99), -1);
}

TEST(Base, CutsTextAtTheCapacity) {
  char buffer[4] = {'x', 'x', 'x', 'x'};
  EXPECT_EQ(px_version(buffer, sizeof buffer), static_cast<int64_t>(std::strlen(PROXIMAL_VERSION)) + 1);
  EXPECT_EQ(std::string(buffer), std::string(PROXIMAL_VERSION).substr(0, 3));
}

TEST(Worker, RunsBodiesFromManyThreadsOneAtATimeAndRethrows) {
  px::Worker worker;
  int count = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 8; ++i)
    callers.emplace_back([&] {
      for (int j = 0; j < 100; ++j) worker.run([&] { ++count; });
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(count, 800);
  EXPECT_THROW(worker.run([] { throw px::Error(PX_IO, "gone"); }), px::Error);
  worker.run([&] { worker.run([&] { ++count; }); });
  EXPECT_EQ(count, 801);
}

}  // namespace
