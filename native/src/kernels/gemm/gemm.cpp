#include "kernels/gemm/gemm.h"

#include <unistd.h>

#include <algorithm>

#include "kernels/gelu/gelu.h"
#include "kernels/swiglu/swiglu.h"

namespace px::kernels {
namespace {

// Rows of a turn: what they hold stays in the second cache while panels go by.
constexpr int64_t kBytesOfRows = 384 << 10;
constexpr int64_t kMostRows = 384;

// Less work than this (multiplications and additions of words) is done before another thread has begun.
constexpr int64_t kLeastWork = 1 << 17;

template <class T>
T* from(T* array, int64_t i) {
  return array != nullptr ? array + i : nullptr;
}

void activate_row(Isa isa, px_activation activation, float* values, uint16_t* bits, int64_t n) {
  if (activation == PX_ACTIVATION_SILU) return silu_here(isa, values, bits, n);
  px_gelu_args args{};
  args.flags = activation == PX_ACTIVATION_GELU_ERF ? PX_GELU_ERF : 0;
  args.count = n;
  args.x = args.out = values;
  args.x_bf16 = args.out_bf16 = bits;
  gelu_here(isa, args);
}

// A turn is a run of tiles, panel by panel, of some rows: what a thread reads of the weights is one stretch of memory,
// and the turns of the threads differ by one tile at most. Of few rows, where tiles are as wide as panels, it is a run of
// columns: no two threads read the same weights, and nothing is fetched.
class Product {
 public:
  Product(const Cpu& cpu, const GemmArgs& args)
      : isa_(cpu.isa),
        args_(args),
        multiply_(multiply_panel(cpu.isa, args.weights.dtype)),
        words_(words_along(args.weights.k, args.weights.dtype)),
        whole_(turns_columns(cpu.isa, args.weights.dtype)),
        few_(waits_for_memory(cpu.isa, args.weights.dtype, args.x.count)),
        height_(whole_ ? kWholeTileRows : kTileRows),
        panels_((args.weights.n + kPanel - 1) / kPanel) {
    const int64_t row_bytes = std::max<int64_t>(1, words_ * 4);
    const int64_t fitting =
        few_ ? kFewRows : std::clamp<int64_t>(kBytesOfRows / row_bytes / height_ * height_, height_, kMostRows);
    blocks_ = (args.x.count + fitting - 1) / fitting;
    rows_ = blocks_ == 0 ? 0 : (args.x.count + blocks_ - 1) / blocks_;
    if (whole_) rows_ = tiles(rows_) * height_;
    const int64_t work = panels_ * kPanel * words_ * rows_;
    const int64_t threads = cpu.pool.threads();
    // Long turns are halved twice, for threads that are held up.
    const int64_t turns = work * blocks_ > 64 * threads * kLeastWork ? 4 * threads : threads;
    const int64_t wanted = std::min(work / kLeastWork, blocks_ == 0 ? 1 : (turns + blocks_ - 1) / blocks_);
    runs_ = std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, few_ ? sixteens() : panels_ * tiles(rows_)));
  }

  int64_t turns() const { return blocks_ * runs_; }

  void turn(int64_t i) const { few_ ? turn_of_columns(i) : turn_of_tiles(i); }

 private:
  int64_t tiles(int64_t rows) const { return (rows + height_ - 1) / height_; }
  int64_t sixteens() const { return packed_columns(args_.weights.n) / 16; }

  void turn_of_columns(int64_t i) const {
    const int64_t end = (i + 1) * sixteens() / runs_ * 16;
    for (int64_t column = i * sixteens() / runs_ * 16, next = 0; column < end; column = next) {
      const int64_t panel = column / kPanel;
      next = std::min(end, (panel + 1) * kPanel);
      PanelWeights weights = panel_of(args_.weights, panel, false);
      weights.words += column % kPanel;
      multiply_columns(0, args_.x.count, weights, column, next - column);
    }
  }

  void turn_of_tiles(int64_t i) const {
    const int64_t first_row = i / runs_ * rows_;
    const int64_t rows = std::min(rows_, args_.x.count - first_row);
    const int64_t high = tiles(rows);
    const auto begin_of = [&](int64_t t) {
      return first_row + (whole_ ? std::min(rows, t * height_) : t * rows / high);
    };
    const int64_t end = (i % runs_ + 1) * panels_ * high / runs_;
    for (int64_t tile = i % runs_ * panels_ * high / runs_; tile < end;) {
      const int64_t panel = tile / high;
      const int64_t last = std::min(end, (panel + 1) * high);
      const int64_t first = begin_of(tile - panel * high), count = begin_of(last - panel * high) - first;
      multiply_columns(first, count, panel_of(args_.weights, panel, last < end), panel * kPanel, kPanel);
      tile = last;
    }
  }

  void multiply_columns(int64_t first, int64_t rows, const PanelWeights& weights, int64_t column, int64_t columns) const {
    const PanelOut out = out_at(first, column, columns);
    multiply_(rows_from(first, rows), weights, out);
    if (args_.activation != PX_ACTIVATION_NONE) activate(out, rows);
  }

  Rows rows_from(int64_t first, int64_t count) const {
    return {args_.x.x + first * args_.x.row_bytes, count, args_.x.row_bytes, args_.x.word_bytes};
  }

  PanelOut out_at(int64_t row, int64_t column, int64_t columns) const {
    const int64_t at = row * args_.out_stride + column;
    return {std::min(columns, args_.weights.n - column),
            from(args_.bias, column),
            from(args_.residual, at),
            from(args_.out, at),
            from(args_.out_bf16, at),
            args_.out_stride};
  }

  void activate(const PanelOut& out, int64_t rows) const {
    for (int64_t r = 0; r < rows; ++r)
      activate_row(isa_, args_.activation, from(out.out, r * out.stride), from(out.out_bf16, r * out.stride),
                   out.columns);
  }

  const Isa isa_;
  const GemmArgs& args_;
  const MultiplyPanel multiply_;
  const int64_t words_;
  const bool whole_;
  const bool few_;
  const int64_t height_;
  const int64_t panels_;
  int64_t blocks_ = 0;
  int64_t rows_ = 0;
  int64_t runs_ = 1;
};

}  // namespace

const bool kFetchesNear = sysconf(_SC_LEVEL1_DCACHE_SIZE) >= 48 << 10;

MultiplyPanel multiply_panel(Isa isa, px_dtype dtype) {
  if (isa == Isa::kScalar) return dtype == PX_DTYPE_F32 ? &multiply_panel_ref_f32 : &multiply_panel_ref_bf16;
  if (isa == Isa::kAmx && dtype == PX_DTYPE_BF16) return &multiply_panel_amx;
  if (isa == Isa::kAvx512Bf16 && dtype == PX_DTYPE_BF16) return &multiply_panel_avx512bf16;
  return multiply_panel_cpu(isa, dtype);
}

void gemm(const Cpu& cpu, const GemmArgs& args) {
  const Product product(cpu, args);
  cpu.pool.for_each(product.turns(), [&](int64_t i) noexcept { product.turn(i); });
}

}  // namespace px::kernels
