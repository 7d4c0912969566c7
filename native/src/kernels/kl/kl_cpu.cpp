// kl in vectors of doubles, a block of tokens per turn of a thread, in passes over pieces that stay in the first cache.
#include "kernels/kl/kl.h"

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kl/kl_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/kl/kl-inl.h"
#include "kernels/simd-inl.h"
#include "kernels/stream-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

template <int32_t Estimator>
HWY_INLINE void kl_range(const px_kl_args args, int64_t begin, int64_t end) {
  Output value(args.value, args.count), gradient(args.gradient, args.count);
  KlPiece<Estimator, Output::kPiece> kl(args.log_ratio_clamp, args.value_clamp);
  for (int64_t i = begin; i < end; i += Output::kPiece) {
    const int64_t n = std::min(Output::kPiece, end - i);
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      kl.put(j, hn::Sub(span.load(args.logprob + i + j), span.load(args.ref_logprob + i + j)));
    });
    kl.finish(n);
    float* const values = value.open(i);
    float* const gradients = gradient.open(i);
    for_spans(n, [&](int64_t j, auto span) PX_LANES {
      ahead(args.logprob, i + j);
      ahead(args.ref_logprob, i + j);
      const V log_ratio = kl.log_ratio(j);
      const KlLanes lanes = kl.lanes(j);
      // A NaN stays one, past the clamps too.
      const M known = hn::Eq(log_ratio, log_ratio);
      if (values != nullptr) span.store(hn::IfThenElse(known, lanes.value, log_ratio), values + j);
      if (gradients != nullptr) span.store(hn::IfThenElse(known, lanes.gradient, log_ratio), gradients + j);
    });
    value.close(n);
    gradient.close(n);
  }
}

void kl_block(const px_kl_args& args, int64_t begin, int64_t end) {
  switch (args.estimator) {
    case PX_KL_K1:
      return kl_range<PX_KL_K1>(args, begin, end);
    case PX_KL_K2:
      return kl_range<PX_KL_K2>(args, begin, end);
    default:
      return kl_range<PX_KL_K3>(args, begin, end);
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {

void kl_cpu(const Cpu& cpu, const px_kl_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, kl_block);
  const Blocks blocks(args.count);
  cpu.pool.for_each(blocks.count(),
                    [&](int64_t b) noexcept { block_of(args, blocks.begin(b), blocks.end(b)); });
}

}  // namespace px::kernels
#endif
