// gae: generalised advantage estimation over ragged sequences.
//
//   delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}, returns_t = A_t + V_t
//
// from each sequence's last token back; V and A past the end are 0, masked positions carry both through.
// Source: Schulman et al. 2016 (arXiv 1506.02438). Shapes: per-token arrays [N], offsets [S + 1].
// Traffic per token: 9 bytes in, 4 bytes out, 8 with returns; masked tokens are not read.
#pragma once

#include "proximal/kernels/gae.h"

namespace px::kernels {

// Checks numbers, then computes.
void gae(const px_gae_args& args);

// The reference.
void gae_ref(const px_gae_args& args);

}  // namespace px::kernels
