// embedding in vectors of floats. Forward, a block of rows per turn of a thread; backward, a strip of columns, in which
// rows are added in their order whatever their tokens are.
#include "kernels/embedding/embedding.h"

#include <algorithm>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/embedding/embedding_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

template <class T>
HWY_INLINE void embed_rows(const px_embedding_args& args, const T* table, int64_t begin, int64_t end) {
  const int64_t hidden = args.hidden;
  for (int64_t n = begin; n < end; ++n) {
    const T* const from = table + args.token[n] * hidden;
    float* const out = args.out + n * hidden;
    if (args.position == nullptr) {
      for_vectors(hidden, [&](int64_t i, auto span) PX_LANES { span.store(span.load(from + i), out + i); });
      continue;
    }
    const float* const place = args.position_table + args.position[n] * hidden;
    for_vectors(hidden, [&](int64_t i, auto span) PX_LANES {
      span.store(hn::Add(span.load(from + i), span.load(place + i)), out + i);
    });
  }
}

void embedding_rows(const px_embedding_args& args, int64_t begin, int64_t end) {
  args.table != nullptr ? embed_rows(args, args.table, begin, end) : embed_rows(args, args.table_bf16, begin, end);
}

void embedding_backward_columns(const px_embedding_backward_args& args, int64_t begin, int64_t end) {
  for (int64_t n = 0; n < args.rows; ++n) {
    const float* const d_out = args.d_out + n * args.hidden + begin;
    float* const d_row = args.d_table + args.token[n] * args.hidden + begin;
    for_vectors(end - begin, [&](int64_t i, auto span) PX_LANES {
      span.store(hn::Add(span.load(d_row + i), span.load(d_out + i)), d_row + i);
    });
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void embedding_cpu(const Cpu& cpu, const px_embedding_args& args) {
  const auto rows = PX_SELECT(cpu.isa, embedding_rows);
  const RowBlocks blocks(args.rows, args.hidden);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept { rows(args, blocks.begin(b), blocks.end(b)); });
}

void embedding_backward_cpu(const Cpu& cpu, const px_embedding_backward_args& args) {
  const auto columns = PX_SELECT(cpu.isa, embedding_backward_columns);
  constexpr int64_t kStrip = 128;  // two lines of the second cache's prefetcher and more
  cpu.pool.for_each((args.hidden + kStrip - 1) / kStrip, [&](int64_t strip) noexcept {
    columns(args, strip * kStrip, std::min(args.hidden, (strip + 1) * kStrip));
  });
}

}  // namespace px::kernels
#endif
