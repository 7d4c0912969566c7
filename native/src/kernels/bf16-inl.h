// Rounding floats to bf16, compiled per target, of vectors of any width. Include after foreach_target.h.
#if defined(PROXIMAL_BF16_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PROXIMAL_BF16_INL_H
#undef PROXIMAL_BF16_INL_H
#else
#define PROXIMAL_BF16_INL_H
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Words whose upper half is the bf16 that is nearest to a vector of floats, of tag DF. Even where two are as near; a NaN
// stays one.
template <class DF>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::Rebind<uint32_t, DF>> upper_bf16(
    DF floats, hwy::HWY_NAMESPACE::Vec<DF> value) {
  namespace hn = hwy::HWY_NAMESPACE;
  (void)floats;
  const hn::Rebind<uint32_t, DF> u;
  const auto bits = hn::BitCast(u, value);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(u, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(u, 0x7fff)));
  const auto quiet = hn::Or(bits, hn::Set(u, 0x400000));
  return hn::IfThenElse(hn::RebindMask(u, hn::IsNaN(value)), quiet, rounded);
}

// The bf16 that are nearest.
template <class DF>
HWY_INLINE hwy::HWY_NAMESPACE::Vec<hwy::HWY_NAMESPACE::Rebind<uint16_t, DF>> nearest_bf16(
    DF floats, hwy::HWY_NAMESPACE::Vec<DF> value) {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::TruncateTo(hn::Rebind<uint16_t, DF>(), hn::ShiftRight<16>(upper_bf16(floats, value)));
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per target
