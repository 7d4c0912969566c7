// One forward pass over a batch and the backward pass through it.
#pragma once

#include <memory>
#include <vector>

#include "base/backend.h"
#include "model/core/packed_model.h"
#include "model/core/packed_rows.h"
#include "model/core/positions.h"
#include "model/core/transformer.h"
#include "model/targets.h"

namespace px::core {

// Memory that one pass leaves to the next.
struct PassMemory {
  explicit PassMemory(Ops& ops) : rows(ops), head(ops), workspace(ops) {}

  Buffer rows;
  Buffer head;
  Buffer workspace;
};

class Pass {
 public:
  Pass(Ops& ops, const Model& model, const PackedModel& packed, const PositionTable& positions, PassMemory& memory,
       const Batch& batch, double temperature, Keep keep);

  void forward(const ForwardOutputs& outputs);

  // As above, while `upstream` says the gradients of the outputs; the backward pass adds to `gradients`.
  void forward_backward(const ForwardOutputs& outputs, const Upstream& upstream, GradientArena& gradients);

 private:
  void run_rows(const ForwardOutputs& outputs);
  void language_forward(const ForwardOutputs& outputs);
  void language_backward(const ForwardOutputs& outputs, const Upstream& upstream, GradientArena& gradients);
  void scalar_forward(const ForwardOutputs& outputs);
  void scalar_backward(const OutputGradients& upstream, GradientArena& gradients);
  HeadRows head_rows() const;
  kernels::ScalarRows scalar_rows() const;
  void scatter_rows();
  void backward(GradientArena& gradients);

  Ops& ops_;
  const Model& model_;
  const Descriptor& d_;
  const PackedModel& packed_;
  const PositionTable& positions_;
  PassMemory& memory_;
  const Batch& batch_;
  const double temperature_;
  const Keep keep_;
  const PackedRows packed_rows_;
  const Targets targets_;
  const Transformer transformer_;

  const std::unique_ptr<PackedAttention> attention_;
  Tokens tokens_;  // N: the rows
  const int64_t* target_rows_of_ = nullptr;  // [n] rows that the head takes
  const int32_t* target_tokens_ = nullptr;   // [n] of a language model
  TransformerRows rows_;
  float* hidden_ = nullptr;         // [N, H], where somebody reads floats
  Values target_rows_;              // [n, H] of a language model
  float* d_target_rows_ = nullptr;  // [n, H], for a backward pass
  float* d_hidden_ = nullptr;       // [N, H], likewise
  const Arrivals arrivals_;         // of what the pass copies; goes before it
};

}  // namespace px::core
