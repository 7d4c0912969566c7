// A device beside the CPU: the kernels that have a form for it, over the host's arrays.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "proximal/kernels/adamw.h"
#include "proximal/kernels/gae.h"
#include "proximal/kernels/kl.h"
#include "proximal/kernels/policy_loss.h"
#include "proximal/kernels/sample.h"
#include "proximal/kernels/value_loss.h"
#include "proximal/kernels/whiten.h"

namespace px {

class Ops;

// Each call copies what it reads to the device, computes and copies the results back before it returns; arguments are
// checked and their defaults resolved. False: a number was not finite; what was written is void, and the reference
// names it. Throws PX_DEVICE_ERROR or PX_DEVICE_OUT_OF_MEMORY where the device fails. One call at a time runs.
class Device {
 public:
  virtual ~Device() = default;

  // A JSON object: name, memory, versions of runtime and driver, what was copied so far.
  virtual std::string describe() = 0;

  // A table of operations over the device's memory, in a stream of its own, for models that live there. Goes before the
  // device.
  virtual std::unique_ptr<Ops> make_ops() = 0;

  virtual bool gae(const px_gae_args& args) = 0;
  virtual bool policy_loss(const px_policy_loss_args& args, px_policy_metrics& metrics) = 0;
  virtual bool value_loss(const px_value_loss_args& args, px_value_metrics& metrics) = 0;
  virtual void kl(const px_kl_args& args) = 0;
  virtual bool reward_shape(const px_reward_args& args) = 0;
  virtual bool whiten_moments(const float* x, const uint8_t* mask, int64_t n, px_moments& moments) = 0;
  virtual void whiten_apply(const float* x, const uint8_t* mask, int64_t n, double mean, double scale, double shift,
                            float* out) = 0;
  virtual void adamw(const px_adamw_args& args) = 0;
  virtual double squared_norm(const float* x, int64_t n) = 0;
  // logprob may be null.
  virtual bool sample(const px_sample_args& args, int32_t& token, float* logprob) = 0;
  virtual bool sample_distribution(const px_sample_args& args, float* logprob) = 0;
  virtual bool token_logprob(const float* logits, const int32_t* target, int64_t n, int64_t vocabulary,
                             double temperature, float* logprob, float* entropy) = 0;
  virtual bool token_logprob_backward(const float* logits, const int32_t* target, int64_t n, int64_t vocabulary,
                                      double temperature, const float* upstream_logprob, const float* upstream_entropy,
                                      float* gradient) = 0;
};

// The symbol by which the library of a device hands itself out; index 0 is its first device. Throws PX_UNSUPPORTED
// where there is none.
inline constexpr const char* kCudaDeviceSymbol = "proximal_cuda_device";
using DeviceFactory = Device* (*)(const char* proximal_version, int32_t index);

}  // namespace px
