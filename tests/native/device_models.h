// What tests of models on a device share: scores, samples, a step of PPO.
#pragma once

#include <cmath>
#include <map>

#include "kernel_test.h"
#include "tiny_model.h"

namespace tiny {

struct Scores {
  std::vector<float> logprob, entropy, hidden;
};

inline Scores score(const Fixture& fixture, const Sequences& sequences) {
  const auto n = static_cast<size_t>(sequences.count());
  Scores scores{std::vector<float>(n), std::vector<float>(n),
                std::vector<float>(n * static_cast<size_t>(fixture.shape().hidden))};
  auto args = px::test::make_args<px_score_args>();
  args.logprob = scores.logprob.data();
  args.entropy = scores.entropy.data();
  args.hidden = scores.hidden.data();
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  return scores;
}

inline std::vector<float> parameters(const Fixture& fixture) {
  std::vector<float> all;
  for (int64_t i = 0;; ++i) {
    auto info = px::test::make_args<px_tensor_info>();
    if (px_model_tensor(fixture.model.get(), i, &info) != PX_OK) return all;
    std::vector<float> values(static_cast<size_t>(info.elements));
    EXPECT_EQ(px_model_read_tensor(fixture.model.get(), i, values.data(), info.elements), PX_OK) << last_error();
    all.insert(all.end(), values.begin(), values.end());
  }
}

inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

// Sampled sequences with the log-probs that sampling told, aligned to their tokens; 0 at the prompts'.
struct Samples {
  Sequences sequences;
  std::vector<float> logprob;
};

inline Samples sample(const Fixture& fixture, int64_t count, int64_t max_new_tokens) {
  auto options = px::test::make_args<px_generator_options>();
  options.max_batch = 3;
  px_generator* generator = nullptr;
  EXPECT_EQ(px_generator_create(fixture.model.get(), &options, &generator), PX_OK) << last_error();
  const GeneratorHandle handle(generator);
  std::map<uint64_t, std::pair<std::vector<int32_t>, std::vector<float>>> all;
  for (int64_t i = 0; i < count; ++i) {
    const auto id = static_cast<uint64_t>(i);
    auto& [tokens, logprob] = all[id];
    for (int32_t t = 0; t <= i % 3; ++t) tokens.push_back(5 + t);
    logprob.resize(tokens.size());
    auto request = px::test::make_args<px_generate_request>();
    request.sample_id = id;
    request.prompt = tokens.data();
    request.prompt_count = static_cast<int64_t>(tokens.size());
    request.max_new_tokens = max_new_tokens;
    request.top_p = i % 2 == 0 ? 0 : 0.9;
    EXPECT_EQ(px_generator_submit(generator, &request), PX_OK) << last_error();
  }
  px_generation_event events[8];
  for (int64_t got = 1; got > 0;) {
    EXPECT_EQ(px_generator_poll(generator, events, 8, &got), PX_OK) << last_error();
    for (int64_t i = 0; i < got; ++i) {
      auto& [tokens, logprob] = all[events[i].sample_id];
      tokens.push_back(events[i].token);
      logprob.push_back(events[i].logprob);
    }
  }
  Samples samples;
  for (const auto& [id, one] : all) {
    samples.sequences.add(one.first);
    samples.logprob.insert(samples.logprob.end(), one.second.begin(), one.second.end());
  }
  for (const float logprob : samples.logprob) samples.sequences.weight.push_back(logprob != 0.0f ? 1.0f : 0.0f);
  return samples;
}

// Of all tensors, as parameters() has them.
inline std::vector<float> gradient_of(px_trainer* trainer, const Fixture& fixture) {
  std::vector<float> all;
  for (int64_t i = 0;; ++i) {
    auto info = px::test::make_args<px_tensor_info>();
    if (px_model_tensor(fixture.model.get(), i, &info) != PX_OK) return all;
    std::vector<float> values(static_cast<size_t>(info.elements));
    EXPECT_EQ(px_trainer_read_gradient(trainer, i, values.data(), info.elements), PX_OK) << last_error();
    all.insert(all.end(), values.begin(), values.end());
  }
}

// One step of PPO on samples whose advantages alternate.
inline px_objective_metrics ppo_step(const Fixture& fixture, const Samples& samples, std::vector<float>* gradient = nullptr) {
  px_trainer* trainer = nullptr;
  EXPECT_EQ(px_trainer_create(fixture.model.get(), nullptr, &trainer), PX_OK) << last_error();
  const TrainerHandle handle(trainer);
  std::vector<float> advantage(samples.logprob.size());
  for (size_t i = 0; i < advantage.size(); ++i) advantage[i] = i % 3 == 0 ? -0.7f : 1.1f;
  auto objective = px::test::make_args<px_objective>();
  objective.kind = PX_OBJECTIVE_POLICY;
  objective.normalizer = 40;
  objective.old_logprob = objective.ref_logprob = samples.logprob.data();
  objective.advantage = advantage.data();
  objective.kl_coefficient = 0.1;
  objective.entropy_coefficient = 0.01;
  auto metrics = px::test::make_args<px_objective_metrics>();
  const px_batch batch = samples.sequences.batch();
  EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, &metrics), PX_OK) << last_error();
  if (gradient != nullptr) *gradient = gradient_of(trainer, fixture);
  auto step = px::test::make_args<px_step_args>();
  step.learning_rate = 1e-3;
  auto result = px::test::make_args<px_step_result>();
  EXPECT_EQ(px_trainer_step(trainer, &step, &result), PX_OK) << last_error();
  return metrics;
}

}  // namespace tiny
