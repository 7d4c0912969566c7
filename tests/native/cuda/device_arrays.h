// What tests of kernels over memory of the device share.
#pragma once

#include "base/float16.h"
#include "cuda/memory.h"
#include "device_test.h"

namespace px::test {

using Floats = std::vector<float>;

// A stream with its memory; the device of the machine where there is no emulator.
class StreamedTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking) != cudaSuccess) return;
    memory_ = std::make_unique<cuda::DeviceMemory>(stream_);
  }
  void TearDown() override {
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
    cudaGetLastError();
  }

  cuda::DeviceMemory& memory() { return *memory_; }
  cudaStream_t stream() const { return stream_; }

  // The vector may go once this returns.
  template <class T>
  cuda::DeviceArray<T> in(const std::vector<T>& values) {
    cuda::DeviceArray<T> array(memory(), values.data(), static_cast<int64_t>(values.size()));
    memory().synchronize();
    return array;
  }

  template <class T>
  std::vector<T> out(const cuda::DeviceArray<T>& array) {
    std::vector<T> values(static_cast<size_t>(array.count()));
    array.copy_to(values.data());
    memory().synchronize();
    return values;
  }

  void expect_near(const cuda::DeviceArray<float>& array, const Floats& expected, double tolerance, const char* what) {
    const Floats got = out(array);
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_LE(std::abs(static_cast<double>(got[i]) - expected[i]), tolerance * std::max(1.0, std::abs(double{expected[i]})))
          << what << "[" << i << "] of " << expected.size() << ": got " << got[i] << ", expected " << expected[i];
  }

  Floats widened(const cuda::DeviceArray<uint16_t>& array) {
    Floats floats;
    for (const uint16_t bits : out(array)) floats.push_back(from_bf16(bits));
    return floats;
  }

  void expect_bf16_of(const cuda::DeviceArray<uint16_t>& array, const cuda::DeviceArray<float>& values) {
    const std::vector<uint16_t> got = out(array);
    const Floats floats = out(values);
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], to_bf16(floats[i])) << i << " of " << got.size();
  }

 private:
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<cuda::DeviceMemory> memory_;
};

}  // namespace px::test
