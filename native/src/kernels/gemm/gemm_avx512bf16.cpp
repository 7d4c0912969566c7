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

#include "kernels/gemm/tile-inl.h"

struct Pairs {
  using V = __m512;
  using U = __m512i;
  static constexpr int kWidth = 16;
  static constexpr int kColumns = 4;
  static constexpr int kPerWord = 2;

  static U words(const uint32_t* from) { return _mm512_loadu_si512(from); }
  static U broadcast(uint32_t word) { return _mm512_set1_epi32(static_cast<int>(word)); }
  static V dot(U x, U w, V sum) { return _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)w); }
  static V zero() { return _mm512_setzero_ps(); }
  static V load(const float* from) { return _mm512_loadu_ps(from); }
  static V add(V a, V b) { return _mm512_add_ps(a, b); }
  static void store(V value, float* to) { _mm512_storeu_ps(to, value); }
  static void store_bf16(V value, uint16_t* to) {
    // Not the processor's conversion, which takes subnormal numbers for 0.
    const __m512i bits = _mm512_castps_si512(value);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    const __mmask16 nan = _mm512_cmp_ps_mask(value, value, _CMP_UNORD_Q);
    const __m512i chosen = _mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(chosen));
  }
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
