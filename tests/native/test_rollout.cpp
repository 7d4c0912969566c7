// Caches that are paged, shared and bounded give every sequence the bits that it gets alone.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "kernels/attention/attention.h"
#include "model/families/family.h"
#include "model/formats/huggingface.h"
#include "rollout/generator.h"
#include "tiny_model.h"

namespace {

using tiny::Fixture;
using tiny::last_error;

constexpr int64_t kPage = px::kernels::kBlock;

// Random schedules and tokens of a usual run; more where the variable says so.
int64_t count_of(const char* variable, int64_t usual) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::atoll(text) : usual;
}

struct Plan {
  std::vector<int32_t> prompt;
  int64_t max_new_tokens = 1;
  double temperature = 1.0;
  int64_t top_k = 0;
  std::vector<int32_t> stops = {};
};

struct Drawn {
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;
  std::vector<float> entropies;
  int32_t finish = PX_FINISH_NONE;
};
using All = std::map<uint64_t, Drawn>;

// A generator whose events are gathered.
class Rollout {
 public:
  Rollout(const Fixture& fixture, int64_t max_batch, int64_t cache_bytes) {
    px_generator_options options{};
    options.struct_size = sizeof options;
    options.max_batch = max_batch;
    options.seed = 5;
    options.cache_bytes = cache_bytes;
    px_generator* generator = nullptr;
    EXPECT_EQ(px_generator_create(fixture.model.get(), &options, &generator), PX_OK) << last_error();
    generator_.reset(generator);
  }

  px_status submit(uint64_t id, const Plan& plan) {
    px_generate_request request{};
    request.struct_size = sizeof request;
    request.sample_id = id;
    request.prompt = plan.prompt.data();
    request.prompt_count = static_cast<int64_t>(plan.prompt.size());
    request.max_new_tokens = plan.max_new_tokens;
    request.temperature = plan.temperature;
    request.top_k = plan.top_k;
    request.stop_tokens = plan.stops.data();
    request.stop_count = static_cast<int64_t>(plan.stops.size());
    return px_generator_submit(generator_.get(), &request);
  }

  void cancel(uint64_t id) { EXPECT_EQ(px_generator_cancel(generator_.get(), id), PX_OK); }

  // False: nothing is unfinished.
  bool poll() {
    px_generation_event events[64];
    int64_t count = 0;
    EXPECT_EQ(px_generator_poll(generator_.get(), events, 64, &count), PX_OK) << last_error();
    for (int64_t i = 0; i < count; ++i) {
      Drawn& drawn = all[events[i].sample_id];
      EXPECT_EQ(drawn.finish, PX_FINISH_NONE);
      EXPECT_EQ(events[i].index, static_cast<int32_t>(drawn.tokens.size()));
      if (events[i].token >= 0) {
        drawn.tokens.push_back(events[i].token);
        drawn.logprobs.push_back(events[i].logprob);
        drawn.entropies.push_back(events[i].entropy);
      }
      drawn.finish = events[i].finish_reason;
    }
    return count > 0;
  }

  px_generator_counts counts() const {
    px_generator_counts counts{};
    EXPECT_EQ(px_generator_count(generator_.get(), &counts), PX_OK) << last_error();
    return counts;
  }

  All all;

 private:
  tiny::GeneratorHandle generator_;
};

struct Scores {
  std::vector<float> logprobs;
  std::vector<float> entropies;
};

// Of the response, by one scoring pass.
Scores scored(const Fixture& fixture, const Plan& plan, const Drawn& drawn) {
  tiny::Sequences sequences;
  std::vector<int32_t> tokens = plan.prompt;
  tokens.insert(tokens.end(), drawn.tokens.begin(), drawn.tokens.end());
  sequences.add(tokens);
  std::vector<float> logprobs(tokens.size()), entropies(tokens.size());
  px_score_args args{};
  args.struct_size = sizeof args;
  args.temperature = plan.temperature;
  args.logprob = logprobs.data();
  args.entropy = entropies.data();
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  const auto response = static_cast<ptrdiff_t>(plan.prompt.size());
  return {{logprobs.begin() + response, logprobs.end()}, {entropies.begin() + response, entropies.end()}};
}

