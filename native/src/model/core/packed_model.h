// A model's matrices in the layout of gemm, beside the fp32 parameters that they are made of.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "model/core/arena.h"
#include "model/model.h"

namespace px::core {

// Rows of a matrix [out, in] that lie together in the arena (columns where the descriptor says transposed).
struct Piece {
  int64_t offset = -1;  // elements into the arena
  int64_t bias = -1;    // -1: none
  int64_t out = 0;
};

// y = x w^T + bias, of several pieces one below the other.
struct Linear {
  std::vector<Piece> pieces;
  int64_t in = 0;
  int64_t out = 0;
  bool transposed = false;  // pieces are [in, out]

  kernels::Packed packed;       // [out, in]
  const float* bias = nullptr;  // [out]

  bool has_bias() const { return pieces.front().bias >= 0; }
};

struct Layer {
  Linear query_key_value;
  Linear output;
  Linear gate_up;  // only up where nothing is gated
  Linear down;
};

// What a use of the model reads besides its layers.
struct Wanted {
  bool head = false;             // the LM head
  bool head_transposed = false;  // and the form that its backward pass reads
};

// Follows the version of the weights: call refresh() before each use. What the backward pass reads of a layer is packed as
// it goes by: that costs a reading of the weights and saves as much memory as the forward forms take.
class PackedModel {
 public:
  PackedModel(const Weights& weights, px_dtype dtype);

  // Packs again what has changed; what was wanted once stays.
  void refresh(const Cpu& cpu, const Weights& weights, Wanted wanted);

  px_dtype dtype() const { return dtype_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const Linear& head() const { return head_; }  // of a language model; no pieces without one
  const kernels::Packed& head_transposed() const { return head_transposed_; }  // [in, out]
  uint64_t bytes() const { return words_.bytes() + transposed_.bytes() + biases_.bytes(); }

  // Into transposed_words() of memory: a linear as [in, out].
  kernels::Packed transpose(const Cpu& cpu, const Weights& weights, const Linear& linear, uint32_t* words) const;
  int64_t transposed_words(const Linear& linear) const {
    return kernels::packed_words(linear.in, linear.out, dtype_);
  }

 private:
  template <class Visit>
  void for_each_linear(const Visit& visit);

  px_dtype dtype_;
  std::vector<Layer> layers_;
  Linear head_;
  kernels::Packed head_transposed_;
  Wanted wanted_;
  int64_t version_ = -1;
  Buffer words_;
  Buffer transposed_;
  Buffer biases_;
};

}  // namespace px::core
