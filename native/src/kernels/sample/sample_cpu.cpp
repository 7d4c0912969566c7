// sample in vectors of floats, which narrow down what the draw in double decides.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "kernels/sample/sample.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sample/sample_cpu.cpp"
#include <hwy/foreach_target.h>  // NOLINT: after its settings

#include <hwy/contrib/math/math-inl.h>

#include "kernels/float-inl.h"
#include "kernels/simd.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// The largest logit of each block, and the first of the largest of all; -1 where one is NaN or +inf, or all are -inf.
int32_t scan(const float* logits, int64_t n, float* maxima) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  auto below = hn::Lt(hn::Zero(fs), splat(kInfinity));
  bool good = true;
  int64_t best = 0;
  for (int64_t block = 0; block * kSampleBlock < n; ++block) {
    const float* const from = logits + block * kSampleBlock;
    const int64_t count = std::min(kSampleBlock, n - block * kSampleBlock);
    Floats most = splat(-kInfinity);
    int64_t i = 0;
    for (; i + kFloats <= count; i += kFloats) {
      const Floats z = hn::LoadU(fs, from + i);
      below = hn::And(below, hn::Lt(z, splat(kInfinity)));
      most = hn::Max(most, z);
    }
    float largest = hn::GetLane(hn::MaxOfLanes(fs, most));
    for (; i < count; ++i) {
      good = good && from[i] < kInfinity;
      largest = std::max(largest, from[i]);
    }
    maxima[block] = largest;
    if (largest > maxima[best]) best = block;
  }
  if (!good || !hn::AllTrue(fs, below) || maxima[best] == -kInfinity) return -1;
  int64_t i = best * kSampleBlock;
  while (logits[i] != maxima[best]) ++i;
  return static_cast<int32_t>(i);
}

// The sum of e^((logit - largest) / T) over each block.
void sum_blocks(const float* logits, int64_t n, float largest, float inverse_temperature, double* sums) {
  const Floats offset = splat(largest), scale = splat(inverse_temperature);
  for (int64_t begin = 0; begin < n; begin += kSampleBlock) {
    const float* const from = logits + begin;
    *sums++ = sum_of_vectors(std::min(kSampleBlock, n - begin), [&](Floats sum, int64_t i, auto span) PX_LANES {
      return hn::Add(sum, span.keep(exponential(hn::Mul(hn::Sub(span.load(from + i), offset), scale))));
    });
  }
}

// The same in double.
void sum_blocks_in_double(const float* logits, int64_t n, float largest, double temperature, double* sums) {
  using Doubles = hn::ScalableTag<double>;
  const Doubles d;
  const hn::Rebind<float, Doubles> floats;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto offset = hn::Set(d, double{largest}), divisor = hn::Set(d, temperature), least = hn::Set(d, -700.0);
  for (int64_t begin = 0; begin < n; begin += kSampleBlock) {
    const int64_t end = std::min(n, begin + kSampleBlock);
    auto sum = hn::Zero(d);
    int64_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      const auto logit = hn::PromoteTo(d, hn::LoadU(floats, logits + i));
      sum = hn::Add(sum, hn::Exp(d, hn::Max(hn::Div(hn::Sub(logit, offset), divisor), least)));
    }
    double left = 0;
    for (; i < end; ++i) left += std::exp((double{logits[i]} - largest) / temperature);
    *sums++ = hn::GetLane(hn::SumOfLanes(d, sum)) + left;
  }
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