px::Descriptor shape(px::FamilyId family) {
  px::Descriptor d = tiny::descriptor(true);
  d.context = 6 * kPage;
  d.family = family;
  switch (family) {
    case px::FamilyId::kMistral:
      d.windows = {kPage + 9, kPage + 9};
      break;
    case px::FamilyId::kQwen2:
      d.qkv_bias = true;
      d.windows = {0, 21};
      break;
    case px::FamilyId::kQwen3:
      d.head_norm = true;
      d.head_size = 6;
      break;
    case px::FamilyId::kGpt2: {
      const nlohmann::json json{{"model_type", "gpt2"}, {"vocab_size", 37},  {"n_embd", 16},
                                {"n_layer", 2},         {"n_head", 4},       {"n_positions", 6 * kPage}};
      return px::read_config(json.dump(), "config.json").descriptor;
    }
    default:
      d.rope = {1000.0, px::RopeScaling::kYarn, 4.0, 1.0, 4.0, 12, 3.0, 0.5, 1.3};
  }
  return d;
}

// An engine whose products and threads the environment says while it is made.
Fixture fixture_of(const px::Descriptor& shape, const char* products, int threads) {
  setenv("PROXIMAL_PRODUCTS", products, 1);
  Fixture fixture(PX_HEAD_LM, true, 7, shape, threads);
  unsetenv("PROXIMAL_PRODUCTS");
  return fixture;
}

int64_t page_bytes(const Fixture& fixture) {
  return static_cast<int64_t>(px::make_decoder(*fixture.model->model, 1)->bytes_of(1));
}

std::vector<int32_t> random_tokens(tiny::Random& random, int64_t count) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) tokens.push_back(random.below(37));
  return tokens;
}

// Prompts of which many begin alike: with nothing, with one of two texts, or as a whole like another.
Plan random_plan(tiny::Random& random, const std::vector<std::vector<int32_t>>& beginnings, const std::vector<Plan>& before) {
  Plan plan;
  if (!before.empty() && random.below(4) == 0) {
    plan = before[static_cast<size_t>(random.below(static_cast<int32_t>(before.size())))];
  } else {
    if (random.below(3) > 0) plan.prompt = beginnings[static_cast<size_t>(random.below(2))];
    const auto own = random_tokens(random, 1 + random.below(2 * kPage));
    plan.prompt.insert(plan.prompt.end(), own.begin(), own.end());
    if (random.below(5) == 0) plan.stops = {random.below(37), random.below(37)};
    plan.temperature = random.below(2) == 0 ? 1.0 : 0.6;
    plan.top_k = random.below(3) == 0 ? 4 : 0;
  }
  plan.max_new_tokens = 1 + random.below(kPage + 20);
  return plan;
}

// One schedule: sequences arrive and are cancelled while others run. Tokens are counted in `drawn`.
void run_schedule(const Fixture& fixture, uint64_t seed, px_generator_counts& sums) {
  tiny::Random random(seed);
  const std::vector<std::vector<int32_t>> beginnings{random_tokens(random, kPage + random.below(kPage)),
                                                     random_tokens(random, 2 * kPage)};
  const size_t count = 3 + static_cast<size_t>(random.below(8));
  std::vector<Plan> plans;
  for (size_t i = 0; i < count; ++i) plans.push_back(random_plan(random, beginnings, plans));
  // From what one sequence of the full context needs to what all need.
  const int64_t page = page_bytes(fixture);
  const int64_t cache = random.below(4) == 0 ? 0 : (6 + random.below(12)) * page;
  Rollout together(fixture, 1 + random.below(6), cache);
  std::vector<bool> cancelled(count);
  for (size_t i = 0; i < count; ++i) {
    ASSERT_EQ(together.submit(i, plans[i]), PX_OK) << last_error();
    for (int polls = random.below(3) == 0 ? random.below(30) : 0; polls > 0; --polls) together.poll();
    if (random.below(6) == 0) {
      const auto victim = static_cast<size_t>(random.below(static_cast<int32_t>(i) + 1));
      together.cancel(victim);
      cancelled[victim] = true;
    }
  }
  while (together.poll()) {
  }
  if (cache > 0) {
    ASSERT_LE(together.counts().cache_bytes, cache);  // pages are kept
  }
  const px_generator_counts counts = together.counts();
  sums.drawn_tokens += counts.drawn_tokens;
  sums.shared_tokens += counts.shared_tokens;
  sums.pauses += counts.pauses;

  for (size_t i = 0; i < count; ++i) {
    Rollout alone(fixture, 1, 0);
    ASSERT_EQ(alone.submit(i, plans[i]), PX_OK) << last_error();
    while (alone.poll()) {
    }
    const Drawn& expected = alone.all[i];
    const Drawn& got = together.all[i];
    if (got.finish == PX_FINISH_CANCELLED) {
      ASSERT_TRUE(cancelled[i]);
      ASSERT_LE(got.tokens.size(), expected.tokens.size());
      ASSERT_TRUE(std::equal(got.tokens.begin(), got.tokens.end(), expected.tokens.begin()));
      ASSERT_TRUE(std::equal(got.logprobs.begin(), got.logprobs.end(), expected.logprobs.begin()));
    } else {
      ASSERT_EQ(got.tokens, expected.tokens) << "schedule " << seed << ", sequence " << i;
      ASSERT_EQ(got.logprobs, expected.logprobs) << "schedule " << seed << ", sequence " << i;
      ASSERT_EQ(got.finish, expected.finish);
    }
    ASSERT_EQ(scored(fixture, plans[i], expected).logprobs, expected.logprobs)
        << "schedule " << seed << ", sequence " << i;
  }
}

