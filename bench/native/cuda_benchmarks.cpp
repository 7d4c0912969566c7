// Times of the CUDA kernels over arrays that are on the device: median of launches, and the bytes that have to move.
// Without GoogleBenchmark, so that a machine with nvcc and g++ alone runs it.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "cuda/kernels.h"
#include "cuda/memory.h"

using namespace px;
using namespace px::cuda;

namespace {

constexpr int kRepeats = 21;

class Timer {
 public:
  explicit Timer(cudaStream_t stream) : stream_(stream) {
    check_cuda(cudaEventCreate(&start_), "cudaEventCreate");
    check_cuda(cudaEventCreate(&end_), "cudaEventCreate");
  }
  ~Timer() {
    cudaEventDestroy(start_);
    cudaEventDestroy(end_);
  }

  // Milliseconds of the median run; the first one is not counted.
  float median(const std::function<void()>& run) {
    std::vector<float> times;
    for (int i = 0; i <= kRepeats; ++i) {
      check_cuda(cudaEventRecord(start_, stream_), "cudaEventRecord");
      run();
      check_cuda(cudaEventRecord(end_, stream_), "cudaEventRecord");
      check_cuda(cudaEventSynchronize(end_), "cudaEventSynchronize");
      float time = 0;
      check_cuda(cudaEventElapsedTime(&time, start_, end_), "cudaEventElapsedTime");
      if (i > 0) times.push_back(time);
    }
    std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
    return times[kRepeats / 2];
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, end_ = nullptr;
};

struct Benchmarks {
  DeviceMemory& memory;
  Timer timer;
  const char* filter;

  explicit Benchmarks(DeviceMemory& device_memory, const char* name)
      : memory(device_memory), timer(device_memory.stream()), filter(name) {}

  void run(const std::string& name, int64_t elements, double bytes_per_element, const std::function<void()>& body) {
    if (name.find(filter) == std::string::npos) return;
    const float time = timer.median(body);
    std::printf("%-32s %12lld %10.3f ms %10.1f GB/s\n", name.c_str(), static_cast<long long>(elements), time,
                static_cast<double>(elements) * bytes_per_element / time / 1e6);
  }

