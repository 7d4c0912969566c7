// cast in vectors, a block of elements per turn of a thread.
#include "kernels/cast/cast.h"

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cast/cast_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

void cast_to_bf16(const float* x, int64_t n, uint16_t* out) {
  for_vectors(n, [&](int64_t i, auto span) PX_LANES { span.store(span.load(x + i), out + i); });
}

void cast_from_bf16(const uint16_t* x, int64_t n, float* out) {
  for_vectors(n, [&](int64_t i, auto span) PX_LANES { span.store(span.load(x + i), out + i); });
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

template <class From, class To>
void cast_blocks(const Cpu& cpu, void (*block)(const From*, int64_t, To*), const From* x, int64_t n, To* out) {
  const Blocks blocks(n);
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    block(x + blocks.begin(b), blocks.end(b) - blocks.begin(b), out + blocks.begin(b));
  });
}

}  // namespace

void cast_cpu(const Cpu& cpu, const float* x, int64_t n, uint16_t* out) {
  cast_blocks(cpu, PX_SELECT(cpu.isa, cast_to_bf16), x, n, out);
}

void cast_cpu(const Cpu& cpu, const uint16_t* x, int64_t n, float* out) {
  cast_blocks(cpu, PX_SELECT(cpu.isa, cast_from_bf16), x, n, out);
}

}  // namespace px::kernels
#endif
