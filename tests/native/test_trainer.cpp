// Gradients against central differences, accumulation, AdamW against doubles, and everything that is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tiny_model.h"

namespace {

using tiny::Fixture;
using tiny::last_error;
using tiny::Sequences;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

tiny::TrainerHandle make_trainer(px_model* model, const px_trainer_options* options = nullptr) {
  px_trainer* trainer = nullptr;
  EXPECT_EQ(px_trainer_create(model, options, &trainer), PX_OK) << last_error();
  return tiny::TrainerHandle(trainer);
}

px_objective objective_of(px_objective_kind kind, double normalizer = 1.0) {
  px_objective objective{};
  objective.struct_size = sizeof objective;
  objective.kind = kind;
  objective.normalizer = normalizer;
  return objective;
}

px_objective_metrics accumulate(px_trainer* trainer, const Sequences& sequences, const px_objective& objective) {
  px_objective_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, &metrics), PX_OK) << last_error();
  return metrics;
}

px_status try_accumulate(px_trainer* trainer, const Sequences& sequences, const px_objective& objective) {
  const px_batch batch = sequences.batch();
  return px_trainer_accumulate(trainer, &batch, &objective, nullptr);
}

px_status try_step(px_trainer* trainer, double learning_rate, px_step_result* result = nullptr) {
  px_step_args args{};
  args.struct_size = sizeof args;
  args.learning_rate = learning_rate;
  return px_trainer_step(trainer, &args, result);
}

px_step_result step(px_trainer* trainer, double learning_rate) {
  px_step_result result{};
  result.struct_size = sizeof result;
  EXPECT_EQ(try_step(trainer, learning_rate, &result), PX_OK) << last_error();
  return result;
}

const std::vector<px::TensorSpec>& tensors_of(px_model* model) { return model->model->tensors(); }

