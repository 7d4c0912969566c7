// One objective over one micro-batch: what the forward pass must compute, and what its outputs make of the gradient.
//
// The arithmetic of the losses is the kernels'; here they are put on the batch's outputs and their parts are added up.
#pragma once

#include <vector>

#include "base/backend.h"
#include "model/model.h"
#include "proximal/trainer.h"

namespace px {

class Objective {
 public:
  // Checks the numbers, and that the model's head gives what the kind needs. `args` and `batch` outlive the objective.
  // with_entropy: the entropy is wanted for the metrics even where the loss does without it.
  Objective(const Model& model, const Batch& batch, const px_objective& args, bool with_entropy);

  double temperature() const { return temperature_; }

  // Where the forward pass writes: the caller's arrays where it wants them, else buffers of this object.
  ForwardOutputs outputs();

  // Of entries [first, end), whose outputs are there: the gradients of sum(weight * loss) / normalizer, valid while this
  // object lives. Ranges follow one another; a scalar head's outputs come at once.
  OutputGradients evaluate(int64_t first, int64_t end);

  // Of what was evaluated.
  const px_objective_metrics& metrics() const { return metrics_; }

 private:
  struct Range {
    size_t first;
    size_t end;
  };

  void check_numbers() const;
  void check_kind() const;
  void check_upstream() const;
  void check_outputs() const;
  void count_targets();
  void check_inputs() const;
  void check_array(const float* array, const char* name) const;

  bool language_model() const { return model_.head() == PX_HEAD_LM; }
  void add_entropy(Range range, OutputGradients& gradients);
  void cross_entropy(Range range, OutputGradients& gradients);
  void policy(Range range, OutputGradients& gradients);
  void value(OutputGradients& gradients);
  void bradley_terry(OutputGradients& gradients);
  void upstream(Range range, OutputGradients& gradients);
  const float* scaled(Range range, const float* upstream, const float* output, std::vector<float>& gradient);
  const float* scaled_scores(std::vector<float>& gradient);

  const Model& model_;
  const Batch& batch_;
  const px_objective& args_;
  double temperature_;
  bool with_entropy_;
  std::vector<float> weight_;  // [N] 0 also where an entry is no target: the first of each sequence
  px_objective_metrics metrics_{};
  double loss_ = 0.0;  // before the normalizer

  ForwardOutputs outputs_;
  std::vector<float> logprob_;    // [N]
  std::vector<float> entropy_;    // [N]
  std::vector<float> value_;      // [N]
  std::vector<float> score_;      // [S]
  std::vector<float> d_logprob_;  // [N]
  std::vector<float> d_entropy_;  // [N]
  std::vector<float> d_value_;    // [N]
  std::vector<float> d_score_;    // [S]
};

}  // namespace px
