// adamw: one AdamW update of a range, and the squared norm that clipping needs.
//
//   g = gradient_scale gradient; p -= lr wd p; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2
//   p -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
//
// Source: Loshchilov and Hutter (arXiv 1711.05101). Shapes: all [n].
// Traffic per element: 20 bytes in (the gradient twice), 12 out, 14 with shadow; squared_norm 4 in.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/adamw.h"

namespace px::kernels {

// Checks numbers and the whole gradient and fills defaults in, then computes. Nothing is written when it throws.
void adamw(const Cpu& cpu, const px_adamw_args& args);

// The same without the pass over the gradient: it is known to be finite.
void adamw_of_finite(const Cpu& cpu, const px_adamw_args& args);

// Sum of x_i^2 in double, the same for any number of threads; not finite if an x_i is not.
double squared_norm(const Cpu& cpu, const float* x, int64_t n);

// The references: adamw with every default resolved and a finite gradient.
void adamw_ref(const px_adamw_args& args);
double squared_norm_ref(const float* x, int64_t n);

// In vectors, on the threads of `cpu`.
void adamw_cpu(const Cpu& cpu, const px_adamw_args& args);
double squared_norm_cpu(const Cpu& cpu, const float* x, int64_t n);

}  // namespace px::kernels
