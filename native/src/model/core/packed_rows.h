// The rows of a pass over a batch: a token of a sequence is a row, but what sequences have in common at their beginning,
// as samples of one prompt do, is there once. A row's bits depend on what it sees alone, so outputs are those of each
// sequence alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/backend.h"
#include "kernels/attention/attention.h"

namespace px::core {

// Shorter beginnings save less than it costs to look after them.
inline constexpr int64_t kLeastShared = 32;

class PackedRows {
 public:
  explicit PackedRows(const Batch& batch);
  PackedRows(const PackedRows&) = delete;
  PackedRows& operator=(const PackedRows&) = delete;

  int64_t count() const { return static_cast<int64_t>(tokens_.size()); }
  const std::vector<int32_t>& tokens() const { return tokens_; }        // [count]
  const std::vector<int32_t>& positions() const { return positions_; }  // [count]

  // As attention takes them, in an order of their own. Lives as long as this object.
  kernels::PackedSequences sequences() const {
    const bool families = std::ranges::any_of(shared_, [](int64_t shared) { return shared > 0; });
    return {offsets_.data(), static_cast<int64_t>(shared_.size()), families ? shared_.data() : nullptr};
  }

  // The row of token `entry` of the batch.
  int64_t row_of(int64_t entry) const { return row_of_[static_cast<size_t>(entry)]; }

  // Whether sequence s of the batch has rows that another one has too.
  bool shares(int64_t s) const { return shares_[static_cast<size_t>(s)]; }

  // Body(entry, row, n) for all tokens of the batch: n of them from `entry` on have the rows from `row` on.
  template <class Body>
  void for_runs(const Body& body) const {
    for (size_t entry = 0, end = 0; entry < row_of_.size(); entry = end) {
      for (end = entry + 1; end < row_of_.size() && row_of_[end] == row_of_[end - 1] + 1;) ++end;
      body(static_cast<int64_t>(entry), row_of_[entry], static_cast<int64_t>(end - entry));
    }
  }

 private:
  // The first sequence of a family lends the others its first rows.
  struct Member {
    int64_t sequence;  // of the batch
    int64_t shared;    // 0: the first
  };
  using Family = std::vector<Member>;

  static std::vector<Family> families_of(const Batch& batch);
  void add(const Batch& batch, const Family& family);

  std::vector<int64_t> offsets_{0}, shared_;
  std::vector<int32_t> tokens_, positions_;
  std::vector<int64_t> row_of_;
  std::vector<bool> shares_;
};

}  // namespace px::core
