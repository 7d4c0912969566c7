// rmsnorm: root-mean-square norm of rows, with the residual sum before it, and its gradients.
//
//   s = x + delta; r = 1 / sqrt(mean(s^2) + eps); y = s r w
//   with g = dy w: dx = r (g - s r^2 mean(g s)); dw = sum over rows of dy s r
//
// Source: Zhang and Sennrich (arXiv 1910.07467). Shapes: x, delta, sum, out [N, H], weight [H], rstd [N].
// Traffic per element: 4 bytes in and 4 out, 2 for bf16; 8 more with delta; backward 8 in and 4 out, 4 more in when d_x
// is added to. A row is read from memory once: its second pass finds it in the first cache.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/rmsnorm.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes.
void rmsnorm(const Cpu& cpu, const px_rmsnorm_args& args);
void rmsnorm_backward(const Cpu& cpu, const px_rmsnorm_backward_args& args);

// Bytes that rmsnorm_backward needs for d_weight.
uint64_t rmsnorm_backward_workspace(int64_t rows, int64_t hidden);

// The references, with every default resolved.
void rmsnorm_ref(const px_rmsnorm_args& args);
void rmsnorm_backward_ref(const px_rmsnorm_backward_args& args);

// In vectors, on the threads of `cpu`.
void rmsnorm_cpu(const Cpu& cpu, const px_rmsnorm_args& args);
void rmsnorm_backward_cpu(const Cpu& cpu, const px_rmsnorm_backward_args& args);

}  // namespace px::kernels
