// swiglu: silu(gate) up over rows of gates and ups, and its gradients.
//
//   s = 1 / (1 + e^-g); y = g s u; dg = dy u s (1 + g (1 - s)); du = dy g s
//
// Source: Shazeer (arXiv 2002.05202). Shapes: gate_up [N, 2 F], out [N, F].
// Traffic per output: 8 bytes in and 4 out; backward 12 in and 8 out; half of each array that is bf16.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/swiglu.h"

namespace px::kernels {

// Checks sizes, then computes.
void swiglu(const Cpu& cpu, const px_swiglu_args& args);
void swiglu_backward(const Cpu& cpu, const px_swiglu_backward_args& args);

// silu(x) = x / (1 + e^-x) of n elements in place on this thread, by the bits of swiglu with ups of 1: of `values`, with
// `bits` as their bf16 where that is wanted too; of `bits` where `values` is null.
void silu_here(Isa isa, float* values, uint16_t* bits, int64_t n);

// The references.
void swiglu_ref(const px_swiglu_args& args);
void swiglu_backward_ref(const px_swiglu_backward_args& args);
void silu_ref(float* values, uint16_t* bits, int64_t n);

// In vectors, on the threads of `cpu`.
void swiglu_cpu(const Cpu& cpu, const px_swiglu_args& args);
void swiglu_backward_cpu(const Cpu& cpu, const px_swiglu_backward_args& args);
void silu_cpu(Isa isa, float* values, uint16_t* bits, int64_t n);

}  // namespace px::kernels
