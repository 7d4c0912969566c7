// gemm: the product by cublasLt, then bias and bf16 in a pass of their own.
#include "cuda/bf16.h"
#include "cuda/heads.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    finish_kernel(float* out, int64_t m, int64_t n, int64_t stride, const float* bias, uint16_t* out_bf16) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= m * n) return;
  const int64_t column = i % n, at = i / n * stride + column;
  const float value = bias != nullptr ? out[at] + bias[column] : out[at];
  out[at] = value;
  if (out_bf16 != nullptr) out_bf16[at] = to_bf16(value);
}

}  // namespace

void gemm_cuda(Products& products, const Product& product, const float* bias, uint16_t* out_bf16) {
  products.multiply(product);
  const int64_t elements = product.m * product.n;
  if (elements > 0 && (bias != nullptr || out_bf16 != nullptr))
    PX_LAUNCH(finish_kernel, blocks_for(elements, kThreads), kThreads, 0, products.stream(), product.out, product.m,
              product.n, product.out_stride, bias, out_bf16);
}

}  // namespace px::kernels
