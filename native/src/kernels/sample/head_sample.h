// sample from hidden states and an LM head: the logits of all rows never lie in memory.
//
// The vocabulary goes by in chunks, as in token_logprob. Of each row and chunk the sums of token_logprob stay, the
// largest logit, and the sums of the shares of every kSampleBlock tokens. They say which block a draw falls into, whose
// logits are computed again: products give a row the same bits whatever is computed beside it.
//
// Shapes: hidden [n, H], head [V, H]. Traffic: the head once for some dozens of rows, and 128 bytes of it per element
// along H for each draw.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/gemm/gemm.h"
#include "kernels/token_logprob/head.h"
#include "proximal/kernels/sample.h"

namespace px::kernels {

struct HeadSampleArgs {
  const void* hidden = nullptr;           // [n, H] of the head's dtype, one row behind the other
  Packed head;                            // [V, H]
  std::span<const px_sample_args> draws;  // [n], every default resolved; their logits are not read
  void* workspace = nullptr;              // head_sample_workspace() bytes, aligned to 64
};

// Whether a draw can be made without its row of logits: it has no filter, and vectors hold its shares.
bool samples_from_head(Isa isa, const px_sample_args& draw);

uint64_t head_sample_workspace(const Packed& head, int64_t rows);

// What stands for a token where the row's logits are not finite, and where they have to be seen: the draw is none of
// samples_from_head(), or shares in vectors cannot tell between neighbours.
inline constexpr int32_t kNoToken = -1;
inline constexpr int32_t kUndecided = -2;

// tokens [n]: what sample() draws from the rows' logits, or one of the two above; scores [n]: of the tokens that were
// drawn, as score_logits() has them, zeros beside the others. Deterministic for any thread count.
void head_sample(const Cpu& cpu, const HeadSampleArgs& args, std::span<int32_t> tokens, std::span<LogitScore> scores);

}  // namespace px::kernels
