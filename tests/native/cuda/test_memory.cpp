// Memory of the device: what is counted, what comes back, and how failures are told.
#include "cuda/memory.h"
#include "device_test.h"

using namespace px;
using namespace px::cuda;
using namespace px::test;

namespace {

class Memory : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  }
  void TearDown() override {
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
    cudaGetLastError();
  }

  cudaStream_t stream_ = nullptr;
};

TEST_F(Memory, CountsWhatIsCopiedAndHeld) {
  DeviceMemory memory(stream_);
  const std::vector<float> in{1, 2, 3};
  std::vector<float> out(3);
  {
    const DeviceArray<float> array(memory, in.data(), 3);
    const DeviceArray<double> more(memory, 10);
    const DeviceArray<float> none(memory, static_cast<const float*>(nullptr), 5), empty(memory, 0);
    EXPECT_EQ(none.data(), nullptr);
    EXPECT_EQ(none.count(), 0);
    EXPECT_EQ(empty.data(), nullptr);
    EXPECT_EQ(memory.counters().live_bytes, 92u);
    array.copy_to(out.data());
    array.copy_to(nullptr);
    memory.synchronize();
  }
  EXPECT_EQ(out, in);
  EXPECT_EQ(memory.counters().copies_in, 1u);
  EXPECT_EQ(memory.counters().bytes_in, 12u);
  EXPECT_EQ(memory.counters().copies_out, 1u);
  EXPECT_EQ(memory.counters().bytes_out, 12u);
  EXPECT_EQ(memory.counters().live_bytes, 0u);
  EXPECT_EQ(memory.counters().peak_bytes, 92u);
}

TEST_F(Memory, AnArrayThatMovesIsFreedOnce) {
  DeviceMemory memory(stream_);
  {
    DeviceArray<float> first(memory, 100);
    DeviceArray<float> second = std::move(first);
    DeviceArray<float> third(memory, 1);
    third = std::move(second);
    EXPECT_EQ(third.count(), 100);
  }
  memory.synchronize();
  EXPECT_EQ(memory.counters().live_bytes, 0u);
}

TEST_F(Memory, TellsWhatDoesNotFit) {
  DeviceMemory memory(stream_);
  const DeviceArray<float> held(memory, 25);
  std::string message;
  EXPECT_EQ(status_of_call([&] { memory.allocate(uint64_t{1} << 50); }, &message), PX_DEVICE_OUT_OF_MEMORY);
  EXPECT_NE(message.find("1125899906842624 bytes"), std::string::npos) << message;
  EXPECT_NE(message.find("holds 100"), std::string::npos) << message;
  EXPECT_EQ(memory.counters().live_bytes, 100u);
  const DeviceArray<float> fits(memory, 10);
  EXPECT_NE(fits.data(), nullptr) << "what failed is not remembered";
}

TEST_F(Memory, ErrorsOfTheRuntimeHaveAStatus) {
  EXPECT_EQ(status_of(cudaSuccess), PX_OK);
  EXPECT_EQ(status_of(cudaErrorMemoryAllocation), PX_DEVICE_OUT_OF_MEMORY);
  EXPECT_EQ(status_of(cudaErrorNoDevice), PX_UNSUPPORTED);
  EXPECT_EQ(status_of(cudaErrorInsufficientDriver), PX_UNSUPPORTED);
  EXPECT_EQ(status_of(cudaErrorLaunchFailure), PX_DEVICE_ERROR);
  EXPECT_EQ(status_of(cudaErrorInvalidValue), PX_DEVICE_ERROR);
  std::string message;
  EXPECT_EQ(status_of_call([] { check_cuda(cudaErrorInvalidValue, "the call"); }, &message), PX_DEVICE_ERROR);
  EXPECT_NE(message.find("the call: cudaErrorInvalidValue"), std::string::npos) << message;
}

TEST_F(Memory, ADeviceThatIsNotThereIsRefused) {
  std::string message;
  EXPECT_EQ(status_of_call([] { delete proximal_cuda_device(PROXIMAL_VERSION, 63); }, &message), PX_UNSUPPORTED);
  EXPECT_NE(message.find("device 63: this machine has "), std::string::npos) << message;
  EXPECT_EQ(status_of_call([] { delete proximal_cuda_device("0.0.0", 0); }, &message), PX_ABI_MISMATCH);
  EXPECT_NE(message.find("0.0.0"), std::string::npos) << message;
}

#ifdef PX_CUDA_EMULATOR

TEST_F(Memory, AMachineWithoutDevicesIsToldSo) {
  emulator::config().devices = 0;
  std::string message;
  EXPECT_EQ(status_of_call([] { delete proximal_cuda_device(PROXIMAL_VERSION, 0); }, &message), PX_UNSUPPORTED);
  emulator::config().devices = 1;
  EXPECT_NE(message.find("no CUDA device"), std::string::npos) << message;
}

// Each call to the runtime that a kernel makes fails once: the status tells, nothing is held, and the next call works.
TEST_F(Memory, EveryFailureOfACallIsToldAndLeavesNothingBehind) {
  const std::vector<float> x(5000, 2);
  for (const cudaError_t error : {cudaErrorMemoryAllocation, cudaErrorLaunchFailure}) {
    int failures = 0;
    for (int place = 0;; ++place) {
      emulator::config().errors_after = place;
      emulator::config().next_error = error;
      const px_status status = status_of_call([&] { EXPECT_EQ(device().squared_norm(x.data(), 5000), 20000.0); });
      const bool failed = emulator::config().next_error == cudaSuccess;
      emulator::config().next_error = cudaSuccess;
      if (!failed) break;
      ++failures;
      EXPECT_EQ(status, error == cudaErrorMemoryAllocation ? PX_DEVICE_OUT_OF_MEMORY : PX_DEVICE_ERROR) << place;
      EXPECT_EQ(device().squared_norm(x.data(), 5000), 20000.0) << place;
    }
    EXPECT_GE(failures, 6) << "allocations, copies, launches, the wait";
  }
}

TEST_F(Memory, NothingStaysOnTheDevice) {
  const std::vector<float> x(5000, 2);
  {
    const std::unique_ptr<Device> other(proximal_cuda_device(PROXIMAL_VERSION, 0));
    other->squared_norm(x.data(), 5000);
  }
  EXPECT_EQ(emulator::counters().live_bytes, 0u);
  EXPECT_EQ(emulator::counters().live_allocations, 0u);
}

#endif

}  // namespace
