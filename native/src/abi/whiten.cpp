#include "kernels/whiten/whiten.h"

#include "abi/arrays.h"
#include "abi/engine.h"

using namespace px;
using namespace px::abi;

extern "C" {

px_status px_whiten_moments_f32(px_engine* engine, const float* x, const uint8_t* mask, int64_t n,
                                px_moments* moments) {
  return guarded("px_whiten_moments_f32", [&] {
    Engine& e = engine_of(engine);
    check_array(x, n, "x");
    check_pointer(moments, "moments");
    *moments = kernels::whiten_moments(e.cpu(), x, mask, n);
  });
}

px_status px_whiten_merge(px_moments* into, const px_moments* other) {
  return guarded("px_whiten_merge", [&] {
    check_pointer(into, "into");
    check_pointer(other, "other");
    *into = kernels::whiten_merge(*into, *other);
  });
}

px_status px_whiten_apply_f32(px_engine* engine, const float* x, const uint8_t* mask, int64_t n,
                              const px_moments* moments, uint32_t flags, float* out) {
  return guarded("px_whiten_apply_f32", [&] {
    Engine& e = engine_of(engine);
    check_array(x, n, "x");
    check_pointer(moments, "moments");
    check((flags & ~uint32_t{PX_WHITEN_KEEP_MEAN | PX_WHITEN_BIASED}) == 0, PX_INVALID_ARGUMENT,
          "flags: unknown bits in ", flags);
    check_array(out, n, "out");
    kernels::whiten_apply(e.cpu(), x, mask, n, *moments, flags, out);
  });
}

}  // extern "C"
