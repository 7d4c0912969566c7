#include "kernels/sample/sample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/device.h"
#include "base/philox.h"
#include "kernels/checks.h"

namespace px::kernels {
namespace {

constexpr int64_t kMaxVocabulary = std::numeric_limits<int32_t>::max();

px_sample_args resolved(const px_sample_args& args) {
  px_sample_args a = args;
  a.temperature = or_default(a.temperature, 1.0);
  a.top_p = or_default(a.top_p, 1.0);
  check(a.vocabulary >= 1 && a.vocabulary <= kMaxVocabulary, PX_INVALID_ARGUMENT, "vocabulary: expected 1 to ",
        kMaxVocabulary, ", got ", a.vocabulary);
  check_positive(a.temperature, "temperature");
  check(a.top_k >= 0, PX_INVALID_ARGUMENT, "top_k: expected 0 (off) or more, got ", a.top_k);
  check_probability(a.top_p, "top_p");
  check_probability(a.min_p, "min_p");
  return a;
}

// What a draw works on, kept by the thread from call to call.
struct Workspace {
  std::vector<double> shares;  // [V]
  std::vector<double> sums;    // of blocks of shares
  std::vector<float> values;   // a copy that top-k partitions
  std::vector<int32_t> order;  // ids that top-p sorts
  std::vector<uint8_t> kept;   // [V] 1: may be drawn
};

// A row of logits with its exponentials. One at a time in a thread.
class Row {
 public:
  Row(const Cpu& cpu, const px_sample_args& args) : args_(args) {
    const auto vocabulary = static_cast<size_t>(args.vocabulary);
    work_.shares.resize(vocabulary);
    work_.sums.resize((vocabulary + kShareBlock - 1) / kShareBlock);
    greatest_ = cpu.device != nullptr || cpu.isa == Isa::kScalar
                    ? sample_shares_ref(args, work_.shares, work_.sums)
                    : sample_shares_cpu(cpu.isa, args, work_.shares, work_.sums);
    log_total_ = std::log(total());
  }

  int32_t greatest() const { return greatest_; }

  // log softmax(logits / T) of a token, without the filters.
  double logprob(int32_t token) const { return relative(token) - log_total_; }

  // What is left to draw from: log-probabilities of the filtered distribution are relative to it.
  double total() const { return std::accumulate(work_.sums.begin(), work_.sums.end(), 0.0); }

  // NUMERICS: the difference comes before the division, so that no finite logit or temperature gives inf - inf.
  double relative(int32_t token) const {
    return (double{args_.logits[token]} - args_.logits[greatest_]) / args_.temperature;
  }

  bool kept(int32_t token) const { return !filters() || work_.kept[static_cast<size_t>(token)] != 0; }

  // Gives what the filters remove a share of 0.
  void filter() {
    if (!filters()) return;
    work_.kept.assign(work_.shares.size(), 1);
    if (args_.top_k > 0) keep_top_k();
    if (args_.top_p < 1) keep_top_p();
    if (args_.min_p > 0) keep_min_p();
    std::fill(work_.sums.begin(), work_.sums.end(), 0.0);
    for (size_t i = 0; i < work_.shares.size(); ++i) {
      if (work_.kept[i] == 0) work_.shares[i] = 0;
      work_.sums[i / kShareBlock] += work_.shares[i];
    }
  }

  // The first token in id order at which the cumulative share exceeds u of the total.
  int32_t draw(double u) const {
    const double goal = u * total();
    double cumulative = 0;
    size_t block = 0;
    // Rounding may let no block exceed the goal, or no token of the block that does: the last that can be drawn is it.
    while (block + 1 < work_.sums.size() && cumulative + work_.sums[block] <= goal) cumulative += work_.sums[block++];
    const size_t end = std::min(work_.shares.size(), (block + 1) * kShareBlock);
    for (size_t i = block * kShareBlock; i < end; ++i) {
      cumulative += work_.shares[i];
      if (cumulative > goal && work_.shares[i] > 0) return static_cast<int32_t>(i);
    }
    return last_before(end);
  }

