// Decoding with a key/value cache of its own for each sequence: no padding, so a step costs what its sequences hold.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "base/backend.h"
#include "model/model.h"
#include "torch/parameters.h"
#include "torch/rope.h"
#include "torch/transformer.h"

namespace px::torch_backend {

// Keys and values of one sequence, for all layers and key/value heads.
// Keys lie [layer, kv_head, D, capacity], so that scores of consecutive positions are computed side by side; values lie
// [layer, kv_head, capacity, D].
class SequenceCache {
 public:
  int64_t length() const { return length_; }
  int64_t capacity() const { return capacity_; }
  void reserve(const Descriptor& descriptor, int64_t tokens);
  void clear() { *this = {}; }
  void set_length(int64_t length) { length_ = length; }

  float* keys(int64_t layer_and_head, int64_t head_size) {
    return keys_.data() + layer_and_head * head_size * capacity_;
  }
  float* values(int64_t layer_and_head, int64_t head_size) {
    return values_.data() + layer_and_head * head_size * capacity_;
  }

 private:
  int64_t length_ = 0;
  int64_t capacity_ = 0;
  std::vector<float> keys_;
  std::vector<float> values_;
};

class TorchDecoder final : public Decoder {
 public:
  TorchDecoder(const Model& model, int64_t slots, std::shared_ptr<PositionTable> positions);
  void limit(uint64_t bytes) override { limit_ = bytes; }
  uint64_t bytes_of(int64_t tokens) const override;
  size_t reserve(std::span<const Extension> extensions) override;
  void extend(std::span<const Extension> extensions, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
              std::span<TokenScore> scores) override;
  void drop(int64_t slot) override;
  uint64_t bytes() const override;
  DecoderCounts counts() const override { return counts_; }

 private:
  // logits [extensions, V]
  at::Tensor step(std::span<const Extension> extensions);

  const Model& model_;
  std::shared_ptr<PositionTable> positions_;
  Parameters parameters_;
  std::vector<SequenceCache> slots_;
  uint64_t limit_ = 0;
  DecoderCounts counts_;
};

}  // namespace px::torch_backend