constexpr px::FamilyId kFamilies[] = {px::FamilyId::kLlama, px::FamilyId::kMistral, px::FamilyId::kQwen2,
                                      px::FamilyId::kQwen3, px::FamilyId::kGpt2};

TEST(Rollout, EverySequenceOfARandomScheduleIsWhatItIsAlone) {
  const int64_t schedules = count_of("PROXIMAL_SCHEDULES", 60);
  px_generator_counts sums{};
  int64_t run = 0;
  for (const px::FamilyId family : kFamilies) {
    for (const char* products : {"f32", "bf16"}) {
      const Fixture fixture = fixture_of(shape(family), products, 1 + static_cast<int>(run % 2));
      for (const int64_t end = run + schedules / 10; run < end; ++run)
        ASSERT_NO_FATAL_FAILURE(run_schedule(fixture, static_cast<uint64_t>(1000 + run), sums));
    }
  }
  std::printf("[ observed ] %lld schedules: %lld tokens drawn, %lld shared, %lld pauses\n", static_cast<long long>(run),
              static_cast<long long>(sums.drawn_tokens), static_cast<long long>(sums.shared_tokens),
              static_cast<long long>(sums.pauses));
  EXPECT_GT(sums.shared_tokens, 0);
  EXPECT_GT(sums.pauses, 0);
}

// Runs the plans, `batch` at once; what sampling recorded is what scoring computes, bit for bit. Returns how many tokens.
int64_t expect_training_logprobs(const Fixture& sampler, const Fixture& scorer, const std::vector<Plan>& plans,
                                 int64_t batch, int64_t cache) {
  Rollout rollout(sampler, batch, cache);
  for (size_t i = 0; i < plans.size(); ++i) EXPECT_EQ(rollout.submit(i, plans[i]), PX_OK) << last_error();
  while (rollout.poll()) {
  }
  int64_t compared = 0;
  for (size_t i = 0; i < plans.size(); ++i) {
    const Scores scores = scored(scorer, plans[i], rollout.all[i]);
    EXPECT_EQ(scores.logprobs, rollout.all[i].logprobs) << "sequence " << i;
    EXPECT_EQ(scores.entropies, rollout.all[i].entropies) << "sequence " << i;
    compared += static_cast<int64_t>(rollout.all[i].tokens.size());
  }
  std::printf("[ observed ] %lld at once: %lld log-probs compared, %lld pauses\n", static_cast<long long>(batch),
              static_cast<long long>(compared), static_cast<long long>(rollout.counts().pauses));
  return compared;
}