 private:
  bool filters() const { return args_.top_k > 0 || args_.top_p < 1 || args_.min_p > 0; }

  int32_t last_before(size_t end) const {
    while (end > 0 && work_.shares[end - 1] == 0) --end;
    return end > 0 ? static_cast<int32_t>(end - 1) : greatest_;
  }

  // Keeps the k largest and what ties with the k-th.
  void keep_top_k() {
    if (args_.top_k >= args_.vocabulary) return;
    work_.values.assign(args_.logits, args_.logits + args_.vocabulary);
    const auto nth = work_.values.begin() + (args_.top_k - 1);
    std::nth_element(work_.values.begin(), nth, work_.values.end(), std::greater<>());
    for (size_t i = 0; i < work_.kept.size(); ++i)
      if (args_.logits[i] < *nth) work_.kept[i] = 0;
  }

  // Removes the smallest while their cumulative probability is at most 1 - p; of equal logits the lowest id goes first.
  // The most probable token stays.
  void keep_top_p() {
    work_.order.clear();
    double left = 0;
    for (size_t i = 0; i < work_.kept.size(); ++i) {
      if (work_.kept[i] == 0) continue;
      work_.order.push_back(static_cast<int32_t>(i));
      left += work_.shares[i];
    }
    std::sort(work_.order.begin(), work_.order.end(), [&](int32_t a, int32_t b) {
      return args_.logits[a] < args_.logits[b] || (args_.logits[a] == args_.logits[b] && a < b);
    });
    double cumulative = 0;
    for (size_t i = 0; i + 1 < work_.order.size(); ++i) {
      const auto token = static_cast<size_t>(work_.order[i]);
      cumulative += work_.shares[token] / left;
      if (cumulative > 1 - args_.top_p) return;
      work_.kept[token] = 0;
    }
  }

  // Keeps p_i >= min_p max p: the shares are relative to the largest probability already.
  void keep_min_p() {
    for (size_t i = 0; i < work_.kept.size(); ++i)
      if (work_.shares[i] < args_.min_p) work_.kept[i] = 0;
  }

  static Workspace& workspace() {
    thread_local Workspace work;
    return work;
  }

  const px_sample_args& args_;
  Workspace& work_ = workspace();
  int32_t greatest_ = 0;
  double log_total_ = 0;
};

}  // namespace

double sample_uniform(uint64_t seed, uint64_t sample_id, uint64_t index) {
  const PhiloxBlock block = philox4x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                       {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                                        static_cast<uint32_t>(sample_id), static_cast<uint32_t>(sample_id >> 32)});
  const uint64_t bits = uint64_t{block[1]} << 32 | block[0];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

void sample(const Cpu& cpu, const px_sample_args& args, int32_t& token, float* logprob) {
  const px_sample_args a = resolved(args);
  if (cpu.device != nullptr && cpu.device->sample(a, token, logprob)) return;
  Row row(cpu, a);
  if ((a.flags & PX_SAMPLE_GREEDY) != 0) {
    token = row.greatest();
  } else {
    row.filter();
    token = row.draw(sample_uniform(a.seed, a.sample_id, a.index));
  }
  if (logprob != nullptr) *logprob = static_cast<float>(row.logprob(token));
}

void sample_distribution(const Cpu& cpu, const px_sample_args& args, float* logprob) {
  const px_sample_args a = resolved(args);
  if (cpu.device != nullptr && cpu.device->sample_distribution(a, logprob)) return;
  Row row(cpu, a);
  constexpr float kImpossible = -std::numeric_limits<float>::infinity();
  if ((a.flags & PX_SAMPLE_GREEDY) != 0) {
    std::fill_n(logprob, a.vocabulary, kImpossible);
    logprob[row.greatest()] = 0;
    return;
  }
  row.filter();
  const double log_total = std::log(row.total());
  for (int64_t i = 0; i < a.vocabulary; ++i) {
    const auto token = static_cast<int32_t>(i);
    logprob[i] = row.kept(token) ? static_cast<float>(row.relative(token) - log_total) : kImpossible;
  }
}

}  // namespace px::kernels
