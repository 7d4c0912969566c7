// token_logprob from hidden states and the head, a chunk of rows at a time: one product gives the chunk's logits, which
// become their gradient in place; two more products take it to the states and the head.
#include <algorithm>

#include "cuda/cuda.h"
#include "cuda/heads.h"
#include "cuda/kernels.h"
#include "cuda/layers.h"
#include "kernels/token_logprob/head-cuda.h"

namespace px::kernels {

using namespace px::cuda;

int64_t head_rows(const HeadCuda& head) {
  const int64_t bytes = head.vocabulary * (head.dtype == PX_DTYPE_F32 ? 4 : 6);
  return std::min(std::max<int64_t>(head.n, 1), std::max<int64_t>(1, head.chunk_bytes / bytes));
}

uint64_t head_cuda_workspace(const HeadCuda& head) {
  return static_cast<uint64_t>(head_rows(head) * head.vocabulary) * (head.dtype == PX_DTYPE_F32 ? 4 : 6);
}

HeadChunk::HeadChunk(Products& products, const HeadCuda& head, int64_t first, void* workspace)
    : products_(products), head_(head), first_(first), rows_(std::min(head_rows(head), head.n - first)),
      logits_(static_cast<float*>(workspace)) {
  states_ = static_cast<const char*>(head.states) + first * head.hidden * (head.dtype == PX_DTYPE_F32 ? 4 : 2);
  Product product;
  product.dtype = head.dtype;
  product.m = rows_;
  product.n = head.vocabulary;
  product.k = product.a_stride = product.b_stride = head.hidden;
  product.a = states_;
  product.b = head.head;
  product.out = logits_;
  product.out_stride = head.vocabulary;
  products.multiply(product);
}

LogitRows HeadChunk::logits() const {
  return {logits_, head_.target + first_, rows_, head_.vocabulary, head_.temperature};
}

void HeadChunk::backward(const float* upstream_logprob, const float* upstream_entropy,
                         const HeadCudaGradients& gradients, int32_t* not_finite) {
  token_logprob_backward_cuda(products_.stream(), logits(), upstream_logprob, upstream_entropy, logits_, not_finite);
  const void* slopes = logits_;
  if (head_.dtype != PX_DTYPE_F32) {
    auto* rounded = reinterpret_cast<uint16_t*>(logits_ + head_rows(head_) * head_.vocabulary);
    cast_to_bf16_cuda(products_.stream(), logits_, rows_ * head_.vocabulary, rounded);
    slopes = rounded;
  }
  // d states [rows, H] = slopes [rows, V] head [V, H]
  Product product;
  product.dtype = head_.dtype;
  product.m = rows_;
  product.n = product.b_stride = product.out_stride = head_.hidden;
  product.k = product.a_stride = head_.vocabulary;
  product.a = slopes;
  product.b = head_.head;
  product.b_by_k = true;
  product.out = gradients.states + first_ * head_.hidden;
  products_.multiply(product);
  if (gradients.head == nullptr) return;
  // d head [V, H] += slopes^T [V, rows] states [rows, H]
  product.m = head_.vocabulary;
  product.k = rows_;
  product.a_by_k = true;
  product.b = states_;
  product.residual = product.out = gradients.head;
  products_.multiply(product);
}

namespace {

const float* at(const float* array, int64_t i) { return array != nullptr ? array + i : nullptr; }
float* at(float* array, int64_t i) { return array != nullptr ? array + i : nullptr; }

}  // namespace

void head_logprob_cuda(Products& products, const HeadCuda& head, float* logprob, float* entropy, int32_t* not_finite,
                       void* workspace) {
  for (int64_t first = 0; first < head.n; first += head_rows(head)) {
    const HeadChunk chunk(products, head, first, workspace);
    token_logprob_cuda(products.stream(), chunk.logits(), at(logprob, first), at(entropy, first), not_finite);
  }
}

void head_backward_cuda(Products& products, const HeadCuda& head, const float* upstream_logprob,
                        const float* upstream_entropy, const HeadCudaGradients& gradients, int32_t* not_finite,
                        void* workspace) {
  for (int64_t first = 0; first < head.n; first += head_rows(head)) {
    HeadChunk chunk(products, head, first, workspace);
    chunk.backward(at(upstream_logprob, first), at(upstream_entropy, first), gradients, not_finite);
  }
}

}  // namespace px::kernels