// Many at once and one at a time, threads 1 and 2.
TEST(Rollout, ASampledLogProbIsTheTrainingLogProb) {
  const int64_t tokens = count_of("PROXIMAL_SAMPLED_TOKENS", 4000);
  for (const char* products : {"f32", "bf16"}) {
    for (const int64_t batch : {int64_t{64}, int64_t{1}}) {
      const int64_t wanted = batch == 1 ? tokens / 20 : tokens;
      int64_t compared = 0;
      for (int turn = 0; compared < wanted; ++turn) {
        const px::FamilyId family = kFamilies[static_cast<size_t>(turn) % std::size(kFamilies)];
        const Fixture sampler = fixture_of(shape(family), products, 1 + turn % 2);
        const Fixture scorer = fixture_of(shape(family), products, 2 - turn % 2);
        tiny::Random random(static_cast<uint64_t>(turn) + 77);
        const std::vector<std::vector<int32_t>> beginnings{random_tokens(random, kPage + 5), random_tokens(random, kPage)};
        std::vector<Plan> plans;
        for (int i = 0; i < (batch == 1 ? 2 : 80); ++i) plans.push_back(random_plan(random, beginnings, plans));
        compared += expect_training_logprobs(sampler, scorer, plans, batch, batch == 1 ? 0 : 80 * page_bytes(sampler));
        ASSERT_FALSE(HasFailure()) << products << ", turn " << turn;
      }
    }
  }
}

// Layers of SmolLM2-135M, whose products take paths that a small model's do not: many panels, wide heads.
Fixture fixture_of_135m(const char* products, int threads, int64_t layers) {
  px::Descriptor d = tiny::descriptor(true);
  d.vocabulary = 49152;
  d.hidden = 576;
  d.intermediate = 1536;
  d.layers = layers;
  d.heads = 9;
  d.kv_heads = 3;
  d.head_size = 64;
  d.context = 1024;
  Fixture fixture = fixture_of(d, products, threads);
  // The fixture's matrices are a small model's: at this width they would leave one token all the probability.
  px::Weights& weights = *fixture.weights->weights;
  for (const px::TensorSpec& tensor : weights.tensors())
    for (int64_t i = 0; i < tensor.elements && tensor.shape.size() > 1; ++i) weights.data()[tensor.offset + i] *= 0.1f;
  weights.raise_version();
  return fixture;
}

TEST(Rollout, ASampledLogProbIsTheTrainingLogProbOn135M) {
  // All thirty layers where the variable asks for long sequences of many; else a few layers, and short ones.
  const int64_t tokens = count_of("PROXIMAL_SAMPLED_TOKENS_135M", 128);
  const bool whole = tokens >= 16'000;
  const int64_t length = whole ? 250 : 4, layers = whole ? 30 : 3;
  for (const char* products : {"f32", "bf16"}) {
    const Fixture sampler = fixture_of_135m(products, 2, layers);
    const Fixture scorer = fixture_of_135m(products, 1, layers);
    tiny::Random random(5);
    const std::vector<int32_t> beginning = random_tokens(random, kPage + 5);
    for (const int64_t batch : {int64_t{64}, int64_t{1}}) {
      std::vector<Plan> plans;
      const int64_t wanted = batch == 1 ? tokens / 20 : tokens;
      for (int64_t drawn = 0; drawn < wanted; drawn += length) {
        Plan plan{beginning, length};
        if (random.below(4) > 0) plan.prompt = random_tokens(random, 1 + random.below(kPage));
        plan.temperature = random.below(2) == 0 ? 1.0 : 0.6;
        plans.push_back(plan);
      }
      // Less than what 64 long sequences need: some pause.
      const int64_t cache = batch == 1 ? 0 : 200 * page_bytes(sampler);
      EXPECT_GE(expect_training_logprobs(sampler, scorer, plans, batch, cache), wanted);
      ASSERT_FALSE(HasFailure()) << products << ", " << batch << " at once";
    }
  }
}

