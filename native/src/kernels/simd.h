// Kernels compiled once per instruction set by Highway's re-inclusion, and the choice among them. A file of such kernels:
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "kernels/<op>/<op>_cpu.cpp"
//   #include "kernels/simd.h"
//   #include <hwy/foreach_target.h>  // includes the file again for every target
//   #include "kernels/simd-inl.h"
//   HWY_BEFORE_NAMESPACE(); namespace px::kernels::HWY_NAMESPACE { ... } HWY_AFTER_NAMESPACE();
//   #if HWY_ONCE
//   ... PX_SELECT(isa, function)(arguments) ...
//   #endif
#pragma once

#include "base/isa.h"

// One target a level; Highway compiles a portable one besides, which nothing uses: below AVX2 the references serve.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)

// The pointer to `function` for a level above scalar; bf16 is a matter of products, which these kernels have none of.
#define PX_SELECT(isa, function) ((isa) >= Isa::kAvx512 ? &N_AVX3::function : &N_AVX2::function)
