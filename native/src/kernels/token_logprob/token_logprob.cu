// token_logprob over given logits, a block a row. Traffic per logit: forward 4 bytes in, twice; backward 4 bytes in,
// three times, 4 out; the second and third time they come from the cache.
#include "cuda/kernels.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

// log p_j = relative(j) - log_total.
struct Row {
  const float* logits;
  int64_t vocabulary;
  double temperature;
  float largest;
  double log_total;
  double entropy;

  // NUMERICS: the difference comes before the division, so that no finite logit or temperature gives inf - inf.
  __device__ double relative(int64_t j) const { return (static_cast<double>(logits[j]) - largest) / temperature; }
};

// Reads this block's row. All threads call; each gets the same. A row that the reference refuses sets not_finite.
__device__ Row read_row(const LogitRows& rows, int32_t* not_finite) {
  Row row{rows.logits + blockIdx.x * rows.vocabulary, rows.vocabulary, rows.temperature, 0, 0, 0};
  float largest = -INFINITY;
  int bad = 0;
  for (int64_t j = threadIdx.x; j < row.vocabulary; j += kThreads) {
    // NaN fails the comparison too.
    if (!(row.logits[j] < INFINITY)) bad = 1;
    largest = Greatest()(largest, row.logits[j]);
  }
  row.largest = reduce_block(largest, Greatest());
  bad = reduce_block(bad, Greatest());
  if (threadIdx.x == 0 && (bad != 0 || !isfinite(row.largest))) atomicOr(not_finite, 1);
  double total = 0, weighted = 0;
  for (int64_t j = threadIdx.x; j < row.vocabulary; j += kThreads) {
    const double relative = row.relative(j), share = exp(relative);
    total += share;
    if (share > 0) weighted += share * relative;
  }
  total = reduce_block(total, Add());
  row.log_total = log(total);
  // -sum p log p = log_total - sum p relative
  row.entropy = row.log_total - reduce_block(weighted, Add()) / total;
  return row;
}

__global__ void __launch_bounds__(kThreads)
    logprob_kernel(LogitRows rows, float* logprob, float* entropy, int32_t* not_finite) {
  const Row row = read_row(rows, not_finite);
  if (threadIdx.x != 0) return;
  if (logprob != nullptr)
    logprob[blockIdx.x] = static_cast<float>(row.relative(rows.target[blockIdx.x]) - row.log_total);
  if (entropy != nullptr) entropy[blockIdx.x] = static_cast<float>(row.entropy);
}

__global__ void __launch_bounds__(kThreads)
    gradient_kernel(LogitRows rows, const float* upstream_logprob, const float* upstream_entropy, float* gradient,
                    int32_t* not_finite) {
  const Row row = read_row(rows, not_finite);
  const double toward_target = upstream_logprob != nullptr ? upstream_logprob[blockIdx.x] : 0;
  const double toward_entropy = upstream_entropy != nullptr ? upstream_entropy[blockIdx.x] : 0;
  for (int64_t j = threadIdx.x; j < row.vocabulary; j += kThreads) {
    const double l = row.relative(j) - row.log_total, p = exp(l);
    const double hit = j == rows.target[blockIdx.x] ? 1 : 0;
    const double entropy_slope = p > 0 ? -p * (l + row.entropy) : 0;
    const double slope = toward_target * (hit - p) + toward_entropy * entropy_slope;
    gradient[blockIdx.x * row.vocabulary + j] = static_cast<float>(slope / row.temperature);
  }
}

}  // namespace

void token_logprob_cuda(cudaStream_t stream, const LogitRows& rows, float* logprob, float* entropy,
                        int32_t* not_finite) {
  if (rows.n > 0)
    PX_LAUNCH(logprob_kernel, blocks_for(rows.n, 1), kThreads, 0, stream, rows, logprob, entropy, not_finite);
}

void token_logprob_backward_cuda(cudaStream_t stream, const LogitRows& rows, const float* upstream_logprob,
                                 const float* upstream_entropy, float* gradient, int32_t* not_finite) {
  if (rows.n > 0)
    PX_LAUNCH(gradient_kernel, blocks_for(rows.n, 1), kThreads, 0, stream, rows, upstream_logprob, upstream_entropy,
              gradient, not_finite);
}

}  // namespace px::kernels
