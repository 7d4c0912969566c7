// A chunk of rows of logits on the device, shared by what is computed from hidden states and the head.
#pragma once

#include "cuda/heads.h"
#include "cuda/kernels.h"

namespace px::kernels {

// Rows of a chunk: as many as chunk_bytes hold, with a bf16 copy where products want one.
int64_t head_rows(const HeadCuda& head);

class HeadChunk {
 public:
  // Computes the logits of the rows from `first` on into the workspace of head_cuda_workspace() bytes.
  HeadChunk(cuda::Products& products, const HeadCuda& head, int64_t first, void* workspace);

  int64_t rows() const { return rows_; }
  LogitRows logits() const;

  // Turns the logits into the slope of the objective and takes it to states and head.
  void backward(const float* upstream_logprob, const float* upstream_entropy, const HeadCudaGradients& gradients,
                int32_t* not_finite);

 private:
  cuda::Products& products_;
  const HeadCuda& head_;
  int64_t first_, rows_;
  float* logits_;
  const void* states_;
};

}  // namespace px::kernels
