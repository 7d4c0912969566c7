// The engine's parameters as tensors: views of the arena, nothing is copied.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/model.h"

namespace px::torch_backend {

// y = x matrix + bias; an undefined bias is none.
struct Linear {
  at::Tensor weight;  // [out, in], or [in, out] as a Conv1D keeps it
  at::Tensor bias;    // [out]
  bool transposed;    // [in, out]

  at::Tensor matrix() const { return transposed ? weight : weight.t(); }  // [in, out]
};

struct Norm {
  at::Tensor weight;  // [H]
  at::Tensor bias;    // [H], undefined for an RMS norm
};

at::Tensor project(const Linear& linear, const at::Tensor& x);

// x + what the linear makes of `input`.
at::Tensor add_projected(const at::Tensor& x, const Linear& linear, const at::Tensor& input);

// Projections of the same input, side by side: [N, sum of outs].
at::Tensor project(const std::vector<Linear>& linears, const at::Tensor& x);

struct LayerParameters {
  Norm input_norm;
  std::vector<Linear> query_key_value;  // one when the arena holds the three in one or end to end, else three
  at::Tensor query_norm;                // [D], undefined without
  at::Tensor key_norm;                  // [D]
  Linear output;
  Norm post_norm;
  std::vector<Linear> gate_up;  // one or two; only up where nothing is gated
  Linear down;
};

class Parameters {
 public:
  // A tensor that takes a gradient, and its place in the order of Model::tensors().
  struct Leaf {
    at::Tensor tensor;
    int64_t offset;
  };

  Parameters(const Model& model, bool requires_gradient);

  const at::Tensor& embedding() const { return embedding_; }
  const std::vector<LayerParameters>& layers() const { return layers_; }
  const at::Tensor& position_embedding() const { return position_embedding_; }
  const Norm& final_norm() const { return final_norm_; }

  // [V, H] of a language model, [1, H] of a scalar head. No leaf: the heads have their own backward.
  const at::Tensor& head() const { return head_; }
  int64_t head_offset() const { return head_offset_; }

  // The trunk's.
  const std::vector<Leaf>& leaves() const { return leaves_; }

 private:
  // Where a projection lies in the arena; bias -1: none.
  struct Place {
    int64_t weight;
    int64_t bias;
    int64_t out;
  };

  at::Tensor leaf(int64_t offset, at::IntArrayRef shape);
  Norm norm(int64_t weight, int64_t bias, int64_t size);
  Linear linear(const Place& place, int64_t in);
  std::vector<Linear> query_key_value(const LayerOffsets& layer);
  std::vector<Linear> gate_up(const LayerOffsets& layer);
  // Projections of one input: a single product when their weights lie end to end and have no biases.
  std::vector<Linear> side_by_side(const std::vector<Place>& places, int64_t in);

  const Descriptor& descriptor_;
  float* arena_;
  bool requires_gradient_;
  std::vector<Leaf> leaves_;
  at::Tensor embedding_;           // [V, H]
  at::Tensor position_embedding_;  // [context, H], undefined with rotary positions
  std::vector<LayerParameters> layers_;
  Norm final_norm_;
  at::Tensor head_;
  int64_t head_offset_ = 0;
};

}  // namespace px::torch_backend
