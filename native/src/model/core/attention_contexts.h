// The two places where attention finds keys and values: among the rows of the pass, or in pages of a cache.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/attention/attention.h"
#include "model/core/transformer.h"

namespace px::core {

kernels::AttentionShape attention_shape(const Descriptor& descriptor, px_dtype dtype);

// What attention of a layer reads and writes, whichever context; without its sequences.
kernels::AttentionArgs attention_args(const Descriptor& descriptor, px_dtype dtype, int64_t layer,
                                      const LayerRows& rows, std::byte* workspace);

// Whole sequences packed end to end.
class PackedContext final : public AttentionContext {
 public:
  // `workspace` has bytes() of them.
  PackedContext(const Cpu& cpu, const Descriptor& descriptor, px_dtype dtype, std::span<const int64_t> offsets);
  uint64_t bytes() const;
  void set_workspace(std::byte* workspace) { workspace_ = workspace; }

  void attend(int64_t layer, const LayerRows& rows) override;

 private:
  const Cpu cpu_;
  const Descriptor& d_;
  const px_dtype dtype_;
  kernels::PackedSequences sequences_;
  std::byte* workspace_ = nullptr;
};

// Rows that are added to sequences in pages.
class CachedContext final : public AttentionContext {
 public:
  CachedContext(const Cpu& cpu, const Descriptor& descriptor, px_dtype dtype,
                std::span<const kernels::AttentionSequence> sequences);
  uint64_t bytes() const;
  void set_workspace(std::byte* workspace) { workspace_ = workspace; }

  void attend(int64_t layer, const LayerRows& rows) override;

 private:
  const Cpu cpu_;
  const Descriptor& d_;
  const px_dtype dtype_;
  std::span<const kernels::AttentionSequence> sequences_;
  std::byte* workspace_ = nullptr;
};

}  // namespace px::core
