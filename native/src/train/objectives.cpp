#include "train/objectives.h"

#include <cmath>

#include "base/error.h"
#include "kernels/bradley_terry/bradley_terry.h"
#include "kernels/policy_loss/policy_loss.h"
#include "kernels/value_loss/value_loss.h"

namespace px {
namespace {

const char* name_of(int32_t kind) {
  switch (kind) {
    case PX_OBJECTIVE_CROSS_ENTROPY:
      return "CROSS_ENTROPY";
    case PX_OBJECTIVE_POLICY:
      return "POLICY";
    case PX_OBJECTIVE_VALUE:
      return "VALUE";
    case PX_OBJECTIVE_BRADLEY_TERRY:
      return "BRADLEY_TERRY";
    case PX_OBJECTIVE_UPSTREAM:
      return "UPSTREAM";
    default:
      fail(PX_INVALID_ARGUMENT, "objective.kind: expected a px_objective_kind, got ", kind);
  }
}

void check_finite(double number, const char* name) {
  check(std::isfinite(number), PX_INVALID_ARGUMENT, "objective.", name, ": expected a finite number, got ", number);
}

float* place(float* wanted, std::vector<float>& buffer, int64_t count) {
  if (wanted != nullptr) return wanted;
  buffer.resize(static_cast<size_t>(count));
  return buffer.data();
}

}  // namespace

Objective::Objective(const Model& model, const Batch& batch, const px_objective& args, bool with_entropy)
    : model_(model),
      batch_(batch),
      args_(args),
      temperature_(args.temperature == 0.0 ? 1.0 : args.temperature),
      with_entropy_(with_entropy || args.entropy_coefficient != 0.0 || args.upstream_entropy != nullptr ||
                    args.entropy != nullptr) {
  check_numbers();
  check_kind();
  check_outputs();
  count_targets();
  check_inputs();
}

void Objective::check_numbers() const {
  check(args_.normalizer > 0.0 && std::isfinite(args_.normalizer), PX_INVALID_ARGUMENT,
        "objective.normalizer: expected a finite number above 0, got ", args_.normalizer);
  check(temperature_ > 0.0 && std::isfinite(temperature_), PX_INVALID_ARGUMENT,
        "objective.temperature: expected a finite number above 0, or 0 for 1, got ", args_.temperature);
  check_finite(args_.entropy_coefficient, "entropy_coefficient");
  check_finite(args_.kl_coefficient, "kl_coefficient");
  check_finite(args_.center_coefficient, "center_coefficient");
}

void Objective::check_kind() const {
  const char* name = name_of(args_.kind);
  const auto needs_head = [&](bool language) {
    check(language_model() == language, PX_INVALID_ARGUMENT, "objective.kind: ", name, " trains a ",
          language ? "language-model" : "scalar", " head, the model has a ", language ? "scalar" : "language-model",
          " head");
  };
  const auto needs = [&](const float* array, const char* field) {
    check(array != nullptr, PX_INVALID_ARGUMENT, "objective.", field, ": ", name, " needs it, got NULL");
  };
  switch (args_.kind) {
    case PX_OBJECTIVE_CROSS_ENTROPY:
      needs_head(true);
      break;
    case PX_OBJECTIVE_POLICY:
      needs_head(true);
      needs(args_.old_logprob, "old_logprob");
      needs(args_.advantage, "advantage");
      if (args_.kl_coefficient != 0.0) needs(args_.ref_logprob, "ref_logprob");
      break;
    case PX_OBJECTIVE_VALUE:
      needs_head(false);
      needs(args_.old_value, "old_value");
      needs(args_.returns, "returns");
      break;
    case PX_OBJECTIVE_BRADLEY_TERRY:
      needs_head(false);
      check(batch_.sequences() % 2 == 0, PX_SHAPE_MISMATCH,
            "batch.sequences: BRADLEY_TERRY takes pairs, chosen then rejected: expected an even number, got ",
            batch_.sequences());
      break;
    default:
      check_upstream();
  }
}

void Objective::check_upstream() const {
  const bool language = args_.upstream_logprob != nullptr || args_.upstream_entropy != nullptr;
  const bool scalar = args_.upstream_value != nullptr || args_.upstream_score != nullptr;
  check(language_model() ? language && !scalar : scalar && !language, PX_INVALID_ARGUMENT,
        "objective.upstream_*: expected gradients of the model's outputs (",
        language_model() ? "upstream_logprob, upstream_entropy" : "upstream_value, upstream_score", "), got ",
        !language && !scalar ? "none" : "those of another head");
}

void Objective::check_outputs() const {
  const bool foreign = language_model() ? args_.value != nullptr || args_.score != nullptr
                                        : args_.logprob != nullptr || args_.entropy != nullptr;
  check(!foreign, PX_INVALID_ARGUMENT, "objective: a ", language_model() ? "language-model" : "scalar",
        " head gives no ", language_model() ? "value or score" : "logprob or entropy", "; set those outputs to NULL");
}

void Objective::count_targets() {
  weight_.assign(static_cast<size_t>(batch_.count()), 1.0f);
  if (!batch_.weight.empty()) weight_.assign(batch_.weight.begin(), batch_.weight.end());
  for (int64_t s = 0; s < batch_.sequences(); ++s)
    weight_[static_cast<size_t>(batch_.offsets[static_cast<size_t>(s)])] = 0.0f;
  for (const float weight : weight_) {
    metrics_.weight += static_cast<double>(weight);
    if (weight != 0.0f) ++metrics_.tokens;
  }
}

// What a language model's passes would meet after they have begun to add. The kernels look at the others' arrays.
void Objective::check_inputs() const {
  if (args_.kind == PX_OBJECTIVE_POLICY) {
    check_array(args_.old_logprob, "old_logprob");
    check_array(args_.advantage, "advantage");
    if (args_.kl_coefficient != 0.0) check_array(args_.ref_logprob, "ref_logprob");
  }
  if (args_.kind == PX_OBJECTIVE_UPSTREAM) {
    check_array(args_.upstream_logprob, "upstream_logprob");
    check_array(args_.upstream_entropy, "upstream_entropy");
    check_array(args_.upstream_value, "upstream_value");
  }
}

void Objective::check_array(const float* array, const char* name) const {
  for (size_t i = 0; array != nullptr && i < weight_.size(); ++i)
    check(weight_[i] == 0.0f || std::isfinite(array[i]), PX_NOT_FINITE, "objective.", name, "[", i,
          "]: expected a finite number, got ", array[i]);
}

ForwardOutputs Objective::outputs() {
  if (language_model()) {
    outputs_.logprob = place(args_.logprob, logprob_, batch_.count());
    if (with_entropy_) outputs_.entropy = place(args_.entropy, entropy_, batch_.count());
  } else {
    outputs_.value = place(args_.value, value_, batch_.count());
    outputs_.score = place(args_.score, score_, batch_.sequences());
  }
  return outputs_;
}

OutputGradients Objective::evaluate(int64_t first, int64_t end) {
  const Range range{static_cast<size_t>(first), static_cast<size_t>(end)};
  OutputGradients gradients;
  if (outputs_.entropy != nullptr) add_entropy(range, gradients);
  switch (args_.kind) {
    case PX_OBJECTIVE_CROSS_ENTROPY:
      cross_entropy(range, gradients);
      break;
    case PX_OBJECTIVE_POLICY:
      policy(range, gradients);
      break;
    case PX_OBJECTIVE_VALUE:
      value(gradients);
      break;
    case PX_OBJECTIVE_BRADLEY_TERRY:
      bradley_terry(gradients);
      break;
    default:
      upstream(range, gradients);
  }
  metrics_.loss = loss_ / args_.normalizer;
  check(std::isfinite(metrics_.loss), PX_NOT_FINITE, "loss: expected a finite number, got ", metrics_.loss,
        " up to token ", end);
  return gradients;
}

// The metric, and the bonus where the loss has one.
void Objective::add_entropy(Range range, OutputGradients& gradients) {
  double sum = 0.0;
  for (size_t i = range.first; i < range.end; ++i)
    if (weight_[i] != 0.0f) sum += static_cast<double>(weight_[i]) * static_cast<double>(outputs_.entropy[i]);
  check(std::isfinite(sum), PX_NOT_FINITE, "entropy: expected a finite sum, got ", sum, " of tokens ", range.first,
        " to ", range.end);
  metrics_.entropy += sum;
  if (args_.entropy_coefficient == 0.0) return;
  loss_ -= args_.entropy_coefficient * sum;
  d_entropy_.resize(weight_.size());
  for (size_t i = range.first; i < range.end; ++i)
    d_entropy_[i] = static_cast<float>(-args_.entropy_coefficient * static_cast<double>(weight_[i]) / args_.normalizer);
  gradients.entropy = d_entropy_.data();
}

void Objective::cross_entropy(Range range, OutputGradients& gradients) {
  d_logprob_.resize(weight_.size());
  for (size_t i = range.first; i < range.end; ++i) {
    if (weight_[i] == 0.0f) continue;
    const auto weight = static_cast<double>(weight_[i]);
    loss_ -= weight * static_cast<double>(outputs_.logprob[i]);
    d_logprob_[i] = static_cast<float>(-weight / args_.normalizer);
  }
  gradients.logprob = d_logprob_.data();
}

void Objective::policy(Range range, OutputGradients& gradients) {
  d_logprob_.resize(weight_.size());
  const auto from = [&](auto* array) { return array != nullptr ? array + range.first : nullptr; };
  px_policy_loss_args args{};
  args.struct_size = sizeof args;
  args.count = static_cast<int64_t>(range.end - range.first);
  args.logprob = from(outputs_.logprob);
  args.old_logprob = from(args_.old_logprob);
  args.ref_logprob = from(args_.ref_logprob);
  args.advantage = from(args_.advantage);
  args.weight = from(weight_.data());
  args.normalizer = args_.normalizer;
  args.clip_low = args_.clip_low;
  args.clip_high = args_.clip_high;
  args.dual_clip = args_.dual_clip;
  args.kl_coefficient = args_.kl_coefficient;
  args.kl_estimator = args_.kl_estimator;
  args.gradient = from(d_logprob_.data());
  px_policy_metrics part{};
  kernels::policy_loss(model_.weights().engine()->cpu(), args, part);
  loss_ += part.loss + args_.kl_coefficient * part.kl_loss;
  if (range.first == 0) metrics_.policy = kernels::no_policy_metrics();
  kernels::add(metrics_.policy, part);
  gradients.logprob = d_logprob_.data();
}

void Objective::value(OutputGradients& gradients) {
  d_value_.assign(weight_.size(), 0.0f);
  px_value_loss_args args{};
  args.struct_size = sizeof args;
  args.count = batch_.count();
  args.value = outputs_.value;
  args.old_value = args_.old_value;
  args.returns = args_.returns;
  args.weight = weight_.data();
  args.normalizer = args_.normalizer;
  args.clip = args_.value_clip;
  args.gradient = d_value_.data();
  kernels::value_loss(model_.weights().engine()->cpu(), args, metrics_.value);
  loss_ += metrics_.value.loss;
  gradients.value = d_value_.data();
}

void Objective::bradley_terry(OutputGradients& gradients) {
  const auto pairs = static_cast<size_t>(batch_.sequences() / 2);
  std::vector<float> chosen(pairs);
  std::vector<float> rejected(pairs);
  for (size_t i = 0; i < pairs; ++i) {
    chosen[i] = outputs_.score[2 * i];
    rejected[i] = outputs_.score[2 * i + 1];
  }
  std::vector<float> d_chosen(pairs);
  std::vector<float> d_rejected(pairs);
  px_bradley_terry_args args{};
  args.struct_size = sizeof args;
  args.count = batch_.sequences() / 2;
  args.chosen = chosen.data();
  args.rejected = rejected.data();
  args.margin = args_.margin;
  args.center_coefficient = args_.center_coefficient;
  args.normalizer = args_.normalizer;
  args.gradient_chosen = d_chosen.data();
  args.gradient_rejected = d_rejected.data();
  kernels::bradley_terry(model_.weights().engine()->cpu(), args, metrics_.bradley_terry);
  loss_ += metrics_.bradley_terry.loss;
  d_score_.resize(2 * pairs);
  for (size_t i = 0; i < pairs; ++i) {
    d_score_[2 * i] = d_chosen[i];
    d_score_[2 * i + 1] = d_rejected[i];
  }
  gradients.score = d_score_.data();
}

// The loss that has these gradients and that the metrics show is linear: sum(upstream * output).
void Objective::upstream(Range range, OutputGradients& gradients) {
  gradients.logprob = scaled(range, args_.upstream_logprob, outputs_.logprob, d_logprob_);
  gradients.entropy = scaled(range, args_.upstream_entropy, outputs_.entropy, d_entropy_);
  gradients.value = scaled(range, args_.upstream_value, outputs_.value, d_value_);
  gradients.score = scaled_scores(d_score_);
}

const float* Objective::scaled(Range range, const float* upstream, const float* output, std::vector<float>& gradient) {
  if (upstream == nullptr) return nullptr;
  gradient.resize(weight_.size());
  for (size_t i = range.first; i < range.end; ++i) {
    if (weight_[i] == 0.0f) continue;
    const double weighted = static_cast<double>(weight_[i]) * static_cast<double>(upstream[i]);
    loss_ += weighted * static_cast<double>(output[i]);
    gradient[i] = static_cast<float>(weighted / args_.normalizer);
  }
  return gradient.data();
}

const float* Objective::scaled_scores(std::vector<float>& gradient) {
  if (args_.upstream_score == nullptr) return nullptr;
  gradient.resize(static_cast<size_t>(batch_.sequences()));
  for (size_t s = 0; s < gradient.size(); ++s) {
    const float upstream = args_.upstream_score[s];
    check(std::isfinite(upstream), PX_NOT_FINITE, "objective.upstream_score[", s, "]: expected a finite number, got ",
          upstream);
    loss_ += static_cast<double>(upstream) * static_cast<double>(outputs_.score[s]);
    gradient[s] = static_cast<float>(static_cast<double>(upstream) / args_.normalizer);
  }
  return gradient.data();
}

}  // namespace px
