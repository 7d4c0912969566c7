// layernorm: layer norm of rows, with the residual sum before it, and its gradients.
//
//   s = x + delta; m = mean(s); r = 1 / sqrt(mean((s - m)^2) + eps); h = (s - m) r; y = h w + b
//   with g = dy w: dx = r (g - mean(g) - h mean(g h)); dw = sum over rows of dy h; db = sum over rows of dy
//
// Source: Ba, Kiros and Hinton (arXiv 1607.06450). Shapes: x, delta, sum, out [N, H], weight, bias [H], mean, rstd [N].
// Traffic per element: 4 bytes in and 4 out, 2 for bf16; 8 more with delta; backward 8 in and 4 out, 4 more in when d_x
// is added to. A row is read from memory once: its later passes find it in the first cache.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/layernorm.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes.
void layernorm(const Cpu& cpu, const px_layernorm_args& args);
void layernorm_backward(const Cpu& cpu, const px_layernorm_backward_args& args);

// Bytes that layernorm_backward needs for d_weight and d_bias.
uint64_t layernorm_backward_workspace(int64_t rows, int64_t hidden);

// The references, with every default resolved.
void layernorm_ref(const px_layernorm_args& args);
void layernorm_backward_ref(const px_layernorm_backward_args& args);

// In vectors, on the threads of `cpu`.
void layernorm_cpu(const Cpu& cpu, const px_layernorm_args& args);
void layernorm_backward_cpu(const Cpu& cpu, const px_layernorm_backward_args& args);

}  // namespace px::kernels
