// gae: generalised advantage estimation over ragged sequences.
//
//   delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}, returns_t = A_t + V_t
//
// from each sequence's last token back; V and A past the end are 0, masked positions carry both through.
// Source: Schulman et al. 2016 (arXiv 1506.02438). Shapes: per-token arrays [N], offsets [S + 1].
// Traffic per token: 9 bytes in, 4 bytes out, 8 with returns; what stands in masked places does not
// matter.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/gae.h"

namespace px::kernels {

// Checks numbers, then computes.
void gae(const Cpu& cpu, const px_gae_args& args);

// The reference.
void gae_ref(const px_gae_args& args);

// In vectors, on the threads of `cpu`.
void gae_cpu(const Cpu& cpu, const px_gae_args& args);

}  // namespace px::kernels
