#include "model/core/packed_rows.h"

#include <numeric>
#include <span>

namespace px::core {
namespace {

// A sequence of the batch: what it says at which positions.
class Text {
 public:
  Text(const Batch& batch, int64_t s)
      : begin_(batch.offsets[static_cast<size_t>(s)]), length_(batch.offsets[static_cast<size_t>(s) + 1] - begin_),
        batch_(&batch) {}

  int64_t length() const { return length_; }

  int64_t common_with(const Text& other) const {
    const int64_t most = std::min(length_, other.length_);
    int64_t i = 0;
    while (i < most && at(i) == other.at(i)) ++i;
    return i;
  }

  bool operator<(const Text& other) const {
    const int64_t i = common_with(other);
    return i < length_ && i < other.length_ ? at(i) < other.at(i) : length_ < other.length_;
  }

 private:
  std::pair<int32_t, int32_t> at(int64_t i) const {
    const auto place = static_cast<size_t>(begin_ + i);
    return {batch_->tokens[place], batch_->positions[place]};
  }

  int64_t begin_, length_;
  const Batch* batch_;
};

}  // namespace

PackedRows::PackedRows(const Batch& batch)
    : row_of_(static_cast<size_t>(batch.count())), shares_(static_cast<size_t>(batch.sequences())) {
  for (const Family& family : families_of(batch)) add(batch, family);
}

// Of all ways to cut the sequences, sorted by their texts, into families of neighbours the one with the fewest rows.
std::vector<PackedRows::Family> PackedRows::families_of(const Batch& batch) {
  const auto count = static_cast<size_t>(batch.sequences());
  std::vector<Text> texts;
  for (size_t s = 0; s < count; ++s) texts.emplace_back(batch, static_cast<int64_t>(s));
  std::vector<int64_t> sorted(count);
  std::iota(sorted.begin(), sorted.end(), 0);
  const auto text = [&](size_t place) -> const Text& { return texts[static_cast<size_t>(sorted[place])]; };
  std::ranges::stable_sort(sorted, [&](int64_t a, int64_t b) {
    return texts[static_cast<size_t>(a)] < texts[static_cast<size_t>(b)];
  });
  std::vector<int64_t> common(count);  // of a text with the one before
  for (size_t i = 1; i < count; ++i) common[i] = text(i).common_with(text(i - 1));

  // What the family that begins at a place lends its next member, given what it lent the one before. A sequence has its
  // last row to itself.
  const auto lend = [&](size_t place, int64_t before) {
    return std::min({before, common[place], text(place).length() - 1});
  };
  struct Cut {
    int64_t rows;
    size_t end;  // of the family that begins here
  };
  std::vector<Cut> best(count + 1);
  for (size_t first = count; first-- > 0;) {
    best[first] = {text(first).length() + best[first + 1].rows, first + 1};
    int64_t rows = text(first).length(), lent = rows;
    for (size_t next = first + 1; next < count; ++next) {
      lent = lend(next, lent);
      if (lent < kLeastShared) break;
      rows += text(next).length() - lent;
      if (rows + best[next + 1].rows < best[first].rows) best[first] = {rows + best[next + 1].rows, next + 1};
    }
  }

  std::vector<Family> families;
  for (size_t first = 0; first < count; first = best[first].end) {
    Family& family = families.emplace_back();
    family.push_back({sorted[first], 0});
    int64_t lent = text(first).length();
    for (size_t next = first + 1; next < best[first].end; ++next) {
      lent = lend(next, lent);
      family.push_back({sorted[next], lent});
    }
  }
  // In the batch's order, so that sequences that share nothing stay where they are.
  const auto earliest = [](const Family& family) { return std::ranges::min(family, {}, &Member::sequence).sequence; };
  std::ranges::sort(families, {}, earliest);
  return families;
}

void PackedRows::add(const Batch& batch, const Family& family) {
  const int64_t first = count();
  for (const auto [sequence, shared] : family) {
    const auto s = static_cast<size_t>(sequence);
    const int64_t begin = batch.offsets[s], end = batch.offsets[s + 1];
    for (int64_t i = begin; i < end; ++i) {
      const auto entry = static_cast<size_t>(i);
      row_of_[entry] = i - begin < shared ? first + i - begin : count();
      if (i - begin < shared) continue;
      tokens_.push_back(batch.tokens[entry]);
      positions_.push_back(batch.positions[entry]);
    }
    offsets_.push_back(count());
    shared_.push_back(shared);
    shares_[s] = family.size() > 1;
  }
}

}  // namespace px::core