// Beyond them 1 / T, or a difference of logits over T, leaves what floats hold.
constexpr double kLeastTemperature = 1e-30, kMostTemperature = 1e30;

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
  Sampler(Isa isa, const px_sample_args& args) : isa_(isa), args_(args) {
    work_.maxima.resize(static_cast<size_t>((args.vocabulary + kSampleBlock - 1) / kSampleBlock));
    row_.greatest = PX_SELECT(isa, scan)(args.logits, args.vocabulary, work_.maxima.data());
  }

  // Whether something can be drawn.
  bool good() const { return row_.greatest >= 0; }

  int32_t draw() {
    if (row_.greedy()) return row_.greatest;
    const double u = sample_uniform(args_.seed, args_.sample_id, args_.index);
    const bool filters = args_.top_k > 0 || args_.top_p < 1 || args_.min_p > 0;
    return filters ? draw_filtered(u) : draw_of_all(u);
  }

  float logprob(int32_t token) { return static_cast<float>(row_.relative(token) - std::log(total())); }

 private:
  int64_t end_of_block(int64_t begin) const { return std::min(args_.vocabulary, begin + kSampleBlock); }

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

  // The token by the blocks' sums; where their error may decide, by those in double, and then by the reference.
  int32_t draw_of_all(double u) {
    total();
    int32_t token = draw_by_blocks(u, error());
    if (token >= 0) return token;
    const auto sum = PX_SELECT(isa_, sum_blocks_in_double);
    sum(args_.logits, args_.vocabulary, args_.logits[row_.greatest], args_.temperature, work_.sums.data());
    total_ = std::accumulate(work_.sums.begin(), work_.sums.end(), 0.0);
    token = draw_by_blocks(u, error_in_double());
    return token >= 0 ? token : sample_ref(args_, nullptr);
  }

  // -1 where what is known within `error` does not tell.
  int32_t draw_by_blocks(double u, double error) const {
    const double goal = u * total_;
    double before = 0;
    size_t block = 0;
    while (block + 1 < work_.sums.size() && before + work_.sums[block] <= goal) before += work_.sums[block++];
    const auto begin = static_cast<int64_t>(block) * kSampleBlock;
    for (int64_t i = begin; i < end_of_block(begin); ++i) {
      const auto token = static_cast<int32_t>(i);
      const double after = before + std::exp(row_.relative(token));
      if (after > goal && before + error <= goal && after - error > goal) return token;
      if (after + error > goal) break;
      before = after;
    }
    return -1;
  }

  // Of all exponentials, from the blocks' sums, which are computed when first asked for.
  double total() {
    if (total_ == 0) {
      work_.sums.resize(work_.maxima.size());
      const auto sum = PX_SELECT(isa_, sum_blocks);
      sum(args_.logits, args_.vocabulary, args_.logits[row_.greatest], static_cast<float>(1 / args_.temperature),
          work_.sums.data());
      total_ = std::accumulate(work_.sums.begin(), work_.sums.end(), 0.0);
    }
    return total_;
  }

  // By how much a sum of blocks and u of their total may miss each other. NUMERICS: relative to a share, 3 x 2^-24 |x|
  // for the three roundings of x = (logit - largest) / T, 2^-22 for e^x, 2^-21 for the eight additions of a block; |x|
  // is, on average over shares, the logarithm of V over the total at most.
  double error() const {
    const double of_share = 0x1p-22 + 0x1p-21 + 0x3p-24 * std::log(static_cast<double>(args_.vocabulary) / total_);
    return 2.1 * of_share * total_;
  }

  // NUMERICS: a share's exponential within 2^-51, here and in the reference, whose sum runs over all V.
  double error_in_double() const {
    return 2.1 * (0x1p-50 + 0x1p-53 * static_cast<double>(args_.vocabulary)) * total_;
  }

  const Isa isa_;
  const px_sample_args& args_;
  Workspace& work_ = workspace();
  SampleRow row_{args_, -1};
  double total_ = 0;
};

}  // namespace

int32_t sample_cpu(Isa isa, const px_sample_args& args, float* logprob) {
  if (args.temperature < kLeastTemperature || args.temperature > kMostTemperature) return sample_ref(args, logprob);
  Sampler sampler(isa, args);
  if (!sampler.good()) return sample_ref(args, logprob);  // says what is wrong
  const int32_t token = sampler.draw();
  if (logprob != nullptr) *logprob = sampler.logprob(token);
  return token;
}

}  // namespace px::kernels
#endif
