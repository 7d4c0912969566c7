// The emulator itself: what it computes, and which defects of a kernel or of its caller it reports.
#include <thread>

#include "device_test.h"
#include "planted.h"

using namespace px;
using namespace px::test;

namespace {

// A stream whose failures the test reads.
class StreamTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), cudaSuccess); }
  void TearDown() override {
    cudaStreamDestroy(stream_);
    cudaGetLastError();
  }

  std::string failure() {
    const cudaError_t error = cudaStreamSynchronize(stream_);
    cudaGetLastError();
    return error == cudaErrorLaunchFailure ? cudaGetErrorString(error) : std::string(cudaGetErrorName(error));
  }

  cudaStream_t stream_ = nullptr;
  std::vector<float> out_ = std::vector<float>(256, kNan);
};

using Emulator = StreamTest;

void expect_text(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(Emulator, CollectivesGiveWhatTheHardwareGives) {
  constexpr int kCount = 1000;
  std::vector<int> in(kCount), out(kCount);
  for (int i = 0; i < kCount; ++i) in[static_cast<size_t>(i)] = (i * 37 + 11) % 101;
  const auto at = [&](int i) { return i < kCount ? in[static_cast<size_t>(i)] : 0; };
  for_orders([&](unsigned seed) {
    out.assign(kCount, -1);
    collectives(stream_, in.data(), out.data(), kCount);
    ASSERT_EQ(failure(), "cudaSuccess");
    for (int i = 0; i < kCount; ++i) {
      const int warp = i / 32 * 32, lane = i % 32;
      int odd = 0;
      for (int j = 0; j < 32; ++j) odd += at(warp + j) % 2;
      const int up = lane == 0 ? at(i) : at(i - 1), down = lane == 31 ? at(i) : at(i + 1);
      ASSERT_EQ(out[static_cast<size_t>(i)], at(i) + 3 * up + 5 * down + 7 * at(warp) + 11 * odd + 13 * at(warp + 31))
          << i << " in order " << seed;
    }
  });
}

TEST_F(Emulator, ReportsABarrierThatDiverges) {
  divergent_barrier(stream_, out_.data());
  expect_text(failure(), {"divergent __syncthreads", "thread (0,0,0)", "planted.cu"});
}

TEST_F(Emulator, ReportsABarrierThatNotEveryThreadReaches) {
  early_end(stream_, out_.data());
  expect_text(failure(), {"not every thread reaches", "has ended", "planted.cu"});
}

TEST_F(Emulator, ReportsLanesThatDoNotComeToAShuffle) {
  lost_lanes(stream_, out_.data());
  expect_text(failure(), {"deadlock", "warp collective", "__syncthreads"});
}

#ifndef __SANITIZE_THREAD__
// The thread sanitizer names it (sanitizer_planted.cpp); without it the results show it.
TEST_F(Emulator, AMissingBarrierShowsInTheResults) {
  std::vector<float> in(256);
  float start = 0;
  for_orders([&](unsigned seed) {
    const auto expected = [&] {
      for (float& value : in) value = start += 1;  // nothing that lies in shared memory from before
      return std::vector<float>(in.rbegin(), in.rend());
    };
    const std::vector<float> first = expected();
    reverse(stream_, in.data(), out_.data());
    ASSERT_EQ(failure(), "cudaSuccess");
    EXPECT_EQ(out_, first) << seed;
    const std::vector<float> second = expected();
    reverse_without_barrier(stream_, in.data(), out_.data());
    ASSERT_EQ(failure(), "cudaSuccess");
    EXPECT_NE(out_, second) << seed;
  });
}
#endif

TEST_F(Emulator, SharedMemoryStartsAsNaN) {
  unwritten_shared(stream_, out_.data());
  ASSERT_EQ(failure(), "cudaSuccess");
  for (size_t i = 0; i < 32; ++i) EXPECT_TRUE(std::isnan(out_[i]));
}

TEST_F(Emulator, NothingRunsBeforeSomebodyWaits) {
  const std::vector<float> in(256, 3);
  reverse(stream_, in.data(), out_.data());
  EXPECT_TRUE(std::isnan(out_[0])) << "a result that is read too early is not there";
  ASSERT_EQ(failure(), "cudaSuccess");
  EXPECT_EQ(out_[0], 3.f);
}

TEST_F(Emulator, AStreamThatFailedStaysFailed) {
  early_end(stream_, out_.data());
  EXPECT_NE(failure(), "cudaSuccess");
  const std::vector<float> in(256, 3);
  void* memory = nullptr;
  EXPECT_THROW(reverse(stream_, in.data(), out_.data()), px::Error);
  EXPECT_EQ(cudaMallocAsync(&memory, 4, stream_), cudaErrorLaunchFailure);
  EXPECT_EQ(cudaMemcpyAsync(out_.data(), in.data(), 4, cudaMemcpyHostToDevice, stream_), cudaErrorLaunchFailure);
  EXPECT_NE(failure(), "cudaSuccess");
  EXPECT_TRUE(std::isnan(out_[200]));
}

TEST_F(Emulator, FreeingWhatIsNotAllocatedIsReported) {
  cudaFreeAsync(out_.data(), stream_);
  expect_text(failure(), {"not allocated"});
}

}  // namespace
