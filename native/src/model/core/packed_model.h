// A model's matrices in the form of the products, beside the fp32 parameters that they are made of.
#pragma once

#include <cstdint>
#include <vector>

#include "model/model.h"
#include "ops/memory.h"

namespace px::core {

struct Layer {
  Linear query_key_value;
  Linear output;
  Linear gate_up;  // only up where nothing is gated
  Linear down;
};

// What a use of the model reads besides its layers.
struct Wanted {
  bool head = false;            // the LM head
  bool head_gradients = false;  // and the form that its backward pass reads
};

// Follows the version of the weights: call refresh() before each use.
class PackedModel {
 public:
  PackedModel(Ops& ops, const Weights& weights, px_dtype dtype);

  // Packs again what has changed; what was wanted once stays.
  void refresh(const Weights& weights, Wanted wanted);

  px_dtype dtype() const { return dtype_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const Linear& head() const { return head_; }  // of a language model; no pieces without one
  uint64_t bytes() const { return memory_.bytes(); }

 private:
  template <class Visit>
  void for_each_linear(const Visit& visit);

  Ops& ops_;
  px_dtype dtype_;
  std::vector<Layer> layers_;
  Linear head_;
  Wanted wanted_;
  int64_t version_ = -1;
  Buffer memory_;
};

}  // namespace px::core
