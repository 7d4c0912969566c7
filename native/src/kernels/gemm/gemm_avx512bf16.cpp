// gemm of bf16 by the processor's dot product of pairs, which Highway does not have at this version.
#include <cstddef>

#include "kernels/gemm/gemm.h"

#if defined(__x86_64__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC's own headers, of registers that they leave open
#include <immintrin.h>

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512bw,avx512dq,avx512bf16")
#define PX_TILE_INLINE static inline __attribute__((always_inline))
#define PX_TILE_NOINLINE static __attribute__((noinline))

namespace px::kernels {
namespace avx512bf16 {

#include "kernels/gemm/results-inl.h"
#include "kernels/gemm/tile-inl.h"

struct Pairs : Results {
  using U = __m512i;
  static constexpr int kColumns = 4;
  static constexpr int kPerWord = 2;

  static U words(const uint32_t* from) { return _mm512_loadu_si512(from); }
  static U broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  static V dot(U x, U w, V sum) { return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)w); }
};

}  // namespace avx512bf16

void multiply_panel_avx512bf16(const Rows& rows, const PanelWeights& weights, const PanelOut& out) {
  avx512bf16::multiply_panel_with<avx512bf16::Pairs>(rows, weights, out);
}

}  // namespace px::kernels
#pragma GCC pop_options
#pragma GCC diagnostic pop

#else

namespace px::kernels {

// No processor but x86's has the level.
void multiply_panel_avx512bf16(const Rows&, const PanelWeights&, const PanelOut&) { __builtin_unreachable(); }

}  // namespace px::kernels
#endif
