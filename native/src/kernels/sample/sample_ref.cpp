#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/philox.h"
#include "kernels/checks.h"
#include "kernels/sample/sample.h"

namespace px::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the filters work on, kept by the thread from call to call.
struct Workspace {
  std::vector<float> values;   // a copy that top-k partitions
  std::vector<int32_t> order;  // ids that top-p sorts
  std::vector<uint8_t> kept;   // [V] 1: may be drawn
};

// A row with what softmax(logits / T) needs.
class Row {
 public:
  explicit Row(const px_sample_args& args)
      : logits_(args.logits, static_cast<size_t>(args.vocabulary)), temperature_(args.temperature) {
    float largest = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < logits_.size(); ++i) {
      // NaN fails the comparison too.
      if (!(logits_[i] < std::numeric_limits<float>::infinity()))
        fail_not_finite("logits", static_cast<int64_t>(i), logits_[i]);
      if (logits_[i] > largest) {
        largest = logits_[i];
        greatest_ = static_cast<int32_t>(i);
      }
    }
    check(std::isfinite(largest), PX_NOT_FINITE, "logits: all ", args.vocabulary, " are -inf: nothing can be drawn");
  }

  std::span<const float> logits() const { return logits_; }
  int32_t greatest() const { return greatest_; }

  // NUMERICS: the difference comes before the division, so that no finite logit or temperature gives inf - inf.
  double relative(int32_t token) const {
    return (double{logits_[static_cast<size_t>(token)]} - logits_[static_cast<size_t>(greatest_)]) / temperature_;
  }
  double share(int32_t token) const { return std::exp(relative(token)); }

  // Sum of shares in id order, of the tokens that `kept` [V] marks; all of them when it is empty.
  double total(std::span<const uint8_t> kept = {}) const {
    double sum = 0;
    for (size_t i = 0; i < logits_.size(); ++i)
      if (kept.empty() || kept[i] != 0) sum += share(static_cast<int32_t>(i));
    return sum;
  }

 private:
  std::span<const float> logits_;
  double temperature_;
  int32_t greatest_ = 0;
};

// Keeps the k largest and what ties with the k-th.
void keep_top_k(const Row& row, int64_t k, Workspace& work) {
  const std::span<const float> logits = row.logits();
  if (k >= static_cast<int64_t>(logits.size())) return;
  work.values.assign(logits.begin(), logits.end());
  const auto nth = work.values.begin() + (k - 1);
  std::nth_element(work.values.begin(), nth, work.values.end(), std::greater<>());
  for (size_t i = 0; i < logits.size(); ++i)
    if (logits[i] < *nth) work.kept[i] = 0;
}

// Removes the smallest while their cumulative probability is at most 1 - p; of equal logits the lowest id goes first.
// The most probable token stays.
void keep_top_p(const Row& row, double p, Workspace& work) {
  const std::span<const float> logits = row.logits();
  work.order.clear();
  for (size_t i = 0; i < logits.size(); ++i)
    if (work.kept[i] != 0) work.order.push_back(static_cast<int32_t>(i));
  std::sort(work.order.begin(), work.order.end(), [&](int32_t a, int32_t b) {
    const float x = logits[static_cast<size_t>(a)];
    const float y = logits[static_cast<size_t>(b)];
    return x < y || (x == y && a < b);
  });
  const double total = row.total(work.kept);
  double cumulative = 0;
  for (size_t i = 0; i + 1 < work.order.size(); ++i) {
    cumulative += row.share(work.order[i]) / total;
    if (cumulative > 1 - p) return;
    work.kept[static_cast<size_t>(work.order[i])] = 0;
  }
}

// Keeps p_i >= min_p max p: the shares are relative to the largest probability already.
void keep_min_p(const Row& row, double min_p, Workspace& work) {
  for (size_t i = 0; i < work.kept.size(); ++i)
    if (work.kept[i] != 0 && row.share(static_cast<int32_t>(i)) < min_p) work.kept[i] = 0;
}

bool filters(const px_sample_args& args) { return args.top_k > 0 || args.top_p < 1 || args.min_p > 0; }

// Which tokens the filters leave [V]; empty when there is no filter. Valid until the thread's next call.
std::span<const uint8_t> filtered(const Row& row, const px_sample_args& args) {
  if (!filters(args)) return {};
  thread_local Workspace work;
  work.kept.assign(row.logits().size(), 1);
  if (args.top_k > 0) keep_top_k(row, args.top_k, work);
  if (args.top_p < 1) keep_top_p(row, args.top_p, work);
  if (args.min_p > 0) keep_min_p(row, args.min_p, work);
  return work.kept;
}

// The first token in id order at which the cumulative share exceeds u of the total. The sums are those of `total`, term
// by term, so the last one is the total itself.
int32_t draw(const Row& row, std::span<const uint8_t> kept, double total, double u) {
  const double goal = u * total;
  double cumulative = 0;
  int32_t last = row.greatest();
  for (size_t i = 0; i < row.logits().size(); ++i) {
    if (!kept.empty() && kept[i] == 0) continue;
    const auto token = static_cast<int32_t>(i);
    const double share = row.share(token);
    if (share == 0) continue;
    cumulative += share;
    last = token;
    if (cumulative > goal) return token;
  }
  return last;  // u so close to 1 that rounding reached the total
}

}  // namespace

double sample_uniform(uint64_t seed, uint64_t sample_id, uint64_t index) {
  const PhiloxBlock block = philox4x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                       {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                                        static_cast<uint32_t>(sample_id), static_cast<uint32_t>(sample_id >> 32)});
  const uint64_t bits = uint64_t{block[1]} << 32 | block[0];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

void sample_ref(const px_sample_args& args, int32_t& token, float* logprob) {
  const Row row(args);
  const bool greedy = (args.flags & PX_SAMPLE_GREEDY) != 0;
  const double total = row.total();
  if (greedy) {
    token = row.greatest();
  } else {
    const std::span<const uint8_t> kept = filtered(row, args);
    token =
        draw(row, kept, kept.empty() ? total : row.total(kept), sample_uniform(args.seed, args.sample_id, args.index));
  }
  if (logprob != nullptr) *logprob = static_cast<float>(row.relative(token) - std::log(total));
}

void sample_distribution_ref(const px_sample_args& args, float* logprob) {
  const Row row(args);
  const auto impossible = static_cast<float>(-kInfinity);
  if ((args.flags & PX_SAMPLE_GREEDY) != 0) {
    std::fill_n(logprob, args.vocabulary, impossible);
    logprob[row.greatest()] = 0;
    return;
  }
  const std::span<const uint8_t> kept = filtered(row, args);
  const double log_total = std::log(row.total(kept));
  for (size_t i = 0; i < row.logits().size(); ++i)
    logprob[i] = !kept.empty() && kept[i] == 0 ? impossible
                                               : static_cast<float>(row.relative(static_cast<int32_t>(i)) - log_total);
}

}  // namespace px::kernels
