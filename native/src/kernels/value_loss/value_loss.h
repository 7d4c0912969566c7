// value_loss: PPO's clipped value loss, its gradient and its metrics in one pass.
//
//   loss = 1/2 max((V' - R)^2, (V + clip(V' - V, +-clip) - R)^2), gradient = weight d loss / d V' / normalizer
//
// Source: the PPO baselines' value clipping, as in arXiv 2005.12729. Shapes: all [n].
// Traffic per token: 16 bytes in, 4 bytes out for each output that is wanted; tokens of weight 0 get 0,
// whatever stands elsewhere.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/value_loss.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes. `metrics` is written on success only.
void value_loss(const Cpu& cpu, const px_value_loss_args& args, px_value_metrics& metrics);

// The reference, over the tokens begin..end-1: what value_loss computes, with every default resolved.
px_value_metrics value_loss_ref(const px_value_loss_args& args, int64_t begin, int64_t end);

// In vectors, on the threads of `cpu`.
px_value_metrics value_loss_cpu(const Cpu& cpu, const px_value_loss_args& args);

}  // namespace px::kernels