TEST(Rollout, WhatSequencesHaveInCommonIsComputedOnce) {
  const Fixture fixture = fixture_of(shape(px::FamilyId::kLlama), "f32", 1);
  tiny::Random random(3);
  const auto prompt = random_tokens(random, 2 * kPage + 7);
  Rollout rollout(fixture, 8, 0);
  for (uint64_t id = 0; id < 5; ++id) ASSERT_EQ(rollout.submit(id, {prompt, 2}), PX_OK) << last_error();
  rollout.poll();
  EXPECT_EQ(rollout.counts().computed_tokens, 2 * kPage + 7) << "samples of one prompt that begin together";
  EXPECT_EQ(rollout.counts().shared_tokens, 4 * (2 * kPage + 7));
  // Later, with another end: the full pages are there, though the first sequences are gone.
  while (rollout.poll()) {
  }
  const int64_t computed = rollout.counts().computed_tokens;
  auto other = prompt;
  other.back() = (other.back() + 1) % 37;
  ASSERT_EQ(rollout.submit(9, {other, 1}), PX_OK) << last_error();
  rollout.poll();
  EXPECT_EQ(rollout.counts().computed_tokens, computed + 7);
}

TEST(Rollout, OtherWeightsShareNothingWithEarlierOnes) {
  Fixture fixture = fixture_of(shape(px::FamilyId::kLlama), "f32", 1);
  tiny::Random random(3);
  const Plan plan{random_tokens(random, 2 * kPage + 7), 3};
  Rollout rollout(fixture, 8, 0);
  ASSERT_EQ(rollout.submit(1, plan), PX_OK) << last_error();
  while (rollout.poll()) {
  }
  tiny::randomise(*fixture.weights->weights, 99);
  fixture.weights->weights->raise_version();
  ASSERT_EQ(rollout.submit(2, plan), PX_OK) << last_error();
  while (rollout.poll()) {
  }
  EXPECT_EQ(rollout.counts().shared_tokens, 0);
  EXPECT_EQ(rollout.all[2].logprobs, scored(fixture, plan, rollout.all[2]).logprobs);
}

TEST(Rollout, ARequestThatCanNeverFitIsRefusedAndOneThatJustFitsRuns) {
  const Fixture fixture = fixture_of(shape(px::FamilyId::kLlama), "f32", 1);
  Rollout rollout(fixture, 4, 2 * page_bytes(fixture));
  tiny::Random random(3);
  const Plan fits{random_tokens(random, kPage), kPage};
  const Plan beyond{random_tokens(random, kPage), kPage + 1};
  EXPECT_EQ(rollout.submit(1, beyond), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("options.cache_bytes"), std::string::npos) << last_error();
  ASSERT_EQ(rollout.submit(1, fits), PX_OK) << last_error();
  ASSERT_EQ(rollout.submit(2, fits), PX_OK) << last_error();
  while (rollout.poll()) {
  }
  EXPECT_EQ(rollout.all[1].tokens.size(), static_cast<size_t>(kPage));
  EXPECT_EQ(rollout.all[2].logprobs, scored(fixture, fits, rollout.all[2]).logprobs);
  EXPECT_EQ(rollout.counts().cache_bytes, 2 * page_bytes(fixture));
}

// The other backend pauses sequences too; its bits depend on the company.
TEST(Rollout, LibTorchsCachesHaveALimit) {
  setenv("PROXIMAL_BACKEND", "torch", 1);
  const Fixture fixture(PX_HEAD_LM, true, 7, shape(px::FamilyId::kLlama));
  unsetenv("PROXIMAL_BACKEND");
  const int64_t cache = 5 * page_bytes(fixture);
  Rollout rollout(fixture, 4, cache);
  tiny::Random random(3);
  const Plan plan{random_tokens(random, kPage - 5), kPage};
  for (uint64_t id = 0; id < 4; ++id) ASSERT_EQ(rollout.submit(id, plan), PX_OK) << last_error();
  while (rollout.poll()) ASSERT_LE(rollout.counts().cache_bytes, cache);
  EXPECT_GT(rollout.counts().pauses, 0);
  for (uint64_t id = 0; id < 4; ++id) {
    const Drawn& drawn = rollout.all[id];
    ASSERT_EQ(drawn.tokens.size(), static_cast<size_t>(kPage));
    const Scores scores = scored(fixture, plan, drawn);
    for (size_t i = 0; i < drawn.tokens.size(); ++i) {
      EXPECT_NEAR(drawn.logprobs[i], scores.logprobs[i], 1e-5);
      EXPECT_NEAR(drawn.entropies[i], scores.entropies[i], 1e-5);
    }
  }
}

}  // namespace
