#include "train/trainer.h"

#include "abi/batch.h"
#include "abi/model.h"

using namespace px;
using namespace px::abi;

struct px_trainer {
  px_trainer(std::shared_ptr<Model> model, const px_trainer_options& options) : trainer(std::move(model), options) {}
  Trainer trainer;
};

namespace {

Trainer& trainer_of(px_trainer* handle) {
  check_pointer(handle, "trainer");
  return handle->trainer;
}

size_t elements_of(int64_t count) {
  check(count >= 0, PX_INVALID_ARGUMENT, "count: expected the tensor's element count, got ", count);
  return static_cast<size_t>(count);
}

}  // namespace

extern "C" {

px_status px_trainer_create(px_model* model, const px_trainer_options* options, px_trainer** trainer) {
  return guarded("px_trainer_create", [&] {
    const std::shared_ptr<Model>& m = model_of(model);
    const px_trainer_options o = read_optional_args(options, "options");
    check_flags(o.flags, 0, "options");
    check_pointer(trainer, "trainer");
    *trainer = new px_trainer(m, o);
  });
}

void px_trainer_release(px_trainer* trainer) { delete trainer; }

px_status px_trainer_accumulate(px_trainer* trainer, const px_batch* batch, const px_objective* objective,
                                px_objective_metrics* metrics) {
  return guarded("px_trainer_accumulate", [&] {
    Trainer& t = trainer_of(trainer);
    const CheckedBatch checked(batch, t.model().descriptor());
    const px_objective o = read_args(objective, "objective");
    check_flags(o.flags, 0, "objective");
    if (metrics != nullptr) check_result(metrics, "metrics");
    const px_objective_metrics values = t.accumulate(checked.batch(), o, metrics != nullptr);
    if (metrics != nullptr) write_result(metrics, values);
  });
}

px_status px_trainer_zero_gradients(px_trainer* trainer) {
  return guarded("px_trainer_zero_gradients", [&] { trainer_of(trainer).zero_gradients(); });
}

px_status px_trainer_gradient_squared_norm(px_trainer* trainer, double* squared_norm) {
  return guarded("px_trainer_gradient_squared_norm", [&] {
    Trainer& t = trainer_of(trainer);
    check_pointer(squared_norm, "squared_norm");
    *squared_norm = t.gradient_squared_norm();
  });
}

px_status px_trainer_read_gradient(px_trainer* trainer, int64_t index, float* values, int64_t count) {
  return guarded("px_trainer_read_gradient", [&] {
    Trainer& t = trainer_of(trainer);
    check_pointer(values, "values");
    t.read_gradient(index, {values, elements_of(count)});
  });
}

px_status px_trainer_step(px_trainer* trainer, const px_step_args* args, px_step_result* result) {
  return guarded("px_trainer_step", [&] {
    Trainer& t = trainer_of(trainer);
    const px_step_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    if (result != nullptr) check_result(result, "result");
    const px_step_result values = t.step(a.learning_rate);
    if (result != nullptr) write_result(result, values);
  });
}

px_status px_trainer_read_moments(px_trainer* trainer, int64_t index, float* exp_avg, float* exp_avg_sq,
                                  int64_t count) {
  return guarded("px_trainer_read_moments", [&] {
    Trainer& t = trainer_of(trainer);
    check_pointer(exp_avg, "exp_avg");
    check_pointer(exp_avg_sq, "exp_avg_sq");
    t.read_moments(index, {exp_avg, elements_of(count)}, {exp_avg_sq, elements_of(count)});
  });
}

px_status px_trainer_write_moments(px_trainer* trainer, int64_t index, const float* exp_avg, const float* exp_avg_sq,
                                   int64_t count) {
  return guarded("px_trainer_write_moments", [&] {
    Trainer& t = trainer_of(trainer);
    check_pointer(exp_avg, "exp_avg");
    check_pointer(exp_avg_sq, "exp_avg_sq");
    t.write_moments(index, {exp_avg, elements_of(count)}, {exp_avg_sq, elements_of(count)});
  });
}

px_status px_trainer_get_steps(px_trainer* trainer, int64_t* steps) {
  return guarded("px_trainer_get_steps", [&] {
    const Trainer& t = trainer_of(trainer);
    check_pointer(steps, "steps");
    *steps = t.steps();
  });
}

px_status px_trainer_set_steps(px_trainer* trainer, int64_t steps) {
  return guarded("px_trainer_set_steps", [&] { trainer_of(trainer).set_steps(steps); });
}

}  // extern "C"