  DeviceArray<float> floats(int64_t n, float value) {
    return DeviceArray<float>(memory, std::vector<float>(static_cast<size_t>(n), value).data(), n);
  }
};

void run_copy(Benchmarks& b, int64_t n) {
  const auto from = b.floats(n, 1), to = b.floats(n, 0);
  b.run("copy (the memory's roof)", n, 8, [&] {
    check_cuda(cudaMemcpyAsync(to.data(), from.data(), static_cast<size_t>(n) * 4, cudaMemcpyDeviceToDevice,
                               b.memory.stream()), "cudaMemcpyAsync");
  });
}

void run_losses(Benchmarks& b, int64_t n) {
  const auto lp = b.floats(n, -1), old = b.floats(n, -1.1f), advantage = b.floats(n, 0.5f), gradient = b.floats(n, 0);
  const DeviceArray<double> totals(b.memory, kernels::kPolicyTotals);
  const DeviceArray<char> workspace(b.memory, static_cast<int64_t>(kernels::policy_loss_cuda_workspace(n)));
  px_policy_loss_args policy{};
  policy.count = n;
  policy.logprob = lp.data();
  policy.old_logprob = old.data();
  policy.advantage = advantage.data();
  policy.normalizer = 1;
  policy.clip_low = policy.clip_high = 0.2;
  policy.dual_clip = 3;
  policy.gradient = gradient.data();
  b.run("policy_loss, gradient", n, 16, [&] {
    kernels::policy_loss_cuda(b.memory.stream(), policy, totals.data(), workspace.data());
  });
  px_value_loss_args value{};
  value.count = n;
  value.value = lp.data();
  value.old_value = old.data();
  value.returns = advantage.data();
  value.normalizer = 1;
  value.clip = 0.5;
  value.gradient = gradient.data();
  b.run("value_loss, gradient", n, 16, [&] {
    kernels::value_loss_cuda(b.memory.stream(), value, totals.data(), workspace.data());
  });
}

void run_gae(Benchmarks& b, int64_t sequences, int64_t length) {
  const int64_t n = sequences * length;
  std::vector<int64_t> offsets(static_cast<size_t>(sequences) + 1);
  for (int64_t s = 0; s <= sequences; ++s) offsets[static_cast<size_t>(s)] = s * length;
  const DeviceArray<int64_t> device_offsets(b.memory, offsets.data(), sequences + 1);
  const auto reward = b.floats(n, 0.1f), value = b.floats(n, 0.2f), advantage = b.floats(n, 0), returns = b.floats(n, 0);
  const DeviceArray<int32_t> flag(b.memory, 1);
  px_gae_args args{};
  args.sequences = sequences;
  args.offsets = device_offsets.data();
  args.reward = reward.data();
  args.value = value.data();
  args.gamma = 1;
  args.lambda = 0.95;
  args.advantage = advantage.data();
  args.returns = returns.data();
  b.run("gae [" + std::to_string(sequences) + ", " + std::to_string(length) + "]", n, 16, [&] {
    kernels::gae_cuda(b.memory.stream(), args, flag.data());
  });
}

void run_adamw(Benchmarks& b, int64_t n) {
  const auto parameter = b.floats(n, 1), gradient = b.floats(n, 0.01f), m = b.floats(n, 0), v = b.floats(n, 0);
  const DeviceArray<uint16_t> shadow(b.memory, n);
  px_adamw_args args{};
  args.count = n;
  args.parameter = parameter.data();
  args.gradient = gradient.data();
  args.exp_avg = m.data();
  args.exp_avg_sq = v.data();
  args.shadow = shadow.data();
  args.step = 1;
  args.learning_rate = 1e-5;
  args.beta1 = 0.9;
  args.beta2 = 0.95;
  args.epsilon = 1e-5;
  args.gradient_scale = 1;
  b.run("adamw, bf16 shadow", n, 30, [&] { kernels::adamw_cuda(b.memory.stream(), args); });
  const DeviceArray<double> sum(b.memory, 1);
  const DeviceArray<char> workspace(b.memory, static_cast<int64_t>(kernels::squared_norm_cuda_workspace(n)));
  b.run("squared_norm", n, 4, [&] {
    kernels::squared_norm_cuda(b.memory.stream(), gradient.data(), n, sum.data(), workspace.data());
  });
  const DeviceArray<px_moments> moments(b.memory, 1);
  const DeviceArray<char> parts(b.memory, static_cast<int64_t>(kernels::whiten_moments_cuda_workspace(n)));
  b.run("whiten moments", n, 4, [&] {
    kernels::whiten_moments_cuda(b.memory.stream(), gradient.data(), nullptr, n, moments.data(), parts.data());
  });
}

void run_logits(Benchmarks& b, int64_t rows, int64_t vocabulary) {
  const auto logits = b.floats(rows * vocabulary, 0.5f), logprob = b.floats(rows, 0);
  const std::vector<int32_t> targets(static_cast<size_t>(rows), 7);
  const DeviceArray<int32_t> target(b.memory, targets.data(), rows), flag(b.memory, 1), token(b.memory, rows);
  b.run("token_logprob of logits", rows * vocabulary, 4, [&] {
    kernels::token_logprob_cuda(b.memory.stream(), {logits.data(), target.data(), rows, vocabulary, 1}, logprob.data(),
                                nullptr, flag.data());
  });
  const std::vector<uint64_t> numbers(static_cast<size_t>(rows), 3);
  const DeviceArray<uint64_t> ids(b.memory, numbers.data(), rows);
  const DeviceArray<char> workspace(b.memory, static_cast<int64_t>(kernels::sample_cuda_workspace(rows, vocabulary)));
  kernels::SampleRows draw{{}, logits.data(), ids.data(), ids.data(), rows};
  draw.args.vocabulary = vocabulary;
  draw.args.temperature = draw.args.top_p = 1;
  b.run("sample", rows * vocabulary, 12, [&] {
    kernels::sample_cuda(b.memory.stream(), draw, token.data(), logprob.data(), flag.data(), workspace.data());
  });
  draw.args.top_k = 50;
  draw.args.top_p = 0.9;
  b.run("sample, top-k 50, top-p 0.9", rows * vocabulary, 12, [&] {
    kernels::sample_cuda(b.memory.stream(), draw, token.data(), logprob.data(), flag.data(), workspace.data());
  });
}

void run_all(const char* filter) {
  cudaStream_t stream = nullptr;
  check_cuda(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  DeviceMemory memory(stream);
  Benchmarks benchmarks(memory, filter);
  run_copy(benchmarks, 10'000'000);
  run_losses(benchmarks, 10'000'000);
  run_gae(benchmarks, 64, 256);
  run_gae(benchmarks, 40'000, 250);
  run_adamw(benchmarks, 135'000'000);
  run_logits(benchmarks, 64, 49'152);
}

}  // namespace

int main(int argc, char** argv) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::fprintf(stderr, "no GPU: nothing to measure\n");
    return 2;
  }
  try {
    cudaDeviceProp properties;
    check_cuda(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
    std::printf("%s, sm_%d%d\n", properties.name, properties.major, properties.minor);
    run_all(argc > 1 ? argv[1] : "");
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.message().c_str());
    return 1;
  }
  return 0;
}
