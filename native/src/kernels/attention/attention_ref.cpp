// attention row by row, in double.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/attention/attention.h"
#include "base/float16.h"

namespace px::kernels {
namespace {

// Element `k` of column `n` of packed words with `width` columns.
double element(const uint32_t* words, int64_t width, int64_t n, int64_t k, px_dtype dtype) {
  if (dtype == PX_DTYPE_F32) return std::bit_cast<float>(words[k * width + n]);
  return from_bf16(static_cast<uint16_t>(words[k / 2 * width + n] >> (k % 2 * 16)));
}

class Row {
 public:
  Row(const AttentionArgs& args, const AttentionTile& tile, int64_t query, int64_t head, double* sums)
      : args_(args), tile_(tile), shape_(args.shape), row_(tile.sequence->first_row + query), head_(head),
        position_(tile.sequence->position + query), sums_(sums) {
    begin_ = args.window != 0 ? std::max<int64_t>(0, position_ - args.window + 1) : 0;
  }

  void run() {
    double largest = -std::numeric_limits<double>::infinity();
    for (int64_t j = begin_; j <= position_; ++j) largest = std::max(largest, score(j));
    std::fill(sums_, sums_ + shape_.head_size, 0.0);
    double sum = 0;
    for (int64_t j = begin_; j <= position_; ++j) {
      const double p = std::exp(score(j) - largest);
      sum += p;
      for (int64_t d = 0; d < shape_.head_size; ++d) sums_[d] += p * value(j, d);
    }
    const int64_t at = row_ * args_.out_stride + head_ * shape_.head_size;
    for (int64_t d = 0; d < shape_.head_size; ++d) {
      const auto result = static_cast<float>(sums_[d] / sum);
      if (args_.out != nullptr) args_.out[at + d] = result;
      if (args_.out_bf16 != nullptr) args_.out_bf16[at + d] = to_bf16(result);
    }
    if (args_.lse != nullptr) args_.lse[row_ * shape_.heads + head_] = static_cast<float>(largest + std::log(sum));
  }

 private:
  const uint32_t* block(int64_t j) const {
    return tile_.sequence->blocks[j / kBlock] + args_.block_offset + tile_.kv_head * shape_.block_words();
  }

  double value(int64_t j, int64_t d) const {
    const int64_t panel = d / kPanel * kPanel;
    const uint32_t* words = block(j) + shape_.key_words() + panel * words_along(kBlock, shape_.dtype);
    const int64_t width = std::min(kPanel, packed_columns(shape_.head_size) - panel);
    return element(words, width, d - panel, j % kBlock, shape_.dtype);
  }

  double score(int64_t j) const {
    const float* q = args_.qkv + row_ * args_.qkv_stride + head_ * shape_.head_size;
    double sum = 0;
    for (int64_t d = 0; d < shape_.head_size; ++d)
      sum += double{shape_.dtype == PX_DTYPE_F32 ? q[d] : from_bf16(to_bf16(q[d]))} *
             element(block(j), kBlock, j % kBlock, d, shape_.dtype);
    return sum * double{args_.scale};
  }

  const AttentionArgs& args_;
  const AttentionTile& tile_;
  const AttentionShape& shape_;
  int64_t row_, head_, position_;
  double* sums_;
  int64_t begin_ = 0;
};

}  // namespace

void attention_tile_ref(Isa, const AttentionArgs& args, const AttentionTile& tile, std::byte* memory) {
  const int64_t group = args.shape.group();
  for (int64_t query = tile.first; query < tile.first + tile.queries; ++query)
    for (int64_t h = 0; h < group; ++h)
      Row(args, tile, query, tile.kv_head * group + h, reinterpret_cast<double*>(memory)).run();
}

}  // namespace px::kernels
