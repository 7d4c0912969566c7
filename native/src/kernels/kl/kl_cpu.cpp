// kl in vectors of doubles, a block of tokens per turn of a thread.
#include "kernels/kl/kl.h"

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/kl/kl_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/kl/kl-inl.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

template <int32_t Estimator>
HWY_INLINE void kl_vector(const px_kl_args& args, const float* logprob, const float* ref_logprob, float* value,
                          float* gradient) {
  const V log_ratio = hn::Sub(load(logprob), load(ref_logprob));
  const KlLanes kl = kl_lanes<Estimator>(log_ratio, set(args.log_ratio_clamp), set(args.value_clamp));
  // A NaN stays one, past the clamps too.
  const M known = hn::Eq(log_ratio, log_ratio);
  if (value != nullptr) store(hn::IfThenElse(known, kl.value, log_ratio), value);
  if (gradient != nullptr) store(hn::IfThenElse(known, kl.gradient, log_ratio), gradient);
}

template <int32_t Estimator>
HWY_INLINE void kl_range(const px_kl_args args, int64_t begin, int64_t end) {
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes)
    kl_vector<Estimator>(args, args.logprob + i, args.ref_logprob + i, at(args.value, i), at(args.gradient, i));
  if (i == end) return;
  const int64_t n = end - i;
  const Tail logprob(args.logprob + i, n), ref_logprob(args.ref_logprob + i, n);
  Tail value(at(args.value, i), n), gradient(at(args.gradient, i), n);
  kl_vector<Estimator>(args, logprob.data(), ref_logprob.data(), value.data(), gradient.data());
  value.copy_to(at(args.value, i), n);
  gradient.copy_to(at(args.gradient, i), n);
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
