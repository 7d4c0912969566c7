// kl element by element. Traffic per element: 8 bytes in, 4 bytes out for each output that is wanted.
#include "cuda/kernels.h"
#include "kernels/kl/kl-cuda.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) kl_kernel(px_kl_args args) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= args.count) return;
  const KlCuda estimate = kl_cuda_estimate(static_cast<double>(args.logprob[i]) - args.ref_logprob[i], args.estimator,
                                           args.log_ratio_clamp, args.value_clamp);
  if (args.value != nullptr) args.value[i] = static_cast<float>(estimate.value);
  if (args.gradient != nullptr) args.gradient[i] = static_cast<float>(estimate.gradient);
}

}  // namespace

void kl_cuda(cudaStream_t stream, const px_kl_args& args) {
  if (args.count > 0) PX_LAUNCH(kl_kernel, blocks_for(args.count, kThreads), kThreads, 0, stream, args);
}

}  // namespace px::kernels
