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

void slope_f32(float* logits, int64_t count, float inverse_temperature, const RowSlope& row, int64_t hit) {
  for (int64_t i = 0; i < count; ++i) logits[i] = slope(logits[i], inverse_temperature, row, i == hit);
}

void slope_bf16(const float* low, const float* high, int64_t count, float inverse_temperature, const RowSlope rows[2],
                const int64_t hits[2], uint16_t* low_out, uint16_t* high_out, uint32_t* pairs) {
  for (int64_t i = 0; i < count; ++i) {
    const uint16_t a = to_bf16(slope(low[i], inverse_temperature, rows[0], i == hits[0]));
    const uint16_t b = high != nullptr ? to_bf16(slope(high[i], inverse_temperature, rows[1], i == hits[1])) : 0;
    pairs[i] = a | static_cast<uint32_t>(b) << 16;
  }
  for (int64_t i = 0; i < count; ++i) low_out[i] = static_cast<uint16_t>(pairs[i]);
  for (int64_t i = 0; i < count && high != nullptr; ++i) high_out[i] = static_cast<uint16_t>(pairs[i] >> 16);
}

}  // namespace

HeadKernels head_kernels_ref() { return {sums, slope_f32, slope_bf16}; }

}  // namespace px::kernels