std::vector<float> gradient_of(px_trainer* trainer, px_model* model) {
  std::vector<float> all;
  for (size_t i = 0; i < tensors_of(model).size(); ++i) {
    std::vector<float> values(static_cast<size_t>(tensors_of(model)[i].elements));
    EXPECT_EQ(
        px_trainer_read_gradient(trainer, static_cast<int64_t>(i), values.data(), static_cast<int64_t>(values.size())),
        PX_OK)
        << last_error();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<float> parameters_of(px_model* model) {
  std::vector<float> all;
  const std::vector<px::TensorSpec>& tensors = tensors_of(model);
  for (size_t i = 0; i < tensors.size(); ++i) {
    std::vector<float> values(static_cast<size_t>(tensors[i].elements));
    EXPECT_EQ(px_model_read_tensor(model, static_cast<int64_t>(i), values.data(), tensors[i].elements), PX_OK);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

double norm(std::span<const float> values) {
  double sum = 0.0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

double relative_distance(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  std::vector<float> difference(a.size());
  for (size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  return norm(difference) / std::max(norm(a), norm(b));
}

// One of every kind over the same sequences, with arrays away from the losses' kinks.
struct Case {
  Case(px_objective_kind kind, Fixture& fixture, const std::vector<int>& lengths = {9, 4, 12, 2, 1, 6})
      : objective(objective_of(kind, 7.0)) {
    sequences = tiny::random_sequences(lengths, fixture.shape().vocabulary, 3);
    tiny::Random random(5);
    const auto n = static_cast<size_t>(sequences.count());
    for (size_t i = 0; i < n; ++i) sequences.weight.push_back(i % 5 == 2 ? 0.0f : random.between(0.2f, 1.5f));
    for (auto* array : {&old_logprob, &ref_logprob, &advantage, &old_value, &returns}) array->resize(n);
    forward(fixture);
    const float offsets[] = {0.05f, -0.4f, 0.4f, -0.05f, 1.5f, -1.5f, 0.1f};
    for (size_t i = 0; i < n; ++i) {
      old_logprob[i] = logprob[i] + offsets[i % 7];
      ref_logprob[i] = logprob[i] + random.between(-1.0f, 1.0f);
      advantage[i] = random.between(0.3f, 2.0f) * (i % 2 == 0 ? 1.0f : -1.0f);
      old_value[i] = value[i] + offsets[(i + 1) % 7];
      returns[i] = value[i] + random.between(0.2f, 2.0f) * (i % 3 == 0 ? 1.0f : -1.0f);
      upstream.push_back(random.between(-1.0f, 1.0f));
    }
    margin = {0.3f, 0.0f, 1.0f};
    fill(kind, fixture.model->model->head());
  }

  // The outputs at the start, which the arrays are built around.
  void forward(Fixture& fixture) {
    const auto n = static_cast<size_t>(sequences.count());
    logprob.resize(n);
    value.resize(n);
    px_score_args args{};
    args.struct_size = sizeof args;
    args.temperature = 0.8;
    (fixture.model->model->head() == PX_HEAD_LM ? args.logprob : args.value) =
        fixture.model->model->head() == PX_HEAD_LM ? logprob.data() : value.data();
    const px_batch batch = sequences.batch();
    ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  }

  void fill(px_objective_kind kind, px_head head) {
    objective.temperature = 0.8;
    switch (kind) {
      case PX_OBJECTIVE_CROSS_ENTROPY:
        objective.entropy_coefficient = 0.3;
        break;
      case PX_OBJECTIVE_POLICY:
        objective.old_logprob = old_logprob.data();
        objective.ref_logprob = ref_logprob.data();
        objective.advantage = advantage.data();
        objective.kl_coefficient = 0.2;
        objective.entropy_coefficient = 0.1;
        break;
      case PX_OBJECTIVE_VALUE:
        objective.old_value = old_value.data();
        objective.returns = returns.data();
        break;
      case PX_OBJECTIVE_BRADLEY_TERRY:
        objective.margin = margin.data();
        objective.center_coefficient = 0.05;
        break;
      case PX_OBJECTIVE_UPSTREAM:
        if (head == PX_HEAD_LM) {
          objective.upstream_logprob = upstream.data();
          objective.upstream_entropy = upstream.data();
        } else {
          objective.upstream_value = upstream.data();
          objective.upstream_score = upstream.data();
        }
    }
  }

  Sequences sequences;
  std::vector<float> logprob, value, old_logprob, ref_logprob, advantage, old_value, returns, upstream, margin;
  px_objective objective;
};

struct Kind {
  const char* name;
  px_objective_kind kind;
  px_head head;
  bool tied;
};

class TrainerGradient : public testing::TestWithParam<Kind> {};

std::vector<double> unit(std::vector<double> direction) {
  double sum = 0.0;
  for (const double d : direction) sum += d * d;
  for (double& d : direction) d /= std::sqrt(sum);
  return direction;
}

// How fast the loss changes when the tensor moves along a unit vector. Fourth order, since the loss is a sum of fp32
// outputs and the distances cannot be tiny.
double slope(px_trainer* trainer, const Case& c, px::Weights& weights, std::span<float> tensor,
             const std::vector<double>& direction) {
  const std::vector<float> original(tensor.begin(), tensor.end());
  const auto loss_at = [&](double distance) {
    weights.raise_version();
    for (size_t i = 0; i < tensor.size(); ++i)
      tensor[i] = static_cast<float>(static_cast<double>(original[i]) + distance * direction[i]);
    return accumulate(trainer, c.sequences, c.objective).loss;
  };
  const double h = 2e-3;
  const double difference = 8.0 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h));
  std::ranges::copy(original, tensor.begin());
  return difference / (12.0 * h);
}

// Along its own gradient, where the loss changes fastest, and along a random direction, which sees what is missing.
TEST_P(TrainerGradient, IsTheCentralDifferenceOfTheLossForEachTensor) {
  Fixture fixture(GetParam().head, GetParam().tied);
  const Case c(GetParam().kind, fixture);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  accumulate(trainer.get(), c.sequences, c.objective);
  const std::vector<float> gradient = gradient_of(trainer.get(), fixture.model.get());
  tiny::Random random(13);
  double worst = 0.0;
  for (const px::TensorSpec& tensor : tensors_of(fixture.model.get())) {
    const std::span<float> data = fixture.model->model->tensor_data(tensor);
    const auto g = std::span(gradient).subspan(static_cast<size_t>(tensor.offset), data.size());
    const double length = norm(g);
    ASSERT_GT(length, 1e-5) << tensor.name;
    std::vector<double> scattered(data.size());
    for (double& d : scattered) d = static_cast<double>(random.between(-1.0f, 1.0f));
    for (const auto& direction : {unit({g.begin(), g.end()}), unit(scattered)}) {
      const double expected = std::inner_product(g.begin(), g.end(), direction.begin(), 0.0);
      const double error = std::abs(slope(trainer.get(), c, fixture.model->model->weights(), data, direction) - expected) / length;
      worst = std::max(worst, error);
      EXPECT_LT(error, 2e-3) << tensor.name << ": |gradient| " << length << ", along the direction " << expected;
    }
  }
  std::printf("[ observed ] worst error over the tensors, relative to the gradient's length: %.2e\n", worst);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TrainerGradient,
                         testing::Values(Kind{"CrossEntropyTied", PX_OBJECTIVE_CROSS_ENTROPY, PX_HEAD_LM, true},
                                         Kind{"CrossEntropyUntied", PX_OBJECTIVE_CROSS_ENTROPY, PX_HEAD_LM, false},
                                         Kind{"Policy", PX_OBJECTIVE_POLICY, PX_HEAD_LM, true},
                                         Kind{"Value", PX_OBJECTIVE_VALUE, PX_HEAD_SCALAR, true},
                                         Kind{"ValueOnUntiedWeights", PX_OBJECTIVE_VALUE, PX_HEAD_SCALAR, false},
                                         Kind{"BradleyTerry", PX_OBJECTIVE_BRADLEY_TERRY, PX_HEAD_SCALAR, true},
                                         Kind{"UpstreamOfLanguageModel", PX_OBJECTIVE_UPSTREAM, PX_HEAD_LM, true},
                                         Kind{"UpstreamOfScalarHead", PX_OBJECTIVE_UPSTREAM, PX_HEAD_SCALAR, true}),
                         [](const auto& kind) { return std::string(kind.param.name); });

// Eight sequences with an old policy a little off, and what a slice of them looks like.
struct Rollout {
  explicit Rollout(int64_t vocabulary) : sequences(tiny::random_sequences({9, 4, 12, 2, 17, 6, 5, 8}, vocabulary, 21)) {
    tiny::Random random(22);
    for (int64_t i = 0; i < sequences.count(); ++i) {
      sequences.weight.push_back(i % 4 == 1 ? 0.0f : random.between(0.5f, 1.0f));
      old_logprob.push_back(random.between(-6.0f, -1.0f));
      advantage.push_back(random.between(-1.0f, 1.0f));
    }
  }

  // The sequences in the given order.
  Rollout take(const std::vector<size_t>& order) const {
    Rollout taken(*this);
    taken.sequences = {};
    taken.old_logprob.clear();
    taken.advantage.clear();
    for (const size_t s : order) {
      const auto begin = static_cast<ptrdiff_t>(sequences.offsets[s]);
      const auto end = static_cast<ptrdiff_t>(sequences.offsets[s + 1]);
      const auto part = [&](const auto& from, auto& to) {
        to.insert(to.end(), from.begin() + begin, from.begin() + end);
      };
      taken.sequences.add({sequences.tokens.begin() + begin, sequences.tokens.begin() + end});
      part(sequences.weight, taken.sequences.weight);
      part(old_logprob, taken.old_logprob);
      part(advantage, taken.advantage);
    }
    return taken;
  }

  px_objective objective() const {
    px_objective o = objective_of(PX_OBJECTIVE_POLICY, 40.0);
    o.old_logprob = old_logprob.data();
    o.advantage = advantage.data();
    o.entropy_coefficient = 0.01;
    return o;
  }

  Sequences sequences;
  std::vector<float> old_logprob;
  std::vector<float> advantage;
};

TEST(Trainer, EightMicroBatchesGiveTheGradientAndTheSumsOfOne) {
  Fixture fixture;
  const Rollout rollout(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  const px_objective_metrics whole = accumulate(trainer.get(), rollout.sequences, rollout.objective());
  const std::vector<float> at_once = gradient_of(trainer.get(), fixture.model.get());

  const auto in_parts = [&](const std::vector<std::vector<size_t>>& parts) {
    EXPECT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
    px_objective_metrics sum{};
    for (const auto& part : parts) {
      const Rollout taken = rollout.take(part);
      const px_objective_metrics metrics = accumulate(trainer.get(), taken.sequences, taken.objective());
      sum.loss += metrics.loss;
      sum.entropy += metrics.entropy;
      sum.weight += metrics.weight;
      sum.tokens += metrics.tokens;
      sum.policy.tokens += metrics.policy.tokens;
      sum.policy.clipped += metrics.policy.clipped;
    }
    EXPECT_NEAR(sum.loss, whole.loss, 1e-6 * std::abs(whole.loss) + 1e-9);
    EXPECT_NEAR(sum.entropy, whole.entropy, 1e-5 * whole.entropy);
    EXPECT_NEAR(sum.weight, whole.weight, 1e-12);
    EXPECT_EQ(sum.tokens, whole.tokens);
    EXPECT_EQ(sum.policy.tokens, whole.policy.tokens);
    EXPECT_EQ(sum.policy.clipped, whole.policy.clipped);
    const double distance = relative_distance(at_once, gradient_of(trainer.get(), fixture.model.get()));
    std::printf("[ observed ] relative distance of the gradient: %.2e\n", distance);
    EXPECT_LT(distance, 1e-5);
  };
  in_parts({{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}});
  in_parts({{7, 6, 5, 4, 3, 2, 1, 0}});
  in_parts({{3, 1, 4}, {0}, {5, 2, 7, 6}});
}

// More targets than the head takes in one block: its blocks ask for their gradients one after the other.
TEST(Trainer, MicroBatchesGiveTheGradientOfOneThatGoesThroughTheHeadInBlocks) {
  for (const auto kind : {PX_OBJECTIVE_POLICY, PX_OBJECTIVE_CROSS_ENTROPY, PX_OBJECTIVE_UPSTREAM}) {
    Fixture fixture;
    const Case whole(kind, fixture, std::vector<int>(15, 47));
    const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
    const px_objective_metrics at_once = accumulate(trainer.get(), whole.sequences, whole.objective);
    const std::vector<float> gradient = gradient_of(trainer.get(), fixture.model.get());
    ASSERT_GT(at_once.tokens, 512);

    ASSERT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
    px_objective_metrics sum{};
    for (ptrdiff_t begin = 0; begin < whole.sequences.count(); begin += 47) {
      Sequences part;
      part.add({whole.sequences.tokens.begin() + begin, whole.sequences.tokens.begin() + begin + 47});
      part.weight.assign(whole.sequences.weight.begin() + begin, whole.sequences.weight.begin() + begin + 47);
      px_objective objective = whole.objective;
      for (const float** array : {&objective.old_logprob, &objective.ref_logprob, &objective.advantage,
                                  &objective.upstream_logprob, &objective.upstream_entropy})
        if (*array != nullptr) *array += begin;
      const px_objective_metrics metrics = accumulate(trainer.get(), part, objective);
      sum.loss += metrics.loss;
      sum.entropy += metrics.entropy;
      sum.policy.clipped += metrics.policy.clipped;
      sum.policy.ratio += metrics.policy.ratio;
    }
    EXPECT_LT(relative_distance(gradient, gradient_of(trainer.get(), fixture.model.get())), 1e-5);
    EXPECT_NEAR(at_once.loss, sum.loss, 1e-5 * std::abs(sum.loss));
    EXPECT_NEAR(at_once.entropy, sum.entropy, 1e-5 * std::abs(sum.entropy));
    EXPECT_EQ(at_once.policy.clipped, sum.policy.clipped);
    EXPECT_NEAR(at_once.policy.ratio, sum.policy.ratio, 1e-5 * std::abs(sum.policy.ratio));
  }
}

TEST(Trainer, WhatIsComputedAgainGivesTheSameBits) {
  for (const int32_t products : {PX_PRODUCTS_F32, PX_PRODUCTS_BF16})
    for (const char* family : tiny::kShapes)
      for (const px_head head : {PX_HEAD_LM, PX_HEAD_SCALAR}) {
        Fixture fixture(head, true, 7, tiny::shape_of(family), 2, products);
        const Case c(head == PX_HEAD_LM ? PX_OBJECTIVE_POLICY : PX_OBJECTIVE_VALUE, fixture, {40, 3, 31});
        std::vector<std::vector<float>> gradients;
        for (const int32_t recompute : {PX_RECOMPUTE_NONE, PX_RECOMPUTE_ATTENTION_MLP, PX_RECOMPUTE_BLOCK}) {
          px_trainer_options options{};
          options.struct_size = sizeof options;
          options.recompute = recompute;
          const tiny::TrainerHandle trainer = make_trainer(fixture.model.get(), &options);
          accumulate(trainer.get(), c.sequences, c.objective);
          gradients.push_back(gradient_of(trainer.get(), fixture.model.get()));
        }
        EXPECT_GT(norm(gradients[0]), 0.0);
        EXPECT_EQ(gradients[0], gradients[1]);
        EXPECT_EQ(gradients[0], gradients[2]);
      }
}

TEST(Trainer, NeverReadsEntriesOfWeightZeroNorTheFirstOfASequence) {
  Fixture fixture;
  Rollout rollout(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  const std::vector<float> clean = gradient_of(trainer.get(), fixture.model.get());
  for (size_t i = 0; i < rollout.old_logprob.size(); ++i)
    if (rollout.sequences.weight[i] == 0.0f) rollout.old_logprob[i] = rollout.advantage[i] = kNan;
  for (int64_t s = 0; s < rollout.sequences.sequences(); ++s) {
    const auto first = static_cast<size_t>(rollout.sequences.offsets[static_cast<size_t>(s)]);
    rollout.old_logprob[first] = rollout.advantage[first] = kNan;
  }
  EXPECT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  EXPECT_EQ(gradient_of(trainer.get(), fixture.model.get()), clean);
}

TEST(Trainer, WithoutWeightsEveryTargetCountsOne) {
  Fixture fixture;
  const Sequences sequences = tiny::random_sequences({5, 1, 3}, fixture.shape().vocabulary, 2);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  std::vector<float> logprob(9);
  std::vector<float> entropy(9);
  px_objective objective = objective_of(PX_OBJECTIVE_CROSS_ENTROPY, 6.0);
  objective.entropy_coefficient = 0.5;
  objective.logprob = logprob.data();
  objective.entropy = entropy.data();
  const px_objective_metrics metrics = accumulate(trainer.get(), sequences, objective);
  EXPECT_EQ(metrics.tokens, 6);
  EXPECT_EQ(metrics.weight, 6.0);
  EXPECT_EQ(logprob[0], 0.0f);
  EXPECT_EQ(logprob[5], 0.0f);
  EXPECT_EQ(logprob[6], 0.0f);
  double sum_logprob = 0.0;
  double sum_entropy = 0.0;
  for (size_t i = 0; i < 9; ++i) {
    sum_logprob += static_cast<double>(logprob[i]);
    sum_entropy += static_cast<double>(entropy[i]);
  }
  EXPECT_DOUBLE_EQ(metrics.entropy, sum_entropy);
  EXPECT_DOUBLE_EQ(metrics.loss, (-sum_logprob - 0.5 * sum_entropy) / 6.0);
}

TEST(Trainer, ForwardOutputsAreTheBitsOfScoring) {
  for (const int32_t products : {PX_PRODUCTS_F32, PX_PRODUCTS_BF16})
    for (const char* family : tiny::kShapes) {
      Fixture fixture(PX_HEAD_LM, true, 7, tiny::shape_of(family), 2, products);
      const Rollout rollout(fixture.shape().vocabulary);
      const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
      const auto n = static_cast<size_t>(rollout.sequences.count());
      std::vector<float> trained(n), scored(n);
      px_objective objective = rollout.objective();
      objective.logprob = trained.data();
      accumulate(trainer.get(), rollout.sequences, objective);
      px_score_args args{};
      args.struct_size = sizeof args;
      args.logprob = scored.data();
      const px_batch batch = rollout.sequences.batch();
      ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
      EXPECT_EQ(trained, scored);
    }
}

TEST(Trainer, ZeroGradientsForgets) {
  Fixture fixture;
  const Rollout rollout(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  double squared = -1.0;
  ASSERT_EQ(px_trainer_gradient_squared_norm(trainer.get(), &squared), PX_OK);
  EXPECT_EQ(squared, 0.0);
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  ASSERT_EQ(px_trainer_gradient_squared_norm(trainer.get(), &squared), PX_OK);
  EXPECT_NEAR(std::sqrt(squared), norm(gradient_of(trainer.get(), fixture.model.get())), 1e-9);
  EXPECT_GT(squared, 0.0);
  ASSERT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
  ASSERT_EQ(px_trainer_gradient_squared_norm(trainer.get(), &squared), PX_OK);
  EXPECT_EQ(squared, 0.0);
}

// AdamW in doubles, written from the paper.
class DoubleAdamW {
 public:
  explicit DoubleAdamW(const std::vector<float>& parameters)
      : value(parameters.begin(), parameters.end()), m_(value.size()), v_(value.size()) {}

  void step(const std::vector<float>& gradient, double lr, const px_trainer_options& o) {
    ++t_;
    const double scale = std::min(1.0, o.max_gradient_norm / (norm(gradient) + 1e-6));
    for (size_t i = 0; i < value.size(); ++i) {
      const double g = scale * static_cast<double>(gradient[i]);
      m_[i] = o.beta1 * m_[i] + (1.0 - o.beta1) * g;
      v_[i] = o.beta2 * v_[i] + (1.0 - o.beta2) * g * g;
      const double m = m_[i] / (1.0 - std::pow(o.beta1, t_));
      const double v = v_[i] / (1.0 - std::pow(o.beta2, t_));
      value[i] -= lr * o.weight_decay * value[i];
      value[i] -= lr * m / (std::sqrt(v) + o.epsilon);
    }
  }

  std::vector<double> value;

 private:
  std::vector<double> m_;
  std::vector<double> v_;
  int t_ = 0;
};

TEST(Trainer, StepsAreThoseOfAdamWInDoubles) {
  for (const px_head head : {PX_HEAD_LM, PX_HEAD_SCALAR}) {
    Fixture fixture(head, false);
    px_trainer_options options{};
    options.struct_size = sizeof options;
    options.beta1 = 0.8;
    options.beta2 = 0.9;
    options.epsilon = 1e-4;
    options.weight_decay = 0.1;
    options.max_gradient_norm = 0.05;
    Case c(head == PX_HEAD_LM ? PX_OBJECTIVE_POLICY : PX_OBJECTIVE_BRADLEY_TERRY, fixture);
    const tiny::TrainerHandle trainer = make_trainer(fixture.model.get(), &options);
    DoubleAdamW reference(parameters_of(fixture.model.get()));
    for (int i = 1; i <= 3; ++i) {
      accumulate(trainer.get(), c.sequences, c.objective);
      const std::vector<float> gradient = gradient_of(trainer.get(), fixture.model.get());
      reference.step(gradient, 0.01, options);
      const px_step_result result = step(trainer.get(), 0.01);
      EXPECT_NEAR(result.gradient_norm, norm(gradient), 1e-9 * norm(gradient));
      EXPECT_DOUBLE_EQ(result.clip_coefficient, std::min(1.0, 0.05 / (result.gradient_norm + 1e-6)));
      EXPECT_LT(result.clip_coefficient, 1.0);
      EXPECT_EQ(result.step, i);
      EXPECT_EQ(result.version, i);
      const std::vector<float> parameters = parameters_of(fixture.model.get());
      double worst = 0.0;
      for (size_t j = 0; j < parameters.size(); ++j)
        worst = std::max(worst, std::abs(static_cast<double>(parameters[j]) - reference.value[j]));
      std::printf("[ observed ] step %d: largest deviation from doubles %.2e\n", i, worst);
      EXPECT_LT(worst, 5e-7);
      EXPECT_EQ(norm(gradient_of(trainer.get(), fixture.model.get())), 0.0) << "a step zeroes the gradient";
    }
  }
}

TEST(Trainer, InfinityMeansNoClipping) {
  Fixture fixture;
  const Rollout rollout(fixture.shape().vocabulary);
  px_trainer_options options{};
  options.struct_size = sizeof options;
  options.max_gradient_norm = kInfinity;
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get(), &options);
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  EXPECT_EQ(step(trainer.get(), 1e-3).clip_coefficient, 1.0);
}

TEST(Trainer, AStepWithoutAGradientOrWithoutARateChangesNothing) {
  Fixture fixture;
  const Rollout rollout(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  const std::vector<float> before = parameters_of(fixture.model.get());
  step(trainer.get(), 1e-2);
  EXPECT_EQ(parameters_of(fixture.model.get()), before);
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  const px_step_result result = step(trainer.get(), 0.0);
  EXPECT_EQ(parameters_of(fixture.model.get()), before);
  EXPECT_GT(result.gradient_norm, 0.0);
  EXPECT_EQ(result.step, 2);
}

TEST(Trainer, ANonFiniteInputIsNamedAndLeavesTheGradient) {
  Fixture fixture;
  const Rollout good(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  accumulate(trainer.get(), good.sequences, good.objective());
  const std::vector<float> before = gradient_of(trainer.get(), fixture.model.get());

  Rollout bad = good;
  bad.advantage[3] = kNan;
  EXPECT_EQ(try_accumulate(trainer.get(), bad.sequences, bad.objective()), PX_NOT_FINITE);
  EXPECT_NE(last_error().find("advantage"), std::string::npos) << last_error();

  std::vector<float> upstream(good.advantage.size(), 1.0f);
  upstream[2] = std::numeric_limits<float>::infinity();
  px_objective objective = objective_of(PX_OBJECTIVE_UPSTREAM);
  objective.upstream_logprob = upstream.data();
  EXPECT_EQ(try_accumulate(trainer.get(), good.sequences, objective), PX_NOT_FINITE);
  EXPECT_NE(last_error().find("upstream_logprob[2]"), std::string::npos) << last_error();
  EXPECT_EQ(gradient_of(trainer.get(), fixture.model.get()), before);
}

TEST(Trainer, WeightsThatAreNotFiniteStopTheObjective) {
  Fixture fixture;
  const Rollout rollout(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  tiny::set_parameter(fixture, 5, kNan);
  const Sequences sequences = tiny::random_sequences({6, 6, 6, 6}, 1, 1);  // token 0 is the broken row
  EXPECT_EQ(try_accumulate(trainer.get(), sequences, objective_of(PX_OBJECTIVE_CROSS_ENTROPY)), PX_NOT_FINITE);
  EXPECT_EQ(norm(gradient_of(trainer.get(), fixture.model.get())), 0.0);
}

// The first blocks of the head have added their part when a later one meets what is not finite; a device has one block for
// as many rows.
TEST(Trainer, APassThatFailsHalfWayLeavesNothingThatAStepWouldTake) {
  Fixture fixture(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, 0, 0);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  tiny::set_parameter(fixture, 5 * fixture.shape().hidden, kNan);  // token 5
  Sequences sequences = tiny::random_sequences(std::vector<int>(15, 47), 5, 1);
  sequences.tokens.back() = sequences.tokens[sequences.tokens.size() - 2] = 5;
  const std::vector<float> before = parameters_of(fixture.model.get());
  ASSERT_EQ(try_accumulate(trainer.get(), sequences, objective_of(PX_OBJECTIVE_CROSS_ENTROPY)), PX_NOT_FINITE);

  const Sequences good = tiny::random_sequences({6}, 5, 1);
  double squared = 0;
  std::vector<float> values(static_cast<size_t>(tensors_of(fixture.model.get())[0].elements));
  EXPECT_EQ(try_accumulate(trainer.get(), good, objective_of(PX_OBJECTIVE_CROSS_ENTROPY)), PX_INVALID_STATE);
  EXPECT_EQ(px_trainer_gradient_squared_norm(trainer.get(), &squared), PX_INVALID_STATE);
  EXPECT_EQ(px_trainer_read_gradient(trainer.get(), 0, values.data(), static_cast<int64_t>(values.size())),
            PX_INVALID_STATE);
  EXPECT_EQ(try_step(trainer.get(), 1e-3), PX_INVALID_STATE);
  EXPECT_NE(last_error().find("zero the gradients"), std::string::npos) << last_error();
  EXPECT_EQ(std::memcmp(parameters_of(fixture.model.get()).data(), before.data(), before.size() * sizeof(float)), 0);

  ASSERT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
  EXPECT_EQ(norm(gradient_of(trainer.get(), fixture.model.get())), 0.0);
}

TEST(Trainer, AGradientThatOverflowsStopsTheStepBeforeAnyWeightChanges) {
  Fixture fixture;
  const Rollout rollout(fixture.shape().vocabulary);
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  const std::vector<float> huge(rollout.advantage.size(), 3e38f);
  px_objective objective = objective_of(PX_OBJECTIVE_UPSTREAM);
  objective.upstream_logprob = huge.data();
  const std::vector<float> before = parameters_of(fixture.model.get());
  accumulate(trainer.get(), rollout.sequences, objective);
  double squared = -1.0;
  EXPECT_EQ(px_trainer_gradient_squared_norm(trainer.get(), &squared), PX_NOT_FINITE);
  EXPECT_EQ(squared, -1.0);
  px_step_result result{};
  result.struct_size = sizeof result;
  EXPECT_EQ(try_step(trainer.get(), 1e-3, &result), PX_NOT_FINITE);
  EXPECT_NE(last_error().find("gradient of model.embed_tokens.weight"), std::string::npos) << last_error();
  EXPECT_EQ(result.step, 0);
  EXPECT_EQ(parameters_of(fixture.model.get()), before);
  EXPECT_EQ(fixture.weights->weights->version(), 0);

  ASSERT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  EXPECT_EQ(step(trainer.get(), 1e-3).step, 1) << "the moments were not touched either";
}

TEST(Trainer, OneTrainerForTheWeights) {
  Fixture fixture;
  const tiny::ModelHandle critic = fixture.make_model(PX_HEAD_SCALAR);
  tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  px_trainer* second = nullptr;
  EXPECT_EQ(px_trainer_create(fixture.model.get(), nullptr, &second), PX_INVALID_STATE);
  EXPECT_EQ(px_trainer_create(critic.get(), nullptr, &second), PX_INVALID_STATE);
  EXPECT_NE(last_error().find("have a trainer already"), std::string::npos) << last_error();
  EXPECT_EQ(second, nullptr);
  px_weights* clone = nullptr;
  ASSERT_EQ(px_weights_clone(fixture.weights.get(), &clone), PX_OK) << last_error();
  const tiny::WeightsHandle owned(clone);
  px_model* model = nullptr;
  ASSERT_EQ(px_model_create(clone, nullptr, &model), PX_OK) << last_error();
  const tiny::ModelHandle cloned(model);
  make_trainer(cloned.get());
  trainer.reset();
  make_trainer(critic.get());
}

TEST(Trainer, BadOptionsAreRefusedAndLeaveTheWeightsFree) {
  Fixture fixture;
  const auto refused = [&](auto change, const char* field) {
    px_trainer_options options{};
    options.struct_size = sizeof options;
    change(options);
    px_trainer* trainer = nullptr;
    EXPECT_EQ(px_trainer_create(fixture.model.get(), &options, &trainer), PX_INVALID_ARGUMENT) << field;
    EXPECT_NE(last_error().find(field), std::string::npos) << last_error();
    EXPECT_EQ(trainer, nullptr);
  };
  refused([](auto& o) { o.beta1 = 1.0; }, "options.beta1");
  refused([](auto& o) { o.beta2 = -0.5; }, "options.beta2");
  refused([](auto& o) { o.epsilon = kInfinity; }, "options.epsilon");
  refused([](auto& o) { o.weight_decay = -1.0; }, "options.weight_decay");
  refused([](auto& o) { o.max_gradient_norm = std::nan(""); }, "options.max_gradient_norm");
  refused([](auto& o) { o.recompute = 4; }, "options.recompute");
  refused([](auto& o) { o.recompute = -1; }, "options.recompute");
  refused([](auto& o) { o.flags = 4; }, "options.flags");
  make_trainer(fixture.model.get());
}

TEST(Trainer, CountsItsMemory) {
  Fixture fixture;
  const auto memory = [&] {
    px_memory_stats stats{};
    stats.struct_size = sizeof stats;
    EXPECT_EQ(px_engine_memory(fixture.engine.get(), &stats), PX_OK);
    return stats;
  };
  const auto elements = static_cast<uint64_t>(fixture.model->model->elements());
  tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  EXPECT_EQ(memory().gradient_bytes, 4 * elements);
  EXPECT_EQ(memory().optimizer_bytes, 8 * elements);
  trainer.reset();
  EXPECT_EQ(memory().gradient_bytes, 0u);
  EXPECT_EQ(memory().optimizer_bytes, 0u);
}

// AdamW's memory of every tensor.
struct Memory {
  std::vector<std::vector<float>> exp_avg;
  std::vector<std::vector<float>> exp_avg_sq;
  int64_t steps = 0;

  bool operator==(const Memory&) const = default;
};

Memory memory_of(px_trainer* trainer, px_model* model) {
  Memory memory;
  for (const px::TensorSpec& tensor : tensors_of(model)) {
    const auto index = static_cast<int64_t>(memory.exp_avg.size());
    std::vector<float>& first = memory.exp_avg.emplace_back(static_cast<size_t>(tensor.elements));
    std::vector<float>& second = memory.exp_avg_sq.emplace_back(static_cast<size_t>(tensor.elements));
    EXPECT_EQ(px_trainer_read_moments(trainer, index, first.data(), second.data(), tensor.elements), PX_OK)
        << last_error();
  }
  EXPECT_EQ(px_trainer_get_steps(trainer, &memory.steps), PX_OK) << last_error();
  return memory;
}

void give(px_trainer* trainer, const Memory& memory) {
  for (size_t i = 0; i < memory.exp_avg.size(); ++i)
    EXPECT_EQ(px_trainer_write_moments(trainer, static_cast<int64_t>(i), memory.exp_avg[i].data(),
                                       memory.exp_avg_sq[i].data(), static_cast<int64_t>(memory.exp_avg[i].size())),
              PX_OK)
        << last_error();
  EXPECT_EQ(px_trainer_set_steps(trainer, memory.steps), PX_OK) << last_error();
}

TEST(Trainer, GoesOnBitForBitWithTheMemoryOfAnother) {
  const Rollout rollout(37);
  const auto train = [&](px_trainer* trainer, int steps) {
    for (int i = 0; i < steps; ++i) {
      accumulate(trainer, rollout.sequences, rollout.objective());
      step(trainer, 1e-2);
    }
  };
  Fixture fixture;
  tiny::TrainerHandle first = make_trainer(fixture.model.get());
  train(first.get(), 3);
  const Memory memory = memory_of(first.get(), fixture.model.get());
  const std::vector<float> weights = parameters_of(fixture.model.get());
  train(first.get(), 2);
  const std::vector<float> expected = parameters_of(fixture.model.get());
  const Memory later = memory_of(first.get(), fixture.model.get());
  EXPECT_EQ(memory.steps, 3);
  EXPECT_NE(memory, later);

  first.reset();
  size_t place = 0;
  for (size_t i = 0; i < tensors_of(fixture.model.get()).size(); ++i) {
    const int64_t elements = tensors_of(fixture.model.get())[i].elements;
    EXPECT_EQ(px_model_write_tensor(fixture.model.get(), static_cast<int64_t>(i), weights.data() + place, elements),
              PX_OK);
    place += static_cast<size_t>(elements);
  }
  const tiny::TrainerHandle second = make_trainer(fixture.model.get());
  EXPECT_EQ(memory_of(second.get(), fixture.model.get()).steps, 0);
  give(second.get(), memory);
  EXPECT_EQ(memory_of(second.get(), fixture.model.get()), memory);
  train(second.get(), 2);
  EXPECT_EQ(parameters_of(fixture.model.get()), expected);
  EXPECT_EQ(memory_of(second.get(), fixture.model.get()), later);
}

TEST(Trainer, MemoryThatCannotBeIsRefusedAndChangesNothing) {
  Fixture fixture;
  const tiny::TrainerHandle owned = make_trainer(fixture.model.get());
  px_trainer* trainer = owned.get();
  const Rollout rollout(37);
  accumulate(trainer, rollout.sequences, rollout.objective());
  step(trainer, 1e-2);
  const Memory before = memory_of(trainer, fixture.model.get());
  const auto count = static_cast<int64_t>(before.exp_avg[0].size());
  std::vector<float> good(static_cast<size_t>(count), 0.5f);
  const auto refused = [&](float value, bool squares, px_status status, const char* text) {
    std::vector<float> bad = good;
    bad.back() = value;
    EXPECT_EQ(px_trainer_write_moments(trainer, 0, squares ? good.data() : bad.data(),
                                       squares ? bad.data() : good.data(), count),
              status);
    EXPECT_NE(last_error().find(text), std::string::npos) << last_error();
  };
  refused(kNan, false, PX_NOT_FINITE, "exp_avg: expected finite numbers for model.embed_tokens.weight");
  refused(static_cast<float>(kInfinity), true, PX_NOT_FINITE, "exp_avg_sq");
  refused(-1e-9f, true, PX_INVALID_ARGUMENT, "exp_avg_sq: expected means of squares");
  float value = 0.0f;
  int64_t steps = 0;
  EXPECT_EQ(px_trainer_write_moments(nullptr, 0, &value, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_write_moments(trainer, 0, nullptr, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_write_moments(trainer, 0, &value, nullptr, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_write_moments(trainer, 0, &value, &value, 1), PX_SHAPE_MISMATCH);
  EXPECT_EQ(px_trainer_write_moments(trainer, 0, &value, &value, -1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_write_moments(trainer, 1000, &value, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_moments(nullptr, 0, &value, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_moments(trainer, 0, nullptr, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_moments(trainer, 0, &value, nullptr, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_moments(trainer, 0, &value, &value, 1), PX_SHAPE_MISMATCH);
  EXPECT_EQ(px_trainer_read_moments(trainer, -1, &value, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_get_steps(nullptr, &steps), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_get_steps(trainer, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_set_steps(nullptr, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_set_steps(trainer, -1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(memory_of(trainer, fixture.model.get()), before);
}

TEST(Trainer, OutlivesTheHandlesItWasMadeFrom) {
  const int64_t before = px_live_handles(PX_HANDLE_TRAINER);
  tiny::TrainerHandle trainer;
  Rollout rollout(37);
  {
    Fixture fixture;
    trainer = make_trainer(fixture.model.get());
    EXPECT_EQ(px_live_handles(PX_HANDLE_TRAINER), before + 1);
  }
  accumulate(trainer.get(), rollout.sequences, rollout.objective());
  EXPECT_EQ(step(trainer.get(), 1e-3).step, 1);
  trainer.reset();
  px_trainer_release(nullptr);
  EXPECT_EQ(px_live_handles(PX_HANDLE_TRAINER), before);
}

TEST(Trainer, NullsAndForeignStructSizesAreRefused) {
  Fixture fixture;
  const tiny::TrainerHandle owned = make_trainer(fixture.model.get());
  px_trainer* trainer = owned.get();
  const Sequences sequences = tiny::random_sequences({4}, 37, 1);
  px_batch batch = sequences.batch();
  px_objective objective = objective_of(PX_OBJECTIVE_CROSS_ENTROPY);
  px_objective_metrics metrics{};
  metrics.struct_size = sizeof metrics;
  px_step_args args{};
  args.struct_size = sizeof args;
  px_trainer* created = nullptr;
  EXPECT_EQ(px_trainer_create(nullptr, nullptr, &created), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_create(fixture.model.get(), nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_accumulate(nullptr, &batch, &objective, &metrics), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_accumulate(trainer, nullptr, &objective, &metrics), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_accumulate(trainer, &batch, nullptr, &metrics), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_zero_gradients(nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_gradient_squared_norm(trainer, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_gradient_squared_norm(nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_step(nullptr, &args, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_step(trainer, nullptr, nullptr), PX_INVALID_ARGUMENT);
  float value = 0.0f;
  EXPECT_EQ(px_trainer_read_gradient(nullptr, 0, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_gradient(trainer, 0, nullptr, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_gradient(trainer, 0, &value, 1), PX_SHAPE_MISMATCH);
  EXPECT_EQ(px_trainer_read_gradient(trainer, 0, &value, std::numeric_limits<int64_t>::min()), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_gradient(trainer, 0, &value, std::numeric_limits<int64_t>::max()), PX_SHAPE_MISMATCH);
  EXPECT_EQ(px_trainer_read_gradient(trainer, -1, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_read_gradient(trainer, 1000, &value, 1), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, nullptr), PX_OK) << "metrics are optional";
  for (const uint32_t size : {0u, 8u, 4097u}) {
    batch.struct_size = size;
    EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, &metrics), PX_ABI_MISMATCH);
    batch.struct_size = sizeof batch;
    objective.struct_size = size;
    EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, &metrics), PX_ABI_MISMATCH);
    objective.struct_size = sizeof objective;
    metrics.struct_size = size;
    EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, &metrics), PX_ABI_MISMATCH);
    metrics.struct_size = sizeof metrics;
    args.struct_size = size;
    EXPECT_EQ(px_trainer_step(trainer, &args, nullptr), PX_ABI_MISMATCH);
  }
  batch.sequences = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, &metrics), PX_INVALID_ARGUMENT);
  for (const double rate : {-1.0, kInfinity, std::nan("")}) EXPECT_EQ(try_step(trainer, rate), PX_INVALID_ARGUMENT);
}

TEST(Trainer, ObjectivesThatDoNotFitAreRefused) {
  Fixture language;
  Fixture scalar(PX_HEAD_SCALAR);
  const tiny::TrainerHandle policy = make_trainer(language.model.get());
  const tiny::TrainerHandle critic = make_trainer(scalar.model.get());
  const Sequences sequences = tiny::random_sequences({4, 3}, 37, 1);
  const Sequences odd = tiny::random_sequences({4, 3, 2}, 37, 1);
  std::vector<float> array(9, 0.5f);
  const auto refused = [&](px_trainer* trainer, int32_t kind, auto change, const char* what) {
    px_objective objective = objective_of(PX_OBJECTIVE_UPSTREAM);
    objective.kind = kind;
    objective.old_logprob = objective.advantage = objective.ref_logprob = array.data();
    objective.old_value = objective.returns = array.data();
    change(objective);
    EXPECT_EQ(try_accumulate(trainer, sequences, objective), PX_INVALID_ARGUMENT) << what;
    EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  };
  const auto nothing = [](px_objective&) {};
  refused(critic.get(), PX_OBJECTIVE_CROSS_ENTROPY, nothing, "CROSS_ENTROPY trains a language-model head");
  refused(critic.get(), PX_OBJECTIVE_POLICY, nothing, "POLICY trains a language-model head");
  refused(policy.get(), PX_OBJECTIVE_VALUE, nothing, "VALUE trains a scalar head");
  refused(policy.get(), PX_OBJECTIVE_BRADLEY_TERRY, nothing, "BRADLEY_TERRY trains a scalar head");
  refused(policy.get(), 9, nothing, "objective.kind");
  refused(
      policy.get(), PX_OBJECTIVE_POLICY, [](auto& o) { o.old_logprob = nullptr; }, "objective.old_logprob");
  refused(
      policy.get(), PX_OBJECTIVE_POLICY, [](auto& o) { o.advantage = nullptr; }, "objective.advantage");
  refused(
      policy.get(), PX_OBJECTIVE_POLICY,
      [](auto& o) {
        o.ref_logprob = nullptr;
        o.kl_coefficient = 0.1;
      },
      "objective.ref_logprob");
  refused(
      policy.get(), PX_OBJECTIVE_POLICY, [](auto& o) { o.clip_low = -1.0; }, "clip_low");
  refused(
      policy.get(), PX_OBJECTIVE_POLICY,
      [](auto& o) {
        o.kl_estimator = 12;
        o.kl_coefficient = 1.0;
      },
      "kl_estimator");
  refused(
      critic.get(), PX_OBJECTIVE_VALUE, [](auto& o) { o.returns = nullptr; }, "objective.returns");
  refused(
      critic.get(), PX_OBJECTIVE_VALUE, [](auto& o) { o.old_value = nullptr; }, "objective.old_value");
  refused(policy.get(), PX_OBJECTIVE_UPSTREAM, nothing, "got none");
  refused(
      policy.get(), PX_OBJECTIVE_UPSTREAM, [&](auto& o) { o.upstream_score = array.data(); }, "another head");
  refused(
      policy.get(), PX_OBJECTIVE_CROSS_ENTROPY, [](auto& o) { o.normalizer = 0.0; }, "objective.normalizer");
  refused(
      policy.get(), PX_OBJECTIVE_CROSS_ENTROPY, [](auto& o) { o.normalizer = -kInfinity; }, "objective.normalizer");
  refused(
      policy.get(), PX_OBJECTIVE_CROSS_ENTROPY, [](auto& o) { o.temperature = -0.5; }, "objective.temperature");
  refused(
      policy.get(), PX_OBJECTIVE_CROSS_ENTROPY, [](auto& o) { o.entropy_coefficient = std::nan(""); },
      "entropy_coefficient");
  refused(
      policy.get(), PX_OBJECTIVE_CROSS_ENTROPY, [](auto& o) { o.flags = 1; }, "objective.flags");
  refused(
      policy.get(), PX_OBJECTIVE_CROSS_ENTROPY, [&](auto& o) { o.value = array.data(); }, "no value or score");
  refused(
      critic.get(), PX_OBJECTIVE_VALUE, [&](auto& o) { o.entropy = array.data(); }, "no logprob or entropy");
  EXPECT_EQ(try_accumulate(critic.get(), odd, objective_of(PX_OBJECTIVE_BRADLEY_TERRY)), PX_SHAPE_MISMATCH);
  EXPECT_NE(last_error().find("expected an even number, got 3"), std::string::npos) << last_error();
}

TEST(Trainer, CrossEntropyLearnsAFewSequencesByHeart) {
  Fixture fixture;
  Sequences sequences = tiny::random_sequences({12, 12, 12, 12}, fixture.shape().vocabulary, 8);
  for (size_t s = 0; s < 4; ++s) sequences.tokens[12 * s] = static_cast<int32_t>(s);  // told apart from the start
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  const px_objective objective = objective_of(PX_OBJECTIVE_CROSS_ENTROPY, 44.0);
  const double first = accumulate(trainer.get(), sequences, objective).loss;
  step(trainer.get(), 0.01);
  for (int i = 0; i < 300; ++i) {
    accumulate(trainer.get(), sequences, objective);
    step(trainer.get(), 0.01);
  }
  const double last = accumulate(trainer.get(), sequences, objective).loss;
  std::printf("[ observed ] cross-entropy from %.3f to %.4f nats a token\n", first, last);
  EXPECT_GT(first, 3.0);
  EXPECT_LT(last, 0.05);
}

TEST(Trainer, BradleyTerryTellsSeparablePairsApart) {
  Fixture fixture(PX_HEAD_SCALAR);
  Sequences sequences = tiny::random_sequences(std::vector<int>(32, 7), fixture.shape().vocabulary - 2, 9);
  for (size_t s = 0; s < 32; ++s)  // the chosen ones hold token 35 somewhere, the rejected ones 36
    sequences.tokens[7 * s + s % 7] = s % 2 == 0 ? 35 : 36;
  const tiny::TrainerHandle trainer = make_trainer(fixture.model.get());
  const px_objective objective = objective_of(PX_OBJECTIVE_BRADLEY_TERRY, 16.0);
  px_bradley_terry_metrics first{};
  px_bradley_terry_metrics last{};
  for (int i = 0; i < 100; ++i) {
    last = accumulate(trainer.get(), sequences, objective).bradley_terry;
    if (i == 0) first = last;
    step(trainer.get(), 0.01);
  }
  std::printf("[ observed ] accuracy from %.2f to %.2f, loss from %.3f to %.4f\n",
              static_cast<double>(first.correct) / 16.0, static_cast<double>(last.correct) / 16.0, first.loss / 16.0,
              last.loss / 16.0);
  EXPECT_LT(first.correct, 16);
  EXPECT_EQ(last.correct, 16);
  EXPECT_LT(last.loss / 16.0, 0.05);
}

}  // namespace
