// bradley_terry: pairwise reward-model loss with margin and centering, its gradients and metrics in one pass.
//
//   loss = -log sigmoid(chosen - rejected - margin) + c (chosen + rejected)^2
//
// Source: Christiano et al. 2017 (arXiv 1706.03741); margin: Llama 2 (arXiv 2307.09288); centering: arXiv 2312.09244.
// Shapes: all [n] pairs. Traffic per pair: 8 bytes in, 12 with margins, 4 bytes out for each output that is wanted.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/bradley_terry.h"

namespace px::kernels {

// Checks numbers, then computes. `metrics` is written on success only.
void bradley_terry(const Cpu& cpu, const px_bradley_terry_args& args, px_bradley_terry_metrics& metrics);

// The reference, over the pairs begin..end-1.
px_bradley_terry_metrics bradley_terry_ref(const px_bradley_terry_args& args, int64_t begin, int64_t end);

// In vectors, on the threads of `cpu`.
px_bradley_terry_metrics bradley_terry_cpu(const Cpu& cpu, const px_bradley_terry_args& args);

}  // namespace px::kernels
