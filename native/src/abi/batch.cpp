#include "abi/batch.h"

#include <algorithm>
#include <cmath>

namespace px::abi {
namespace {

constexpr int64_t kMaxTokens = int64_t{1} << 31;  // of a batch: places and ids are 32-bit in parts of the backends

// Checks each sequence's length and returns N.
int64_t check_offsets(const int64_t* offsets, int64_t sequences, int64_t context) {
  check(offsets[0] == 0, PX_INVALID_ARGUMENT, "batch.offsets[0]: expected 0, got ", offsets[0]);
  for (int64_t s = 0; s < sequences; ++s) {
    const int64_t begin = offsets[s];
    const int64_t end = offsets[s + 1];
    check(end > begin && end <= kMaxTokens, PX_INVALID_ARGUMENT, "batch.offsets[", s + 1, "]: expected more than ",
          begin, " (no sequence is empty) and at most ", kMaxTokens, ", got ", end);
    check(end - begin <= context, PX_INVALID_ARGUMENT, "batch: sequence ", s, " has ", end - begin,
          " tokens, the model's context is ", context, "; cut it");
  }
  return offsets[sequences];
}

void check_range(const char* name, std::span<const int32_t> values, int64_t limit, const char* what) {
  const auto bad = std::ranges::find_if(values, [&](int32_t value) { return value < 0 || value >= limit; });
  check(bad == values.end(), PX_INVALID_ARGUMENT, "batch.", name, "[", bad - values.begin(), "]: expected 0 to ",
        limit - 1, " (", what, "), got ", bad == values.end() ? 0 : *bad);
}

void check_weight(std::span<const float> weight) {
  const auto bad = std::ranges::find_if_not(weight, [](float value) { return std::isfinite(value); });
  check(bad == weight.end(), PX_INVALID_ARGUMENT, "batch.weight[", bad - weight.begin(),
        "]: expected a finite number, got ", bad == weight.end() ? 0.0f : *bad);
}

void check_adapters(const int32_t* adapter, int64_t sequences) {
  for (int64_t s = 0; adapter != nullptr && s < sequences; ++s)
    check(adapter[s] == 0, PX_UNSUPPORTED, "batch.adapter[", s,
          "]: this version has no adapters: expected 0 (the model's own), got ", adapter[s]);
}

std::vector<int32_t> restarting_positions(std::span<const int64_t> offsets) {
  std::vector<int32_t> positions(static_cast<size_t>(offsets.back()));
  for (size_t s = 0; s + 1 < offsets.size(); ++s)
    for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i)
      positions[static_cast<size_t>(i)] = static_cast<int32_t>(i - offsets[s]);
  return positions;
}

}  // namespace

CheckedBatch::CheckedBatch(const px_batch* batch, const Descriptor& descriptor) {
  const px_batch b = read_args(batch, "batch");
  check_flags(b.flags, 0, "batch");
  check(b.sequences >= 1 && b.sequences <= kMaxTokens, PX_INVALID_ARGUMENT, "batch.sequences: expected 1 to ",
        kMaxTokens, ", got ", b.sequences);
  check_pointer(b.offsets, "batch.offsets");
  check_pointer(b.tokens, "batch.tokens");
  const auto count = static_cast<size_t>(check_offsets(b.offsets, b.sequences, descriptor.context));

  batch_.offsets = {b.offsets, static_cast<size_t>(b.sequences) + 1};
  batch_.tokens = {b.tokens, count};
  check_range("tokens", batch_.tokens, descriptor.vocabulary, "the vocabulary");
  check_adapters(b.adapter, b.sequences);
  if (b.weight != nullptr) batch_.weight = {b.weight, count};
  check_weight(batch_.weight);
  if (b.positions == nullptr) positions_ = restarting_positions(batch_.offsets);
  batch_.positions = b.positions != nullptr ? std::span<const int32_t>(b.positions, count) : positions_;
  check_range("positions", batch_.positions, descriptor.context, "the model's context");
}

}  // namespace px::abi
