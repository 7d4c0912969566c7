#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "train/objectives.h"

namespace px {
namespace {

constexpr double kNormEpsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_ adds it

template <class T>
void default_to(T& option, T value) {
  if (option == T{}) option = value;
}

Recompute recompute_of(int32_t option) {
  switch (option) {
    case PX_RECOMPUTE_ATTENTION_MLP:
      return Recompute::kAttentionMlp;
    case PX_RECOMPUTE_BLOCK:
      return Recompute::kBlock;
    default:
      return Recompute::kNone;
  }
}

void check_options(const px_trainer_options& o) {
  const auto in_unit = [](double beta) { return beta > 0.0 && beta < 1.0; };
  check(in_unit(o.beta1), PX_INVALID_ARGUMENT, "options.beta1: expected a number in (0, 1), got ", o.beta1);
  check(in_unit(o.beta2), PX_INVALID_ARGUMENT, "options.beta2: expected a number in (0, 1), got ", o.beta2);
  check(o.epsilon > 0.0 && std::isfinite(o.epsilon), PX_INVALID_ARGUMENT,
        "options.epsilon: expected a finite number above 0, got ", o.epsilon);
  check(o.weight_decay >= 0.0 && std::isfinite(o.weight_decay), PX_INVALID_ARGUMENT,
        "options.weight_decay: expected a finite number of at least 0, got ", o.weight_decay);
  check(o.recompute >= PX_RECOMPUTE_NONE && o.recompute <= PX_RECOMPUTE_BLOCK, PX_INVALID_ARGUMENT,
        "options.recompute: expected a px_recompute, got ", o.recompute);
  check(o.max_gradient_norm > 0.0, PX_INVALID_ARGUMENT,
        "options.max_gradient_norm: expected a number above 0, or INFINITY for no clipping, got ", o.max_gradient_norm);
}

void check_finite(std::span<const float> values, const char* name, const TensorSpec& tensor) {
  const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  fail(PX_NOT_FINITE, name, ": expected finite numbers for ", tensor.name, ", got ", *bad, " at place ",
       bad - values.begin());
}

px_trainer_options with_defaults(px_trainer_options options) {
  default_to(options.beta1, 0.9);
  default_to(options.beta2, 0.95);
  default_to(options.epsilon, 1e-5);
  default_to(options.max_gradient_norm, 1.0);
  default_to<int32_t>(options.recompute, PX_RECOMPUTE_NONE);
  check_options(options);
  return options;
}

}  // namespace

Trainer::Place::Place(Weights& weights) : weights_(weights) {
  int64_t none = 0;
  check(weights_.trainers.compare_exchange_strong(none, 1), PX_INVALID_STATE,
        "model: its weights have a trainer already; release that one first, or train a clone of the weights");
}

Trainer::Place::~Place() { weights_.trainers = 0; }

Trainer::Trainer(std::shared_ptr<Model> model, const px_trainer_options& options)
    : model_(std::move(model)),
      place_(model_->weights()),
      options_(with_defaults(options)),
      memory_(ops()) {
  engine().run([&] {
    const auto plan = [&](Plan& p) {
      gradients_ = GradientArena(p.take<float>(model_->elements()));
      first_moment_ = p.take<float>(model_->elements());
      second_moment_ = p.take<float>(model_->elements());
    };
    Plan sizes;
    plan(sizes);
    Plan memory(memory_.reserve(sizes.bytes()));
    plan(memory);
    ops().zero(memory_.data(), sizes.bytes());
  });
  engine().memory.gradients += gradient_bytes();
  engine().memory.optimizer += optimizer_bytes();
}

Trainer::~Trainer() {
  engine().give_back([&] { memory_.free(); });
  engine().memory.gradients -= gradient_bytes();
  engine().memory.optimizer -= optimizer_bytes();
}

px_objective_metrics Trainer::accumulate(const Batch& batch, const px_objective& args, bool with_metrics) {
  Objective objective(*model_, batch, args, with_metrics);
  engine().run([&] {
    check_whole();
    engine().backend().forward_backward(
        *model_, batch, objective.temperature(), objective.outputs(),
        [&](int64_t first, int64_t end) { return objective.evaluate(first, end); }, recompute_of(options_.recompute),
        gradients_);
  });
  return objective.metrics();
}

void Trainer::zero_gradients() {
  engine().run([&] { zero(); });
}

void Trainer::zero() {
  ops().zero(gradients_.data(), static_cast<uint64_t>(gradient_bytes()));
  gradients_.partial = false;
}

void Trainer::check_whole() const {
  check(!gradients_.partial, PX_INVALID_STATE,
        "trainer: its last micro-batch failed half way and left a part of its gradient; zero the gradients first");
}

double Trainer::gradient_squared_norm() {
  double sum = 0.0;
  engine().run([&] { sum = squared_norm(); });
  return sum;
}

double Trainer::squared_norm() {
  check_whole();
  const double sum = ops().squared_norm(gradients_.data(), model_->elements());
  if (!std::isfinite(sum)) check_gradient();
  return sum;
}

void Trainer::check_gradient() {
  std::vector<float> gradient(static_cast<size_t>(model_->elements()));
  ops().copy_out(gradient.data(), gradients_.data(), static_cast<uint64_t>(gradient_bytes()));
  ops().finish();
  const auto bad = std::ranges::find_if(gradient, [](float g) { return !std::isfinite(g); });
  if (bad == gradient.end()) return;
  fail(PX_NOT_FINITE, "gradient of ", model_->name_of_element(bad - gradient.begin()),
       ": expected finite numbers, got ", *bad,
       "; no weight has changed: zero the gradient, and look at the batch, the loss and the learning rate");
}

void Trainer::read_gradient(int64_t index, std::span<float> values) {
  const TensorSpec& tensor = tensor_at(index, values.size());
  engine().run([&] {
    check_whole();
    ops().copy_out(values.data(), gradients_.data() + tensor.offset, values.size_bytes());
    ops().finish();
  });
}

void Trainer::read_moments(int64_t index, std::span<float> exp_avg, std::span<float> exp_avg_sq) {
  const TensorSpec& tensor = tensor_at(index, exp_avg.size());
  engine().run([&] {
    ops().copy_out(exp_avg.data(), first_moment_ + tensor.offset, exp_avg.size_bytes());
    ops().copy_out(exp_avg_sq.data(), second_moment_ + tensor.offset, exp_avg_sq.size_bytes());
    ops().finish();
  });
}

void Trainer::write_moments(int64_t index, std::span<const float> exp_avg, std::span<const float> exp_avg_sq) {
  const TensorSpec& tensor = tensor_at(index, exp_avg.size());
  check_finite(exp_avg, "exp_avg", tensor);
  check_finite(exp_avg_sq, "exp_avg_sq", tensor);
  const auto negative = std::ranges::find_if(exp_avg_sq, [](float v) { return v < 0.0f; });
  check(negative == exp_avg_sq.end(), PX_INVALID_ARGUMENT, "exp_avg_sq: expected means of squares of ", tensor.name,
        ", got ", negative == exp_avg_sq.end() ? 0.0f : *negative);
  engine().run([&] {
    ops().copy_in(first_moment_ + tensor.offset, exp_avg.data(), exp_avg.size_bytes());
    ops().copy_in(second_moment_ + tensor.offset, exp_avg_sq.data(), exp_avg_sq.size_bytes());
    ops().finish();
  });
}

void Trainer::set_steps(int64_t steps) {
  check(steps >= 0, PX_INVALID_ARGUMENT, "steps: expected a number of at least 0, got ", steps);
  steps_ = steps;
}

const TensorSpec& Trainer::tensor_at(int64_t index, size_t count) const {
  const std::vector<TensorSpec>& tensors = model_->tensors();
  check(index >= 0 && index < static_cast<int64_t>(tensors.size()), PX_INVALID_ARGUMENT, "index: expected 0 to ",
        tensors.size() - 1, ", got ", index);
  const TensorSpec& tensor = tensors[static_cast<size_t>(index)];
  check(count == static_cast<size_t>(tensor.elements), PX_SHAPE_MISMATCH, "count: ", tensor.name, " has ",
        tensor.elements, " elements, got ", static_cast<int64_t>(count));
  return tensor;
}

// Runs on the engine's thread, so that no forward pass reads weights that are half updated.
px_step_result Trainer::step(double learning_rate) {
  check(learning_rate >= 0.0 && std::isfinite(learning_rate), PX_INVALID_ARGUMENT,
        "args.learning_rate: expected a finite number of at least 0, got ", learning_rate);
  px_step_result result{};
  engine().run([&] {
    Weights& weights = model_->weights();
    check(weights.unfinished_sequences == 0, PX_INVALID_STATE, "trainer: a generator has ",
          weights.unfinished_sequences.load(), " unfinished sequences on the weights; poll or cancel them first");
    result.gradient_norm = std::sqrt(squared_norm());
    result.clip_coefficient = std::min(1.0, options_.max_gradient_norm / (result.gradient_norm + kNormEpsilon));
    take_step(learning_rate, result.clip_coefficient);
    weights.raise_version();
    result.step = steps_;
    result.version = weights.version();
  });
  return result;
}

void Trainer::take_step(double learning_rate, double scale) {
  const int64_t step = steps_ + 1;
  const std::span<float> trunk = model_->weight_range();
  update(trunk, 0, step, learning_rate, scale);  // all of it, or it throws
  try {
    update(model_->head_range(), static_cast<int64_t>(trunk.size()), step, learning_rate, scale);
    zero();
  } catch (const Error& error) {
    fail(PX_DEVICE_ERROR, "trainer: the step was taken half way: ", error.message());
  }
  steps_ = step;
}

void Trainer::update(std::span<float> parameters, int64_t offset, int64_t step, double learning_rate, double scale) {
  px_adamw_args args{};
  args.struct_size = sizeof args;
  args.count = static_cast<int64_t>(parameters.size());
  args.parameter = parameters.data();
  args.gradient = gradients_.data() + offset;
  args.exp_avg = first_moment_ + offset;
  args.exp_avg_sq = second_moment_ + offset;
  args.step = step;
  args.learning_rate = learning_rate;
  args.beta1 = options_.beta1;
  args.beta2 = options_.beta2;
  args.epsilon = options_.epsilon;
  args.weight_decay = options_.weight_decay;
  args.gradient_scale = scale;
  ops().adamw(args);
}

}  // namespace px
