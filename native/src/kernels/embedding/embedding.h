// embedding: rows of a table by token, a row by position added to each, and the gradient of a table.
//
//   y[n] = E[token[n]] + P[position[n]]; dE[token[n]] += dy[n], in the order of n
//
// Source: Radford et al. 2019 (GPT-2) for positions. Shapes: tables [V, H] and [P, H], out [N, H].
// Traffic per element: 4 bytes in (2 of a bf16 table) and 4 out, 4 more in with positions; backward 8 in and 4 out.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/embedding.h"

namespace px::kernels {

// Checks sizes, tokens and positions, then computes. Nothing is written when it throws.
void embedding(const Cpu& cpu, const px_embedding_args& args);
void embedding_backward(const Cpu& cpu, const px_embedding_backward_args& args);

// The references.
void embedding_ref(const px_embedding_args& args);
void embedding_backward_ref(const px_embedding_backward_args& args);

// In vectors, on the threads of `cpu`.
void embedding_cpu(const Cpu& cpu, const px_embedding_args& args);
void embedding_backward_cpu(const Cpu& cpu, const px_embedding_backward_args& args);

}  // namespace px::kernels
