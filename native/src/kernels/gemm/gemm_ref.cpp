// A panel element by element, in double.
#include <bit>
#include <cstring>

#include "base/float16.h"
#include "kernels/gemm/gemm.h"

namespace px::kernels {
namespace {

float low(uint32_t word) { return std::bit_cast<float>(word << 16); }
float high(uint32_t word) { return std::bit_cast<float>(word & 0xffff0000u); }

// The word of a row; of the last half one only what is there.
uint32_t word_of(const std::byte* x, size_t bytes) {
  uint32_t word = 0;
  std::memcpy(&word, x, bytes);
  return word;
}

double product_f32(const std::byte* x, int64_t word_bytes, const uint32_t* w, const PanelWeights& weights) {
  double sum = 0;
  for (int64_t k = 0; k < weights.k; ++k)
    sum += double{std::bit_cast<float>(word_of(x + k * word_bytes, 4))} *
           double{std::bit_cast<float>(w[k * weights.width])};
  return sum;
}

double product_bf16(const std::byte* x, int64_t word_bytes, const uint32_t* w, const PanelWeights& weights) {
  double sum = 0;
  for (int64_t k = 0; k < weights.k; k += 2) {
    const uint32_t a = word_of(x + k / 2 * word_bytes, k + 1 < weights.k ? 4 : 2);
    const uint32_t b = w[k / 2 * weights.width];
    sum += double{low(a)} * double{low(b)} + double{high(a)} * double{high(b)};
  }
  return sum;
}

template <class Product>
void multiply(const Rows& rows, const PanelWeights& weights, const PanelOut& out, Product product) {
  for (int64_t r = 0; r < rows.count; ++r)
    for (int64_t c = 0; c < out.columns; ++c) {
      const int64_t at = r * out.stride + c;
      double sum = product(rows.x + r * rows.row_bytes, rows.word_bytes, weights.words + c, weights);
      if (out.bias != nullptr) sum += out.bias[c];
      if (out.residual != nullptr) sum += out.residual[at];
      const auto value = static_cast<float>(sum);
      if (out.out != nullptr) out.out[at] = value;
      if (out.out_bf16 != nullptr) out.out_bf16[at] = to_bf16(value);
    }
}

}  // namespace

void multiply_panel_ref_f32(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  multiply(rows, weights, out, product_f32);
}

void multiply_panel_ref_bf16(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  multiply(rows, weights, out, product_bf16);
}

}  // namespace px::kernels
