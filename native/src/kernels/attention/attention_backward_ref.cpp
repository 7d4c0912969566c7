// The gradient of attention element by element, in double.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/attention/attention.h"
#include "base/float16.h"

namespace px::kernels {
namespace {

class Gradient {
 public:
  Gradient(const AttentionGradientArgs& args, const GradientTurn& turn, double* memory)
      : args_(args), turn_(turn), shape_(args.shape), size_(args.shape.head_size),
        rows_(turn.rows()), lse_(memory), delta_(lse_ + rows_), d_keys_(delta_ + rows_),
        d_values_(d_keys_ + rows_ * size_) {}

  void run() {
    std::fill(d_keys_, d_values_ + rows_ * size_, 0.0);
    for (head_ = turn_.head; head_ < turn_.head + turn_.heads; ++head_)
      for (int64_t s = 0; s < turn_.family.count; ++s)
        for (int64_t i = start(s); i < start(s + 1); ++i) {
          seen_ = SeenRows::of(i, start(s), turn_.family.shared_of(s), args_.window != 0 ? args_.window : kNoWindow);
          normalise(i);
          add(i);
        }
    for (int64_t j = 0; j < rows_; ++j)
      for (int64_t d = 0; d < size_; ++d) {
        turn_.d_keys[j * turn_.d_stride + d] = static_cast<float>(d_keys_[j * size_ + d]);
        turn_.d_values[j * turn_.d_stride + d] = static_cast<float>(d_values_[j * size_ + d]);
      }
  }

 private:
  // What products are made of.
  double rounded(float value) const {
    return shape_.dtype == PX_DTYPE_F32 ? value : from_bf16(to_bf16(value));
  }
  double qkv(int64_t row, int64_t head, int64_t d) const {
    return rounded(args_.qkv[(turn_.first_row() + row) * args_.qkv_stride + head * size_ + d]);
  }
  double query(int64_t i, int64_t d) const { return qkv(i, head_, d); }
  double key(int64_t j, int64_t d) const { return qkv(j, shape_.heads + turn_.kv_head, d); }
  double value(int64_t j, int64_t d) const { return qkv(j, shape_.heads + shape_.kv_heads + turn_.kv_head, d); }
  double d_out(int64_t i, int64_t d) const {
    return rounded(args_.d_out[(turn_.first_row() + i) * args_.d_out_stride + head_ * size_ + d]);
  }

  // Of sequence s, among the family's rows.
  int64_t start(int64_t s) const { return turn_.family.offsets[s] - turn_.first_row(); }

  // For each row that the row at hand sees.
  template <class Body>
  void for_seen(const Body& body) const {
    for (int64_t j = seen_.shared_begin; j < seen_.shared_end; ++j) body(j);
    for (int64_t j = seen_.begin; j < seen_.end; ++j) body(j);
  }

  double score(int64_t i, int64_t j) const {
    double sum = 0;
    for (int64_t d = 0; d < size_; ++d) sum += query(i, d) * key(j, d);
    return sum * double{args_.scale};
  }

  double d_p(int64_t i, int64_t j) const {
    double sum = 0;
    for (int64_t d = 0; d < size_; ++d) sum += d_out(i, d) * value(j, d);
    return sum;
  }

  // log-sum-exp of row i and the mean of d_p under its probabilities.
  void normalise(int64_t i) const {
    double largest = -std::numeric_limits<double>::infinity(), sum = 0, mean = 0;
    for_seen([&](int64_t j) { largest = std::max(largest, score(i, j)); });
    for_seen([&](int64_t j) {
      const double p = std::exp(score(i, j) - largest);
      sum += p;
      mean += p * d_p(i, j);
    });
    lse_[i] = largest + std::log(sum);
    delta_[i] = mean / sum;
  }

  // Row i's part of all gradients.
  void add(int64_t i) const {
    float* const d_query = args_.d_qkv + (turn_.first_row() + i) * args_.d_qkv_stride + head_ * size_;
    for (int64_t d = 0; d < size_; ++d) {
      double sum = 0;
      for_seen([&](int64_t j) { sum += slope(i, j) * key(j, d); });
      d_query[d] = static_cast<float>(sum);
    }
    for_seen([&](int64_t j) {
      const double p = std::exp(score(i, j) - lse_[i]), ds = slope(i, j);
      for (int64_t d = 0; d < size_; ++d) {
        d_keys_[j * size_ + d] += ds * query(i, d);
        d_values_[j * size_ + d] += p * d_out(i, d);
      }
    });
  }

  double slope(int64_t i, int64_t j) const {
    return std::exp(score(i, j) - lse_[i]) * (d_p(i, j) - delta_[i]) * double{args_.scale};
  }

  const AttentionGradientArgs& args_;
  const GradientTurn& turn_;
  const AttentionShape& shape_;
  const int64_t size_;
  const int64_t rows_;
  double *lse_, *delta_;         // [rows] of one head
  double *d_keys_, *d_values_;  // [rows, D]
  int64_t head_ = 0;
  SeenRows seen_{};
};

}  // namespace

uint64_t gradient_bytes_ref(const AttentionShape& shape, int64_t rows) {
  return sizeof(double) * static_cast<uint64_t>(rows * (2 + 2 * shape.head_size));
}

void attention_gradient_ref(Isa, const AttentionGradientArgs& args, const GradientTurn& turn, std::byte* memory) {
  Gradient(args, turn, reinterpret_cast<double*>(memory)).run();
}

}  // namespace px::kernels
