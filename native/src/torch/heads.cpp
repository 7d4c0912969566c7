#include "torch/heads.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

namespace px::torch_backend {
namespace {

constexpr int64_t kChunkElements = int64_t{1} << 20;  // logits of a chunk: 4 MiB
constexpr int64_t kSmallestChunk = 128;               // rows: fewer make matrix products slow
constexpr int64_t kKeptElements = int64_t{1} << 22;   // log-probabilities kept for the backward pass: 16 MiB

}  // namespace

LanguageHead::LanguageHead(at::Tensor rows, at::Tensor targets, at::Tensor weight, double temperature)
    : rows_(std::move(rows)),
      targets_(std::move(targets)),
      weight_(std::move(weight)),
      temperature_(temperature),
      chunk_(std::max(kSmallestChunk, kChunkElements / weight_.size(0))) {}

at::Tensor LanguageHead::log_probabilities(int64_t begin, int64_t count) const {
  at::Tensor logits = at::mm(rows_.narrow(0, begin, count), weight_.t());
  if (temperature_ != 1.0) logits.div_(temperature_);
  return at::log_softmax(logits, -1);
}

void LanguageHead::forward(bool with_entropy, bool keep) {
  const int64_t n = rows_.size(0);
  keep = keep && n * weight_.size(0) <= kKeptElements;
  logprob_ = at::empty({n}, at::kFloat);
  if (with_entropy) entropy_ = at::empty({n}, at::kFloat);
  for (int64_t begin = 0; begin < n; begin += chunk_) {
    const int64_t count = std::min(chunk_, n - begin);
    const at::Tensor logp = log_probabilities(begin, count);
    const at::Tensor target = targets_.narrow(0, begin, count).unsqueeze(1);
    logprob_.narrow(0, begin, count).copy_(at::gather(logp, 1, target).squeeze(1));
    if (with_entropy) entropy_.narrow(0, begin, count).copy_(at::sum(at::exp(logp).mul_(logp), {1}).neg_());
    if (keep) kept_.push_back(logp);
  }
}

HeadGradient LanguageHead::backward(const at::Tensor& d_logprob, const at::Tensor& d_entropy) const {
  const int64_t n = rows_.size(0);
  HeadGradient gradient{at::empty_like(rows_), at::zeros_like(weight_)};
  for (int64_t begin = 0; begin < n; begin += chunk_) {
    const int64_t count = std::min(chunk_, n - begin);
    const at::Tensor logp =
        kept_.empty() ? log_probabilities(begin, count) : kept_[static_cast<size_t>(begin / chunk_)];
    // d logits = (d_logprob (onehot - p) - d_entropy p (logp + H)) / T
    at::Tensor d_logits = at::exp(logp);
    if (d_entropy.defined()) {
      const at::Tensor p = d_logits;
      const at::Tensor entropy = at::sum(p * logp, {1}, true).neg_();
      at::Tensor factor = (logp + entropy).mul_(d_entropy.narrow(0, begin, count).unsqueeze(1));
      if (d_logprob.defined()) factor.add_(d_logprob.narrow(0, begin, count).unsqueeze(1));
      d_logits.mul_(factor).neg_();
    } else {
      d_logits.mul_(d_logprob.narrow(0, begin, count).unsqueeze(1)).neg_();
    }
    if (d_logprob.defined())
      d_logits.scatter_add_(1, targets_.narrow(0, begin, count).unsqueeze(1),
                            d_logprob.narrow(0, begin, count).unsqueeze(1));
    if (temperature_ != 1.0) d_logits.div_(temperature_);
    gradient.rows.narrow(0, begin, count).copy_(at::mm(d_logits, weight_));
    gradient.weight.addmm_(d_logits.t(), rows_.narrow(0, begin, count));
  }
  return gradient;
}

at::Tensor scalar_head(const at::Tensor& rows, const at::Tensor& weight) { return at::mm(rows, weight.t()).squeeze(1); }

HeadGradient scalar_head_backward(const at::Tensor& rows, const at::Tensor& weight, const at::Tensor& d_values) {
  return {at::mm(d_values.unsqueeze(1), weight), at::mm(d_values.unsqueeze(0), rows)};
}

}  // namespace px::torch_backend
