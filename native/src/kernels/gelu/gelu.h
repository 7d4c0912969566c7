// gelu: the Gaussian error linear unit by its tanh formula (GPT-2's gelu_new) or exactly, and its gradient.
//
//   tanh: y = x s with s = 1 / (1 + e^-u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3), since (1 + tanh(u / 2)) / 2 = s;
//         dx = dy (s + x s (1 - s) u')
//   erf:  y = x Phi(x), dx = dy (Phi(x) + x phi(x)), with the Gaussian distribution Phi and its density phi
//
// Source: Hendrycks and Gimpel (arXiv 1606.08415). Shapes: all [n].
// Traffic per element: 4 bytes in and 4 out, 2 for bf16; backward 8 in and 4 out, 2 for bf16.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/gelu.h"

namespace px::kernels {

// Checks the count, then computes.
void gelu(const Cpu& cpu, const px_gelu_args& args);
void gelu_backward(const Cpu& cpu, const px_gelu_backward_args& args);

// The forward pass on this thread, unchecked, by the same bits: for kernels whose results are activated as they come.
void gelu_here(Isa isa, const px_gelu_args& args);

// The references.
void gelu_ref(const px_gelu_args& args);
void gelu_backward_ref(const px_gelu_backward_args& args);

// In vectors, on the threads of `cpu`.
void gelu_cpu(const Cpu& cpu, const px_gelu_args& args);
void gelu_backward_cpu(const Cpu& cpu, const px_gelu_backward_args& args);
void gelu_here_cpu(Isa isa, const px_gelu_args& args);

}  // namespace px::kernels
