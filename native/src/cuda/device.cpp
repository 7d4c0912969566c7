// The device as the engine sees it: host arrays in, kernels, host arrays out.
#include "base/device.h"

#include <cmath>
#include <cstring>
#include <mutex>
#include <sstream>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/ops.h"
#include "cuda/stream.h"

namespace px::cuda {
namespace {

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int32_t index) : index_(use(index)), memory_(stream_.get()) {}

  std::string describe() override;
  std::unique_ptr<Ops> make_ops() override { return std::make_unique<CudaOps>(index_); }

  bool gae(const px_gae_args& args) override;
  bool policy_loss(const px_policy_loss_args& args, px_policy_metrics& metrics) override;
  bool value_loss(const px_value_loss_args& args, px_value_metrics& metrics) override;
  void kl(const px_kl_args& args) override;
  bool reward_shape(const px_reward_args& args) override;
  bool whiten_moments(const float* x, const uint8_t* mask, int64_t n, px_moments& moments) override;
  void whiten_apply(const float* x, const uint8_t* mask, int64_t n, double mean, double scale, double shift,
                    float* out) override;
  void adamw(const px_adamw_args& args) override;
  double squared_norm(const float* x, int64_t n) override;
  bool sample(const px_sample_args& args, int32_t& token, float* logprob) override;
  bool sample_distribution(const px_sample_args& args, float* logprob) override;
  bool token_logprob(const float* logits, const int32_t* target, int64_t n, int64_t vocabulary, double temperature,
                     float* logprob, float* entropy) override;
  bool token_logprob_backward(const float* logits, const int32_t* target, int64_t n, int64_t vocabulary,
                              double temperature, const float* upstream_logprob, const float* upstream_entropy,
                              float* gradient) override;

 private:
  class Call;

  // Which device a thread uses is the thread's own setting.
  static int32_t use(int32_t index) {
    check_cuda(cudaSetDevice(index), "cudaSetDevice");
    return index;
  }

  const int32_t index_;
  std::mutex mutex_;
  OwnStream stream_;
  DeviceMemory memory_;
};

