// group_advantage: advantages of answers against the other answers to the same prompt.
//
//   GRPO (s - mean) / (std + eps); Dr. GRPO s - mean; RLOO s - mean of the others
//
// Source: arXiv 2402.03300, 2503.20783, 2402.14740. Shapes: rows [N], offsets [G + 1]. Traffic per row: 4 bytes in, 5
// with a mask, 4 more with weights, 4 out; a group is read again while it is in the cache.
#pragma once

#include "base/cpu.h"
#include "proximal/kernels/group_advantage.h"

namespace px::kernels {

// Checks numbers and fills defaults in, then computes. `metrics` is written on success only.
void group_advantage(const Cpu& cpu, const px_group_advantage_args& args, px_group_metrics& metrics);

// The reference, over the groups begin..end-1: what group_advantage computes, with every default resolved.
px_group_metrics group_advantage_ref(const px_group_advantage_args& args, int64_t begin, int64_t end);

// Rows in vectors, on the threads of `cpu`.
px_group_metrics group_advantage_cpu(const Cpu& cpu, const px_group_advantage_args& args);

// What the rows of a group with a score come to; m2: the squared deviations from `mean`, that by weight.
struct GroupSums {
  int64_t rows;
  double score;
  double mean;
  double m2;
};

// Counts a group; returns what score - mean is multiplied by.
double group_scale(const px_group_advantage_args& args, const GroupSums& group, px_group_metrics& metrics);

}  // namespace px::kernels
