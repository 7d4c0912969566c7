// The filters over tokens that may be drawn, and the draw, in double.
#include <algorithm>
#include <cmath>
#include <functional>

#include "kernels/sample/sample.h"

namespace px::kernels {
namespace {

// What one list at a time works on in a thread.
struct Workspace {
  std::vector<SampleCandidates::Candidate> list, sorted;
  std::vector<float> logits;
};

Workspace& workspace() {
  thread_local Workspace work;
  return work;
}

}  // namespace

SampleCandidates::SampleCandidates(const SampleRow& row) : row_(row), list_(workspace().list) { list_.clear(); }

void SampleCandidates::filter() {
  if (row_.args.top_k > 0) keep_top_k();
  for (Candidate& c : list_) c.share = std::exp(row_.relative(c.token));
  if (row_.args.top_p < 1) keep_top_p();
  // The shares are relative to the largest probability already.
  if (row_.args.min_p > 0) std::erase_if(list_, [&](const Candidate& c) { return c.share < row_.args.min_p; });
}

double SampleCandidates::total() const {
  double total = 0;
  for (const Candidate& c : list_) total += c.share;
  return total;
}

int32_t SampleCandidates::draw(double u) const {
  const double goal = u * total();
  double cumulative = 0;
  // Rounding may let no token exceed the goal: the last that can be drawn is it.
  int32_t last = row_.greatest;
  for (const Candidate& c : list_) {
    if (c.share == 0) continue;
    last = c.token;
    cumulative += c.share;
    if (cumulative > goal) break;
  }
  return last;
}

// Keeps the k largest and what ties with the k-th.
void SampleCandidates::keep_top_k() {
  const auto k = static_cast<uint64_t>(row_.args.top_k);
  if (k >= list_.size()) return;
  std::vector<float>& logits = workspace().logits;
  logits.clear();
  for (const Candidate& c : list_) logits.push_back(c.logit);
  const auto kth = logits.begin() + static_cast<int64_t>(k - 1);
  std::nth_element(logits.begin(), kth, logits.end(), std::greater<>());
  std::erase_if(list_, [&](const Candidate& c) { return c.logit < *kth; });
}

// Removes the smallest while their cumulative probability is at most 1 - p; of equal logits the lowest id goes first.
// The most probable token stays.
void SampleCandidates::keep_top_p() {
  const double left = total();
  double cumulative = remove_small(left);
  std::vector<Candidate>& sorted = workspace().sorted;
  sorted.assign(list_.begin(), list_.end());
  std::sort(sorted.begin(), sorted.end(), [](const Candidate& a, const Candidate& b) {
    return a.logit < b.logit || (a.logit == b.logit && a.token < b.token);
  });
  size_t first = 0;  // that stays
  for (; first + 1 < sorted.size(); ++first) {
    cumulative += sorted[first].share / left;
    if (cumulative > 1 - row_.args.top_p) break;
  }
  const Candidate& least = sorted[first];
  std::erase_if(list_, [&](const Candidate& c) {
    return c.logit < least.logit || (c.logit == least.logit && c.token < least.token);
  });
}

// What is smaller than the mean of what may go can only go: removing it leaves little to sort. Returns its probability.
double SampleCandidates::remove_small(double left) {
  double removed = 0;
  for (size_t before = list_.size() * 2; list_.size() < before - before / 8;) {
    before = list_.size();
    const double mean = (1 - row_.args.top_p - removed) * left / static_cast<double>(before);
    double sum = 0;
    std::erase_if(list_, [&](const Candidate& c) {
      if (c.share >= mean) return false;
      sum += c.share;
      return true;
    });
    removed += sum / left;
  }
  return removed;
}

}  // namespace px::kernels
