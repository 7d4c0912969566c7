// What the tests of the CUDA forms share: the device, the seeds of the emulator, comparisons.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../kernel_test.h"
#include "base/device.h"
#include "base/error.h"
#include "cuda/check.h"

extern "C" px::Device* proximal_cuda_device(const char* version, int32_t index);

namespace px::test {

// The device of the machine where there is no emulator.
class DeviceTest : public testing::Test {
 protected:
  void SetUp() override {
#ifndef PX_CUDA_EMULATOR
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no CUDA device: this machine has no NVIDIA GPU that its driver shows";
#endif
    device_.reset(proximal_cuda_device(PROXIMAL_VERSION, 0));
  }

  Device& device() { return *device_; }

 private:
  std::unique_ptr<Device> device_;
};

// Runs the body with the threads of the emulator in several orders; on a device several times.
template <class Body>
void for_orders(const Body& body) {
#ifdef __SANITIZE_THREAD__
  constexpr unsigned kSeeds[]{7};  // it takes its time
#else
  constexpr unsigned kSeeds[]{0, 1, 7};
#endif
  for (const unsigned seed : kSeeds) {
#ifdef PX_CUDA_EMULATOR
    emulator::config().seed = seed;
#endif
    body(seed);
  }
#ifdef PX_CUDA_EMULATOR
  emulator::config().seed = 0;
#endif
}

// The same bits; of NaN there is one.
inline bool same(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

// One unit in the last place of a float: both round the same double but for its last bits.
inline bool is_near(float got, float expected) {
  return same(got, expected) || std::abs(got - expected) <= 1.2e-7f * std::abs(expected) + 1e-12f;
}

// What `body` throws, or PX_OK.
template <class Body>
px_status status_of_call(const Body& body, std::string* message = nullptr) {
  try {
    body();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.message();
    return error.status();
  }
  return PX_OK;
}

}  // namespace px::test
