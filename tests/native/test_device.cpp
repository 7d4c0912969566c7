// Engines on a device: the emulated one in the place of libproximal_cuda.so, and what is said where there is none.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "kernel_test.h"

using namespace px::test;

namespace {

class DeviceEngine : public testing::Test {
 protected:
  void TearDown() override {
    unsetenv(kLibrary);
    px_engine_release(engine_);
  }

  px_status create(int32_t device) {
    auto options = make_args<px_engine_options>();
    options.device = device;
    return px_engine_create(&options, &engine_);
  }

  nlohmann::json describe() {
    char text[2048];
    EXPECT_EQ(px_engine_describe(engine_, 0, text, sizeof text, nullptr), PX_OK) << last_error();
    return nlohmann::json::parse(text);
  }

  static constexpr const char* kLibrary = "PROXIMAL_CUDA_LIBRARY";
  px_engine* engine_ = nullptr;
};

void use_emulator() { setenv("PROXIMAL_CUDA_LIBRARY", PROXIMAL_CUDA_EMULATED, 1); }

TEST_F(DeviceEngine, TheCpuIsTheDefault) {
  ASSERT_EQ(create(0), PX_OK);
  EXPECT_EQ(describe()["device"], "cpu");
}

TEST_F(DeviceEngine, KernelsComputeOnTheDeviceAndTheCopiesAreCounted) {
  use_emulator();
  ASSERT_EQ(create(1), PX_OK) << last_error();
  const std::vector<float> x(5000, 2);
  double sum = 0;
  ASSERT_EQ(px_squared_norm_f32(engine_, x.data(), 5000, &sum), PX_OK) << last_error();
  EXPECT_EQ(sum, 20000);
  const nlohmann::json device = describe()["device"];
  EXPECT_EQ(device["name"], "emulator on the CPU");
  EXPECT_EQ(device["copies_in"], 1);
  EXPECT_EQ(device["bytes_in"], 20000);
  EXPECT_EQ(device["copies_out"], 1);
  EXPECT_EQ(device["bytes_out"], 8);
  EXPECT_EQ(device["live_bytes"], 0);
}

// The reference on the host names what the device found.
TEST_F(DeviceEngine, NamesWhatIsNotFinite) {
  use_emulator();
  ASSERT_EQ(create(1), PX_OK) << last_error();
  std::vector<float> values(5000, 0.5f), out(5000);
  values[4003] = kInf;
  values[2001] = kNan;
  auto args = make_args<px_policy_loss_args>();
  args.count = 5000;
  args.logprob = args.old_logprob = args.advantage = out.data();
  args.ref_logprob = values.data();
  args.normalizer = args.kl_coefficient = 1;
  px_policy_metrics metrics{};
  metrics.tokens = -3;
  EXPECT_EQ(px_policy_loss_f32(engine_, &args, &metrics), PX_NOT_FINITE);
  expect_error_with("ref_logprob[2001]");
  EXPECT_EQ(metrics.tokens, -3);
  px_moments moments{};
  EXPECT_EQ(px_whiten_moments_f32(engine_, values.data(), nullptr, 5000, &moments), PX_NOT_FINITE);
  expect_error_with("x[2001]");
  auto gae = make_args<px_gae_args>();
  const std::vector<int64_t> offsets{0, 5000};
  gae.sequences = 1;
  gae.offsets = offsets.data();
  gae.reward = values.data();
  gae.value = gae.advantage = out.data();
  EXPECT_EQ(px_gae_f32(engine_, &gae), PX_NOT_FINITE);
  expect_error_with("reward[4003]");
}

TEST_F(DeviceEngine, TheLibTorchBackendIsRefused) {
  use_emulator();
  auto options = make_args<px_engine_options>();
  options.device = 1;
  options.backend = PX_BACKEND_TORCH;
  ASSERT_EQ(px_engine_create(&options, &engine_), PX_OK) << last_error();
  double gflops = 0;
  EXPECT_EQ(px_engine_measure_gemm(engine_, 8, 1, &gflops), PX_UNSUPPORTED);
  expect_error_with("options.backend");
}

TEST_F(DeviceEngine, ADeviceThatIsNotThereIsRefused) {
  use_emulator();
  EXPECT_EQ(create(2), PX_UNSUPPORTED);
  expect_error_with("CUDA device 1: this machine has 1");
  EXPECT_EQ(create(65), PX_INVALID_ARGUMENT);
  EXPECT_EQ(create(-1), PX_INVALID_ARGUMENT);
  expect_error_with("options.device: expected 0 (the CPU)");
  EXPECT_EQ(engine_, nullptr);
}

TEST_F(DeviceEngine, ALibraryThatIsNotThereIsNamedWithTheWayOut) {
  setenv(kLibrary, "/nowhere/libproximal_cuda.so", 1);
  EXPECT_EQ(create(1), PX_UNSUPPORTED);
  expect_error_with("options.device: 1");
  expect_error_with("/nowhere/libproximal_cuda.so");
  expect_error_with("-DPROXIMAL_CUDA=ON");
}

// The library of this build, with the devices that the machine may have hidden.
TEST_F(DeviceEngine, WithoutADeviceTheEngineSaysSo) {
  setenv("CUDA_VISIBLE_DEVICES", "", 1);
  EXPECT_EQ(create(1), PX_UNSUPPORTED);
  unsetenv("CUDA_VISIBLE_DEVICES");
  const bool built = last_error().find("no CUDA device can be used") != std::string::npos;
  const bool absent = last_error().find("libproximal_cuda.so") != std::string::npos;
  EXPECT_TRUE(built || absent) << last_error();
}

}  // namespace
