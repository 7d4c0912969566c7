// sample in vectors, which narrow down what is decided in double.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/sample/sample.h"
#include "kernels/sample/shares.h"

namespace px::kernels {
namespace {

struct Workspace {
  std::vector<float> maxima, partitioned;  // of blocks; those again, for top-k
  std::vector<double> sums;                // of blocks
};

Workspace& workspace() {
  thread_local Workspace work;
  return work;
}

class Sampler {
 public:
  Sampler(Isa isa, const px_sample_args& args) : kernels_(share_kernels(isa)), args_(args) {
    work_.maxima.resize(static_cast<size_t>(sample_blocks(args.vocabulary)));
    if (kernels_.maxima(args.logits, args.vocabulary, work_.maxima.data())) row_.greatest = greatest();
  }

  // Whether something can be drawn.
  bool good() const { return row_.greatest >= 0; }

  int32_t draw() {
    if (row_.greedy()) return row_.greatest;
    const double u = sample_uniform(args_.seed, args_.sample_id, args_.index);
    return filters(args_) ? draw_filtered(u) : draw_of_all(u);
  }

  float logprob(int32_t token) {
    sum_blocks();
    const double total = std::accumulate(work_.sums.begin(), work_.sums.end(), 0.0);
    return static_cast<float>(row_.relative(token) - std::log(total));
  }

 private:
  int64_t end_of_block(int64_t begin) const { return std::min(args_.vocabulary, begin + kSampleBlock); }

  // The first of the largest logits; -1 where all are -inf.
  int32_t greatest() const {
    const auto block = std::max_element(work_.maxima.begin(), work_.maxima.end());
    if (*block == -std::numeric_limits<float>::infinity()) return -1;
    int64_t i = (block - work_.maxima.begin()) * kSampleBlock;
    while (args_.logits[i] != *block) ++i;
    return static_cast<int32_t>(i);
  }

  void sum_blocks() {
    if (summed_) return;
    work_.sums.resize(work_.maxima.size());
    kernels_.sums(args_.logits, args_.vocabulary, args_.logits[row_.greatest], args_.temperature, work_.sums.data());
    summed_ = true;
  }

  int32_t draw_of_all(double u) {
    sum_blocks();
    const ShareGoal goal = goal_among(work_.sums, args_.vocabulary, u);
    const int64_t begin = goal.block * kSampleBlock;
    const auto share = [&](int64_t i) { return std::exp(row_.relative(static_cast<int32_t>(begin + i))); };
    const auto place = place_of(goal, end_of_block(begin) - begin, share);
    return place ? static_cast<int32_t>(begin + *place) : sample_ref(args_, nullptr);
  }

  int32_t draw_filtered(double u) const {
    SampleCandidates candidates(row_);
    const float least = least_logit();
    for (size_t block = 0; block < work_.maxima.size(); ++block) {
      if (work_.maxima[block] < least) continue;
      const auto begin = static_cast<int64_t>(block) * kSampleBlock;
      for (int64_t i = begin; i < end_of_block(begin); ++i)
        if (args_.logits[i] >= least) candidates.add(static_cast<int32_t>(i));
    }
    candidates.filter();
    return candidates.draw(u);
  }

  // The filters keep nothing that is smaller.
  float least_logit() const {
    constexpr float kAll = -std::numeric_limits<float>::infinity();
    if (args_.top_k > 0) {
      // k logits are at least the k-th of the blocks' largest ones.
      if (static_cast<size_t>(args_.top_k) > work_.maxima.size()) return kAll;
      work_.partitioned.assign(work_.maxima.begin(), work_.maxima.end());
      const auto kth = work_.partitioned.begin() + (args_.top_k - 1);
      std::nth_element(work_.partitioned.begin(), kth, work_.partitioned.end(), std::greater<>());
      return *kth;
    }
    if (args_.top_p < 1) return kAll;
    // A little less than min-p's own limit, by more than its rounding.
    const double relative = std::log(args_.min_p) * (1 + 1e-9) - 1e-9;
    return std::nextafter(static_cast<float>(args_.logits[row_.greatest] + args_.temperature * relative), kAll);
  }

  const ShareKernels kernels_;
  const px_sample_args& args_;
  Workspace& work_ = workspace();
  SampleRow row_{args_, -1};
  bool summed_ = false;
};

}  // namespace

int32_t sample_cpu(Isa isa, const px_sample_args& args, float* logprob) {
  if (!shares_hold(args.temperature)) return sample_ref(args, logprob);
  Sampler sampler(isa, args);
  if (!sampler.good()) return sample_ref(args, logprob);  // says what is wrong
  const int32_t token = sampler.draw();
  if (logprob != nullptr) *logprob = sampler.logprob(token);
  return token;
}

}  // namespace px::kernels
