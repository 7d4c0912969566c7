// Rows of logits one by one, in double.
#include <algorithm>
#include <cmath>

#include "base/float16.h"
#include "kernels/token_logprob/head.h"

namespace px::kernels {
namespace {

ChunkSums sums(const float* logits, int64_t count, float inverse_temperature) {
  const double largest = double{*std::max_element(logits, logits + count)} * inverse_temperature;
  ChunkSums result{largest, 0, 0};
  for (int64_t i = 0; i < count; ++i) {
    const double z = double{logits[i]} * inverse_temperature - largest;
    result.sum += std::exp(z);
    result.product += std::exp(z) * z;
  }
  return result;
}

float slope(double logit, float inverse_temperature, const RowSlope& row, bool hit) {
  const double log_p = logit * inverse_temperature - row.lse;
  const double value =
      row.d_logprob * ((hit ? 1 : 0) - std::exp(log_p)) - row.d_entropy * std::exp(log_p) * (log_p + row.entropy);
  return static_cast<float>(value);
}

void slope_row(float* logits, int64_t count, float inverse_temperature, const RowSlope& row, int64_t hit) {
  for (int64_t i = 0; i < count; ++i) logits[i] = slope(logits[i], inverse_temperature, row, i == hit);
}

void round_rows(float* low, float* high, int64_t count, uint32_t* pairs) {
  for (int64_t i = 0; i < count; ++i)
    pairs[i] = to_bf16(low[i]) | (high != nullptr ? static_cast<uint32_t>(to_bf16(high[i])) << 16 : 0);
  for (int64_t i = 0; i < count; ++i) {
    reinterpret_cast<uint16_t*>(low)[i] = static_cast<uint16_t>(pairs[i]);
    if (high != nullptr) reinterpret_cast<uint16_t*>(high)[i] = static_cast<uint16_t>(pairs[i] >> 16);
  }
}

}  // namespace

HeadKernels head_kernels_ref() { return {sums, slope_row, round_rows}; }

}  // namespace px::kernels
