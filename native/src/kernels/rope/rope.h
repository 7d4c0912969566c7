// rope: rotary position embedding of query and key heads in the half-split form, and the norm of heads before it.
//
//   h = x, or x r w with r = 1 / sqrt(mean(x^2) + eps) over a head; c, s: the token's row of the tables
//   y[i] = h[i] c[i] - h[i + D/2] s[i]; y[i + D/2] = h[i + D/2] c[i] + h[i] s[i]
//   back: dh[i] = dy[i] c[i] + dy[i + D/2] s[i]; dh[i + D/2] = dy[i + D/2] c[i] - dy[i] s[i]; then as in rmsnorm
//
// Source: Su et al. (arXiv 2104.09864); norm of heads: Qwen3. Shapes: x, out [N, (Hq + 2 Hkv) D], tables [P, D / 2].
// Traffic per element of queries and keys: 4 bytes in, 4 out, 2 for bf16; none for values that stay in their place.
#pragma once

#include <cstdint>

#include "base/cpu.h"
#include "proximal/kernels/rope.h"

namespace px::kernels {

// Checks numbers and positions and fills defaults in, then computes. Nothing is written when it throws.
void rope(const Cpu& cpu, const px_rope_args& args);
void rope_backward(const Cpu& cpu, const px_rope_backward_args& args);

// Bytes that rope_backward needs for d_query_norm and d_key_norm.
uint64_t rope_backward_workspace(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size);

// Checks the sizes; returns the number of elements of a row.
int64_t check_rope_sizes(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_size);

// The references, with every default resolved.
void rope_ref(const px_rope_args& args);
void rope_backward_ref(const px_rope_backward_args& args);

// In vectors, on the threads of `cpu`.
void rope_cpu(const Cpu& cpu, const px_rope_args& args);
void rope_backward_cpu(const Cpu& cpu, const px_rope_backward_args& args);

}  // namespace px::kernels