// One call: the device for itself, its arrays, and at the end, however that comes, nothing on its way any more.
class CudaDevice::Call {
 public:
  explicit Call(CudaDevice& device) : guard_(device.mutex_), memory_(device.memory_) { use(device.index_); }
  ~Call() {
    if (!waited_ && cudaStreamSynchronize(memory_.stream()) != cudaSuccess) cudaGetLastError();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  cudaStream_t stream() const { return memory_.stream(); }

  // The copy of an array; null where the host has none.
  template <class T>
  DeviceArray<T> in(const T* host, int64_t count) {
    return DeviceArray<T>(memory_, host, count);
  }

  // An array to write; null where the host wants none.
  template <class T>
  DeviceArray<T> out(const T* host, int64_t count) {
    return DeviceArray<T>(memory_, host != nullptr ? count : 0);
  }

  template <class T = unsigned char>
  DeviceArray<T> workspace(uint64_t count) {
    return DeviceArray<T>(memory_, static_cast<int64_t>(count));
  }

  DeviceArray<int32_t> flag() {
    DeviceArray<int32_t> flag(memory_, 1);
    check_cuda(cudaMemsetAsync(flag.data(), 0, sizeof(int32_t), stream()), "cudaMemsetAsync");
    return flag;
  }

  void finish() {
    waited_ = true;
    memory_.synchronize();
  }

  // Finishes; whether the flag is still 0.
  bool finish(const DeviceArray<int32_t>& not_finite) {
    int32_t set = 0;
    not_finite.copy_to(&set);
    finish();
    return set == 0;
  }

 private:
  std::lock_guard<std::mutex> guard_;
  DeviceMemory& memory_;
  bool waited_ = false;
};

std::string CudaDevice::describe() {
  const std::lock_guard<std::mutex> guard(mutex_);
  use(index_);
  cudaDeviceProp properties;
  int runtime = 0, driver = 0;
  check_cuda(cudaGetDeviceProperties(&properties, index_), "cudaGetDeviceProperties");
  check_cuda(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  check_cuda(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  const DeviceCounters& counters = memory_.counters();
  std::ostringstream json;
  // Names of devices hold nothing that JSON would want escaped.
  json << "{\"index\":" << index_ << ",\"name\":\"" << properties.name << "\",\"architecture\":\"sm_"
       << properties.major << properties.minor << "\",\"memory_bytes\":" << properties.totalGlobalMem
       << ",\"runtime\":" << runtime << ",\"driver\":" << driver << ",\"copies_in\":" << counters.copies_in
       << ",\"bytes_in\":" << counters.bytes_in << ",\"copies_out\":" << counters.copies_out
       << ",\"bytes_out\":" << counters.bytes_out << ",\"live_bytes\":" << counters.live_bytes
       << ",\"peak_bytes\":" << counters.peak_bytes << "}";
  return json.str();
}

bool CudaDevice::gae(const px_gae_args& args) {
  Call call(*this);
  const int64_t tokens = args.offsets[args.sequences];
  const auto offsets = call.in(args.offsets, args.sequences + 1);
  const auto reward = call.in(args.reward, tokens), value = call.in(args.value, tokens);
  const auto mask = call.in(args.mask, tokens);
  const auto advantage = call.out(args.advantage, tokens), returns = call.out(args.returns, tokens);
  const auto flag = call.flag();
  px_gae_args a = args;
  a.offsets = offsets.data();
  a.reward = reward.data();
  a.value = value.data();
  a.mask = mask.data();
  a.advantage = advantage.data();
  a.returns = returns.data();
  kernels::gae_cuda(call.stream(), a, flag.data());
  advantage.copy_to(args.advantage);
  returns.copy_to(args.returns);
  return call.finish(flag);
}

bool CudaDevice::policy_loss(const px_policy_loss_args& args, px_policy_metrics& metrics) {
  Call call(*this);
  const auto logprob = call.in(args.logprob, args.count), old_logprob = call.in(args.old_logprob, args.count);
  const auto ref_logprob = call.in(args.kl_coefficient != 0 ? args.ref_logprob : nullptr, args.count);
  const auto advantage = call.in(args.advantage, args.count), weight = call.in(args.weight, args.count);
  const auto loss = call.out(args.loss, args.count), gradient = call.out(args.gradient, args.count);
  const auto totals = call.workspace<double>(kernels::kPolicyTotals);
  const auto workspace = call.workspace(kernels::policy_loss_cuda_workspace(args.count));
  px_policy_loss_args a = args;
  a.logprob = logprob.data();
  a.old_logprob = old_logprob.data();
  a.ref_logprob = ref_logprob.data();
  a.advantage = advantage.data();
  a.weight = weight.data();
  a.loss = loss.data();
  a.gradient = gradient.data();
  kernels::policy_loss_cuda(call.stream(), a, totals.data(), workspace.data());
  loss.copy_to(args.loss);
  gradient.copy_to(args.gradient);
  double host_totals[kernels::kPolicyTotals];
  totals.copy_to(host_totals);
  call.finish();
  return kernels::read_policy_totals(host_totals, metrics);
}

bool CudaDevice::value_loss(const px_value_loss_args& args, px_value_metrics& metrics) {
  Call call(*this);
  const auto value = call.in(args.value, args.count), old_value = call.in(args.old_value, args.count);
  const auto returns = call.in(args.returns, args.count), weight = call.in(args.weight, args.count);
  const auto loss = call.out(args.loss, args.count), gradient = call.out(args.gradient, args.count);
  const auto totals = call.workspace<double>(kernels::kValueTotals);
  const auto workspace = call.workspace(kernels::value_loss_cuda_workspace(args.count));
  px_value_loss_args a = args;
  a.value = value.data();
  a.old_value = old_value.data();
  a.returns = returns.data();
  a.weight = weight.data();
  a.loss = loss.data();
  a.gradient = gradient.data();
  kernels::value_loss_cuda(call.stream(), a, totals.data(), workspace.data());
  loss.copy_to(args.loss);
  gradient.copy_to(args.gradient);
  double host_totals[kernels::kValueTotals];
  totals.copy_to(host_totals);
  call.finish();
  return kernels::read_value_totals(host_totals, metrics);
}

void CudaDevice::kl(const px_kl_args& args) {
  Call call(*this);
  const auto logprob = call.in(args.logprob, args.count), ref_logprob = call.in(args.ref_logprob, args.count);
  const auto value = call.out(args.value, args.count), gradient = call.out(args.gradient, args.count);
  px_kl_args a = args;
  a.logprob = logprob.data();
  a.ref_logprob = ref_logprob.data();
  a.value = value.data();
  a.gradient = gradient.data();
  kernels::kl_cuda(call.stream(), a);
  value.copy_to(args.value);
  gradient.copy_to(args.gradient);
  call.finish();
}

bool CudaDevice::reward_shape(const px_reward_args& args) {
  Call call(*this);
  const int64_t tokens = args.offsets[args.sequences];
  const auto offsets = call.in(args.offsets, args.sequences + 1);
  const auto mask = call.in(args.mask, tokens);
  const auto logprob = call.in(args.logprob, tokens), ref_logprob = call.in(args.ref_logprob, tokens);
  const auto score = call.in(args.score, args.sequences), token_reward = call.in(args.token_reward, tokens);
  const auto kl = call.out(args.kl, tokens), reward = call.out(args.reward, tokens);
  const auto flag = call.flag();
  px_reward_args a = args;
  a.offsets = offsets.data();
  a.mask = mask.data();
  a.logprob = logprob.data();
  a.ref_logprob = ref_logprob.data();
  a.score = score.data();
  a.token_reward = token_reward.data();
  a.kl = kl.data();
  a.reward = reward.data();
  kernels::reward_shape_cuda(call.stream(), a, tokens, flag.data());
  kl.copy_to(args.kl);
  reward.copy_to(args.reward);
  return call.finish(flag);
}

bool CudaDevice::whiten_moments(const float* x, const uint8_t* mask, int64_t n, px_moments& moments) {
  Call call(*this);
  const auto values = call.in(x, n);
  const auto masks = call.in(mask, n);
  const auto result = call.workspace<px_moments>(1);
  const auto workspace = call.workspace(kernels::whiten_moments_cuda_workspace(n));
  kernels::whiten_moments_cuda(call.stream(), values.data(), masks.data(), n, result.data(), workspace.data());
  result.copy_to(&moments);
  call.finish();
  return std::isfinite(moments.mean) && std::isfinite(moments.m2);
}

void CudaDevice::whiten_apply(const float* x, const uint8_t* mask, int64_t n, double mean, double scale, double shift,
                              float* out) {
  Call call(*this);
  const auto values = call.in(x, n);
  const auto masks = call.in(mask, n);
  kernels::whiten_apply_cuda(call.stream(), values.data(), masks.data(), n, mean, scale, shift, values.data());
  values.copy_to(out);
  call.finish();
}

void CudaDevice::adamw(const px_adamw_args& args) {
  Call call(*this);
  const auto parameter = call.in<float>(args.parameter, args.count), gradient = call.in(args.gradient, args.count);
  const auto exp_avg = call.in<float>(args.exp_avg, args.count);
  const auto exp_avg_sq = call.in<float>(args.exp_avg_sq, args.count);
  const auto shadow = call.out(args.shadow, args.count);
  px_adamw_args a = args;
  a.parameter = parameter.data();
  a.gradient = gradient.data();
  a.exp_avg = exp_avg.data();
  a.exp_avg_sq = exp_avg_sq.data();
  a.shadow = shadow.data();
  kernels::adamw_cuda(call.stream(), a);
  parameter.copy_to(args.parameter);
  exp_avg.copy_to(args.exp_avg);
  exp_avg_sq.copy_to(args.exp_avg_sq);
  shadow.copy_to(args.shadow);
  call.finish();
}

double CudaDevice::squared_norm(const float* x, int64_t n) {
  Call call(*this);
  const auto values = call.in(x, n);
  const auto sum = call.workspace<double>(1);
  const auto workspace = call.workspace(kernels::squared_norm_cuda_workspace(n));
  kernels::squared_norm_cuda(call.stream(), values.data(), n, sum.data(), workspace.data());
  double result = 0;
  sum.copy_to(&result);
  call.finish();
  return result;
}

bool CudaDevice::sample(const px_sample_args& args, int32_t& token, float* logprob) {
  Call call(*this);
  const auto logits = call.in(args.logits, args.vocabulary);
  const auto id = call.in(&args.sample_id, 1), index = call.in(&args.index, 1);
  const auto drawn = call.out(&token, 1);
  const auto logprobs = call.out(logprob, 1);
  const auto flag = call.flag();
  const auto workspace = call.workspace(kernels::sample_cuda_workspace(1, args.vocabulary));
  const kernels::SampleRows rows{args, logits.data(), id.data(), index.data(), 1};
  kernels::sample_cuda(call.stream(), rows, drawn.data(), logprobs.data(), flag.data(), workspace.data());
  int32_t drawn_token = 0;
  float drawn_logprob = 0;
  drawn.copy_to(&drawn_token);
  if (logprob != nullptr) logprobs.copy_to(&drawn_logprob);
  if (!call.finish(flag)) return false;
  token = drawn_token;
  if (logprob != nullptr) *logprob = drawn_logprob;
  return true;
}

bool CudaDevice::sample_distribution(const px_sample_args& args, float* logprob) {
  Call call(*this);
  const auto logits = call.in(args.logits, args.vocabulary);
  const auto out = call.out(logprob, args.vocabulary);
  const auto flag = call.flag();
  const auto workspace = call.workspace(kernels::sample_cuda_workspace(1, args.vocabulary));
  const kernels::SampleRows rows{args, logits.data(), nullptr, nullptr, 1};
  kernels::sample_distribution_cuda(call.stream(), rows, out.data(), flag.data(), workspace.data());
  out.copy_to(logprob);
  return call.finish(flag);
}

bool CudaDevice::token_logprob(const float* logits, const int32_t* target, int64_t n, int64_t vocabulary,
                               double temperature, float* logprob, float* entropy) {
  Call call(*this);
  const auto values = call.in(logits, n * vocabulary);
  const auto targets = call.in(target, n);
  const auto logprobs = call.out(logprob, n), entropies = call.out(entropy, n);
  const auto flag = call.flag();
  kernels::token_logprob_cuda(call.stream(), {values.data(), targets.data(), n, vocabulary, temperature},
                              logprobs.data(), entropies.data(), flag.data());
  logprobs.copy_to(logprob);
  entropies.copy_to(entropy);
  return call.finish(flag);
}

bool CudaDevice::token_logprob_backward(const float* logits, const int32_t* target, int64_t n, int64_t vocabulary,
                                        double temperature, const float* upstream_logprob,
                                        const float* upstream_entropy, float* gradient) {
  Call call(*this);
  const auto values = call.in(logits, n * vocabulary);
  const auto targets = call.in(target, n);
  const auto toward_logprob = call.in(upstream_logprob, n), toward_entropy = call.in(upstream_entropy, n);
  const auto flag = call.flag();
  // The gradient takes the place of the copied logits; the host's are left alone where a row is refused.
  kernels::token_logprob_backward_cuda(call.stream(), {values.data(), targets.data(), n, vocabulary, temperature},
                                       toward_logprob.data(), toward_entropy.data(), values.data(), flag.data());
  if (!call.finish(flag)) return false;
  values.copy_to(gradient);
  call.finish();
  return true;
}

}  // namespace

// Throws where the index names none of the devices.
void check_index(int32_t index) {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) cudaGetLastError();
  check(error == cudaSuccess && count > 0, PX_UNSUPPORTED, "no CUDA device can be used: ",
        error == cudaSuccess ? "the runtime finds none" : cudaGetErrorString(error),
        ". `nvidia-smi` shows the devices and the driver");
  check(index >= 0 && index < count, PX_UNSUPPORTED, "CUDA device ", index, ": this machine has ", count,
        ", numbered from 0");
}

}  // namespace px::cuda

// One version on both sides of this call: the interface between them is the library's own.
extern "C" __attribute__((visibility("default"))) px::Device* proximal_cuda_device(const char* version, int32_t index) {
  px::check(std::strcmp(version, PROXIMAL_VERSION) == 0, PX_ABI_MISMATCH, "libproximal_cuda.so is version ",
            PROXIMAL_VERSION, ", expected ", version);
  px::cuda::check_index(index);
  return new px::cuda::CudaDevice(index);
}
