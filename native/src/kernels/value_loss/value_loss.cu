// value_loss, a range of tokens a block; sums in a fixed tree over threads, warps and blocks.
// Traffic per token: 16 bytes in, 4 bytes out for each output that is wanted.
#include "cuda/kernels.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

enum ValueTotal { kLoss, kTokens, kClipped, kValue, kReturns, kReturnsSquared, kError, kErrorSquared, kNotFinite };
using ValueTotals = Totals<kNotFinite, 0, 1>;
static_assert(ValueTotals::kCount == kValueTotals);

__device__ void add_token(const px_value_loss_args& args, int64_t i, double weight, double* totals) {
  const double value = args.value[i], old_value = args.old_value[i], returns = args.returns[i];
  const double move = value - old_value;
  // NUMERICS: inside the range the value itself, not old + (value - old), so that both branches are exactly equal
  // there.
  const double near = fabs(move) <= args.clip ? value : old_value + copysign(args.clip, move);
  const double error = value - returns, near_error = near - returns;
  const bool clipped = near_error * near_error > error * error;
  const double loss = 0.5 * (clipped ? near_error * near_error : error * error);
  const double pull = clipped ? 0 : weight * error / args.normalizer;
  if (args.loss != nullptr) args.loss[i] = static_cast<float>(loss);
  if (args.gradient != nullptr) args.gradient[i] = static_cast<float>(pull);
  const bool finite = isfinite(static_cast<float>(loss)) && isfinite(static_cast<float>(pull)) && isfinite(weight) &&
                      isfinite(value) && isfinite(old_value) && isfinite(returns);
  if (!finite) totals[kNotFinite] = 1;
  totals[kLoss] += weight * loss;
  totals[kTokens] += 1;
  totals[kClipped] += clipped;
  totals[kValue] += value;
  totals[kReturns] += returns;
  totals[kReturnsSquared] += returns * returns;
  totals[kError] -= error;
  totals[kErrorSquared] += error * error;
}

__global__ void __launch_bounds__(kThreads) value_loss_kernel(px_value_loss_args args, Ranges ranges, double* parts) {
  ValueTotals totals;
  totals.clear();
  for (int64_t i = ranges.begin() + threadIdx.x; i < ranges.end(); i += kThreads) {
    const double weight = args.weight != nullptr ? args.weight[i] : 1;
    if (weight != 0) {
      add_token(args, i, weight, totals.values);
    } else {
      if (args.loss != nullptr) args.loss[i] = 0;
      if (args.gradient != nullptr) args.gradient[i] = 0;
    }
  }
  totals.write(parts);
}

}  // namespace

uint64_t value_loss_cuda_workspace(int64_t count) {
  return static_cast<uint64_t>(Ranges(count).count()) * sizeof(ValueTotals);
}

void value_loss_cuda(cudaStream_t stream, const px_value_loss_args& args, double* totals, void* workspace) {
  const Ranges ranges(args.count);
  const int64_t blocks = ranges.count();
  auto* parts = static_cast<double*>(workspace);
  if (blocks > 0)
    PX_LAUNCH(value_loss_kernel, blocks_for(blocks, 1), kThreads, 0, stream, args, ranges, parts);
  launch_add_parts<ValueTotals>(stream, totals, parts, blocks);
}

bool read_value_totals(const double* totals, px_value_metrics& metrics) {
  metrics = {totals[kLoss],    static_cast<int64_t>(totals[kTokens]), static_cast<int64_t>(totals[kClipped]),
             totals[kValue],   totals[kReturns],                      totals[kReturnsSquared],
             totals[kError],   totals[kErrorSquared]};
  return !(totals[kNotFinite] > 0);
}

}  // namespace px::kernels
