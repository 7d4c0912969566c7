// The two heads over selected rows of the hidden states, each with its own backward.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace px::torch_backend {

struct HeadGradient {
  at::Tensor rows;    // like the rows that the head was given
  at::Tensor weight;  // like its weight
};

// log softmax(rows weight^T / T) at the targets, and the entropy. Rows are taken in chunks, so that [rows, V] never
// exists for a big vocabulary; the backward pass computes a chunk's logits again unless all were few enough to keep.
class LanguageHead {
 public:
  LanguageHead(at::Tensor rows, at::Tensor targets, at::Tensor weight, double temperature);  // [n, H], [n], [V, H]

  void forward(bool with_entropy, bool keep);
  const at::Tensor& logprob() const { return logprob_; }  // [n]
  const at::Tensor& entropy() const { return entropy_; }  // [n], undefined without

  // Gradients [n] with respect to logprob and entropy; either may be undefined.
  HeadGradient backward(const at::Tensor& d_logprob, const at::Tensor& d_entropy) const;

 private:
  at::Tensor log_probabilities(int64_t begin, int64_t count) const;

  at::Tensor rows_;
  at::Tensor targets_;
  at::Tensor weight_;
  double temperature_;
  int64_t chunk_;
  at::Tensor logprob_;
  at::Tensor entropy_;
  std::vector<at::Tensor> kept_;  // log-probabilities by chunk
};

// rows weight^T: [n]
at::Tensor scalar_head(const at::Tensor& rows, const at::Tensor& weight);
HeadGradient scalar_head_backward(const at::Tensor& rows, const at::Tensor& weight, const at::Tensor& d_values);

}  // namespace px::torch_backend
