// The backward pass through the rows that a forward pass has left. Linear layers' inputs are computed again where that
// costs one reading: norms and activations are not kept. Neither is what the caller said not to keep.
#pragma once

#include <cstdint>

#include "model/core/transformer.h"

namespace px::core {

class Backward {
 public:
  Backward(Ops& ops, const Weights& weights, const PackedModel& packed, const PositionTable& positions,
           const Transformer& transformer, PackedAttention& attention, Keep kept, GradientArena& gradients)
      : ops_(ops),
        weights_(weights),
        d_(weights.descriptor()),
        packed_(packed),
        positions_(positions),
        transformer_(transformer),
        attention_(attention),
        kept_(kept),
        gradient_(gradients.data()) {}

  // Bytes of workspace for N rows.
  uint64_t bytes(int64_t count) const;

  // d_hidden [N, H]: the gradient of the normed rows; its memory is used on the way. Adds to the gradients.
  void run(const Tokens& tokens, const TransformerRows& rows, float* d_hidden, std::byte* workspace) const;

 private:
  struct Memory;

  Memory plan(Plan& plan, int64_t count) const;
  void layer(size_t index, const Tokens& tokens, const TransformerRows& rows, const Memory& m) const;
  void feed_forward(size_t index, const LayerRows& rows, const Memory& m) const;
  void activate_back(const LayerRows& rows, const Memory& m) const;
  void attention(size_t index, const Tokens& tokens, const LayerRows& rows, const Memory& m) const;
  void turn_back(const LayerOffsets& layer, const LayerRows& rows, const Tokens& tokens, const Memory& m) const;
  void norm(const float* x, const RowStatistics& statistics, int64_t weight, int64_t bias, bool add, const float* d_out,
            const Memory& m) const;
  void linear(const Linear& linear, Values x, Values d_y, float* d_x, const Memory& m) const;

  Ops& ops_;
  const Weights& weights_;
  const Descriptor& d_;
  const PackedModel& packed_;
  const PositionTable& positions_;
  const Transformer& transformer_;
  PackedAttention& attention_;
  const Keep kept_;
  float* gradient_;
};

}  // namespace px::core
