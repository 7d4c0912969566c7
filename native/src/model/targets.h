// What every backend does around the model's arithmetic: which rows the head takes, where its results go, and which
// steps of decoding are in order. Header only: a backend library links nothing of this one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "base/backend.h"
#include "base/error.h"

namespace px {

// Which rows of the hidden states the head takes, and where its results go: entry i of the batch speaks of token i, so
// it is computed from row i - 1; a sequence's score from its last row.
struct Targets {
  Targets(const Batch& batch, bool with_scores) {
    for (int64_t s = 0; s < batch.sequences(); ++s)
      for (int64_t i = batch.offsets[static_cast<size_t>(s)] + 1; i < batch.offsets[static_cast<size_t>(s) + 1]; ++i) {
        if (!batch.weight.empty() && batch.weight[static_cast<size_t>(i)] == 0.0f) continue;
        rows.push_back(i - 1);
        entries.push_back(i);
        tokens.push_back(batch.tokens[static_cast<size_t>(i)]);
      }
    if (!with_scores) return;
    for (int64_t s = 0; s < batch.sequences(); ++s) {
      rows.push_back(batch.offsets[static_cast<size_t>(s) + 1] - 1);
      sequences.push_back(s);
    }
  }

  std::vector<int64_t> rows;
  std::vector<int64_t> entries;    // of the per-token arrays, one per row, before those of the scores
  std::vector<int32_t> tokens;     // the batch's at the entries
  std::vector<int64_t> sequences;  // of the scores, for the rows that remain
};

// values [entries] to their places in output, which may be null.
inline void put(const float* values, std::span<const int64_t> entries, float* output) {
  for (size_t i = 0; output != nullptr && i < entries.size(); ++i) output[entries[i]] = values[i];
}

// output [count] = 0 but for the entries.
inline void scatter(std::span<const float> values, std::span<const int64_t> entries, int64_t count, float* output) {
  if (output == nullptr) return;
  std::fill_n(output, count, 0.0f);
  put(values.data(), entries, output);
}

// The entries of an upstream array; zeros where it is null.
inline void gather(const float* upstream, std::span<const int64_t> entries, float* values) {
  for (size_t i = 0; i < entries.size(); ++i) values[i] = upstream != nullptr ? upstream[entries[i]] : 0.0f;
}

// Each slot at most once, more tokens than it holds, and no sequence beyond the model's context. length(slot): the
// tokens that it holds.
template <class Length>
void check_extensions(std::span<const Extension> extensions, size_t slots, int64_t context, const Length& length) {
  check(!extensions.empty(), PX_INVALID_ARGUMENT, "extensions: expected at least one");
  std::vector<bool> seen(slots);
  for (const Extension& extension : extensions) {
    const auto slot = static_cast<size_t>(extension.slot);
    check(slot < slots && !seen[slot], PX_INVALID_ARGUMENT, "slot: expected each of 0 to ", slots - 1,
          " at most once, got ", extension.slot);
    seen[slot] = true;
    const auto tokens = static_cast<int64_t>(extension.tokens.size());
    check(tokens > length(slot) && tokens <= context, PX_INVALID_ARGUMENT, "slot ", extension.slot, ": expected more than ",
          length(slot), " tokens (what it holds) and at most ", context, " (the model's context), got ", tokens);
  }
}

}  // namespace px
