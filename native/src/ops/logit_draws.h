// Draws from rows of logits that lie in memory, some rows at a time: for ops that know no better way, and for draws that
// have to see their logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ops/ops.h"

namespace px {

// The draws of a call: row i of hidden [draws, H] and what is to be written for it.
struct HeadDraws {
  const Linear& head;
  Values hidden;
  std::span<const px_sample_args> draws;
  std::span<int32_t> tokens;
  std::span<TokenScore> scores;
};

// Bytes of workspace for `rows` rows.
uint64_t logit_draw_bytes(const Linear& head, int64_t rows);

// The draws of the rows whose numbers are given, as many at a time as the workspace of `planned` rows takes.
void draw_from_logits(Ops& ops, const HeadDraws& all, std::span<const int64_t> rows, int64_t planned,
                      std::byte* workspace);

}  // namespace px
