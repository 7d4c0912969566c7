// A model's gradient, its AdamW moments and the optimizer step.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/backend.h"
#include "model/model.h"
#include "ops/memory.h"
#include "proximal/trainer.h"

namespace px {

class Trainer {
 public:
  // Defaults of `options` apply where it says 0.
  Trainer(std::shared_ptr<Model> model, const px_trainer_options& options);
  ~Trainer();
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  const Model& model() const { return *model_; }

  // Adds the objective's gradient; with_metrics false: what only the metrics need is not computed.
  px_objective_metrics accumulate(const Batch& batch, const px_objective& objective, bool with_metrics);

  void zero_gradients();
  double gradient_squared_norm();
  void read_gradient(int64_t index, std::span<float> values);
  px_step_result step(double learning_rate);

  // AdamW's memory of a tensor; the spans have its elements.
  void read_moments(int64_t index, std::span<float> exp_avg, std::span<float> exp_avg_sq);
  void write_moments(int64_t index, std::span<const float> exp_avg, std::span<const float> exp_avg_sq);
  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps);

 private:
  // The one trainer that weights may have; gives the place back.
  class Place {
   public:
    explicit Place(Weights& weights);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Weights& weights_;
  };

  Engine& engine() const { return *model_->weights().engine(); }
  Ops& ops() const { return engine().ops(); }
  int64_t gradient_bytes() const { return model_->elements() * static_cast<int64_t>(sizeof(float)); }
  int64_t optimizer_bytes() const { return 2 * gradient_bytes(); }
  const TensorSpec& tensor_at(int64_t index, size_t count) const;
  void check_whole() const;
  void zero();
  double squared_norm();
  void check_gradient();
  void take_step(double learning_rate, double scale);
  void update(std::span<float> parameters, int64_t offset, int64_t step, double learning_rate, double scale);

  std::shared_ptr<Model> model_;
  Place place_;
  px_trainer_options options_;
  // In the memory of the engine's ops: the gradient, exp_avg and exp_avg_sq, one behind the other.
  Buffer memory_;
  GradientArena gradients_{nullptr};
  float* first_moment_ = nullptr;
  float* second_moment_ = nullptr;
  int64_t steps_ = 0;
  LiveHandle<PX_HANDLE_TRAINER> live_;
};

}  // namespace px
