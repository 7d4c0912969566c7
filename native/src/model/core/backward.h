// The backward pass through the rows that a forward pass has left. Linear layers' inputs are computed again where that
// costs one reading: norms and activations are not kept. Neither is what the caller said not to keep.
#pragma once

#include <cstdint>
#include <span>

#include "model/core/attention_contexts.h"
#include "model/core/transformer.h"

namespace px::core {

class Backward {
 public:
  Backward(const Cpu& cpu, const Weights& weights, const PackedModel& packed, const PositionTable& positions,
           const Transformer& transformer, Keep kept, GradientArena& gradients)
      : cpu_(cpu),
        weights_(weights),
        d_(weights.descriptor()),
        packed_(packed),
        positions_(positions),
        transformer_(transformer),
        kept_(kept),
        gradient_(gradients.data()) {}

  // Bytes of workspace for N rows of these sequences.
  uint64_t bytes(int64_t count, std::span<const int64_t> offsets) const;

  // d_hidden [N, H]: the gradient of the normed rows; its memory is used on the way. Adds to the gradients.
  void run(std::span<const int32_t> tokens, std::span<const int32_t> positions, std::span<const int64_t> offsets,
           const TransformerRows& rows, float* d_hidden, std::byte* workspace) const;

 private:
  struct Memory;

  Memory plan(Plan& plan, int64_t count, std::span<const int64_t> offsets) const;
  void layer(size_t index, std::span<const int32_t> positions, std::span<const int64_t> offsets,
             const TransformerRows& rows, PackedContext& context, const Memory& m) const;
  void feed_forward(const Layer& layer, const LayerOffsets& offsets, const LayerRows& rows, const Memory& m) const;
  void activate_back(const LayerRows& rows, const Memory& m) const;
  void attention(const Layer& layer, const LayerOffsets& offsets, int64_t index, const LayerRows& rows,
                 std::span<const int32_t> positions, std::span<const int64_t> sequences, const Memory& m) const;
  void turn_back(const LayerOffsets& layer, const LayerRows& rows, std::span<const int32_t> positions,
                 const Memory& m) const;
  void norm(const float* x, const RowStatistics& statistics, int64_t weight, int64_t bias, bool add, const float* d_out,
            const Memory& m) const;
  // d y -> d x = d y w, and d w += d y^T x.
  void linear(const Linear& linear, Values x, Values d_y, float* d_x, const Memory& m) const;
  void weight_gradient(const Linear& linear, Values x, Values d_y, const Memory& m) const;
  void bias_gradient(const Linear& linear, Values d_y, int64_t count) const;

  const Cpu cpu_;
  const Weights& weights_;
  const Descriptor& d_;
  const PackedModel& packed_;
  const PositionTable& positions_;
  const Transformer& transformer_;
  const Keep kept_;
  float* gradient_;
};

}  // namespace px::core
