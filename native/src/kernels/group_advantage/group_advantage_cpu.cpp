// group_advantage with a group's rows in vectors of doubles: their mean, their deviations, their advantages. Vectors are
// laid from the group's first row, so that a group's bits depend on that group alone. Groups belong to the block of rows
// in which they begin. A block with a number that is not finite or a weight of 0 or less is computed again by the
// reference, whose error names the array and the index.
#include "kernels/group_advantage/group_advantage.h"

#include <array>
#include <cmath>
#include <limits>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/group_advantage/group_advantage_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

class GroupRows {
 public:
  explicit HWY_INLINE GroupRows(const px_group_advantage_args& args) : args_(args) {}

  HWY_INLINE GroupSums sums(int64_t begin, int64_t end) {
    GroupSums group{};
    V score = hn::Zero(d), weighted = hn::Zero(d), weights = hn::Zero(d);
    for_rows(begin, end, [&](V value, V weight, M row, int64_t) HWY_ATTR {
      score = hn::Add(score, value);
      weighted = hn::MulAdd(weight, value, weighted);
      weights = hn::Add(weights, weight);
      group.rows += count(row);
      fit_ = fit_ && hn::AllTrue(d, hn::Or(hn::Gt(weight, hn::Zero(d)), hn::Not(row)));
    });
    if (group.rows == 0) return group;
    group.score = sum(score);
    group.mean = sum(weighted) / sum(weights);
    // NUMERICS: a second pass over the deviations; sum(x^2) - n mean^2 cancels where the mean is large.
    V squares = hn::Zero(d);
    for_rows(begin, end, [&](V value, V, M row, int64_t) HWY_ATTR {
      const V deviation = hn::IfThenElseZero(row, hn::Sub(value, set(group.mean)));
      squares = hn::MulAdd(deviation, deviation, squares);
    });
    group.m2 = sum(squares);
    fit_ = fit_ && std::isfinite(group.mean) && std::isfinite(group.m2);
    return group;
  }

  HWY_INLINE void advantages(int64_t begin, int64_t end, double mean, double scale) {
    for_rows(begin, end, [&](V value, V, M row, int64_t i) HWY_ATTR {
      const V advantage = hn::IfThenElseZero(row, hn::Mul(hn::Sub(value, set(mean)), set(scale)));
      largest_ = larger_magnitude(largest_, advantage);
      if (i + kLanes <= end) return store(advantage, args_.advantage + i);
      Tail last(args_.advantage + i, end - i);
      store(advantage, last.data());
      last.copy_to(args_.advantage + i, end - i);
    });
  }

  // Whether all was finite and every weight above 0.
  HWY_INLINE bool fit() const { return fit_ && largest(largest_) <= std::numeric_limits<float>::max(); }

 private:
  // Calls body(score, weight, row, i) for every vector of a group; score and weight are 0 where no row counts.
  template <class Body>
  HWY_INLINE void for_rows(int64_t begin, int64_t end, const Body& body) const {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      call(body, args_.score + i, at(args_.weight, i), mask_at(args_.mask, i), i);
    if (i == end) return;
    const int64_t n = end - i;
    const Tail score(args_.score + i, n), weight(at(args_.weight, i), n);
    const M row = hn::And(first_of_mask(at(args_.mask, i), n), hn::FirstN(d, static_cast<size_t>(n)));
    call(body, score.data(), weight.data(), row, i);
  }

  template <class Body>
  HWY_INLINE void call(const Body& body, const float* score, const float* weight, M row, int64_t i) const {
    body(hn::IfThenElseZero(row, load(score)), hn::IfThenElseZero(row, weight != nullptr ? load(weight) : set(1)), row,
         i);
  }

  const px_group_advantage_args& args_;
  bool fit_ = true;
  V largest_ = hn::Zero(d);
};

bool group_block(const px_group_advantage_args& args, int64_t begin, int64_t end, px_group_metrics& metrics) {
  GroupRows rows(args);
  for (int64_t g = begin; g < end; ++g) {
    const GroupSums group = rows.sums(args.offsets[g], args.offsets[g + 1]);
    rows.advantages(args.offsets[g], args.offsets[g + 1], group.mean, group_scale(args, group, metrics));
  }
  return rows.fit();
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

struct Part {
  int64_t begin;  // of its groups
  int64_t end;
  px_group_metrics metrics{};
  bool fit = false;
};

void add(px_group_metrics& sum, const px_group_metrics& part) {
  sum.rows += part.rows;
  sum.groups += part.groups;
  sum.flat += part.flat;
  sum.lone += part.lone;
  sum.score += part.score;
  sum.deviation += part.deviation;
}

}  // namespace

px_group_metrics group_advantage_cpu(const Cpu& cpu, const px_group_advantage_args& args) {
  const auto block_of = PX_SELECT(cpu.isa, group_block);
  const Blocks blocks(args.offsets[args.groups]);
  const auto first_from = [&](int64_t row) {
    return first_piece_from(row, args.groups, [&](int64_t g) { return args.offsets[g]; });
  };
  std::array<Part, Blocks::kMost> parts;
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    Part& part = parts[static_cast<size_t>(b)];
    part.begin = first_from(blocks.begin(b));
    part.end = b + 1 == blocks.count() ? args.groups : first_from(blocks.end(b));
    part.fit = block_of(args, part.begin, part.end, part.metrics);
  });
  px_group_metrics metrics{};
  for (int64_t b = 0; b < blocks.count(); ++b) {
    const Part& part = parts[static_cast<size_t>(b)];
    add(metrics, part.fit ? part.metrics : group_advantage_ref(args, part.begin, part.end));
  }
  return metrics;
}

}  // namespace px::kernels
#endif
