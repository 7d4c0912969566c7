// What is drawn, what it depends on, who runs when, and everything that is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>
#include <map>
#include <set>
#include <thread>

#include "base/error.h"
#include "kernels/sample/sample.h"
#include "rollout/generator.h"
#include "tiny_model.h"

namespace {

using tiny::Fixture;
using tiny::last_error;

struct Response {
  std::vector<int32_t> tokens;
  std::vector<float> logprobs;
  int32_t finish = PX_FINISH_NONE;
};
using Responses = std::map<uint64_t, Response>;

tiny::GeneratorHandle make_generator(const Fixture& fixture, int64_t max_batch = 0, uint64_t seed = 1) {
  px_generator_options options{};
  options.struct_size = sizeof options;
  options.max_batch = max_batch;
  options.seed = seed;
  px_generator* generator = nullptr;
  EXPECT_EQ(px_generator_create(fixture.model.get(), &options, &generator), PX_OK) << last_error();
  return tiny::GeneratorHandle(generator);
}

px_generate_request request_of(uint64_t id, const std::vector<int32_t>& prompt, int64_t max_new_tokens) {
  px_generate_request request{};
  request.struct_size = sizeof request;
  request.sample_id = id;
  request.prompt = prompt.data();
  request.prompt_count = static_cast<int64_t>(prompt.size());
  request.max_new_tokens = max_new_tokens;
  return request;
}

void submit(px_generator* generator, const px_generate_request& request) {
  ASSERT_EQ(px_generator_submit(generator, &request), PX_OK) << last_error();
}

std::vector<px_generation_event> poll(px_generator* generator, int64_t capacity = 256) {
  std::vector<px_generation_event> events(static_cast<size_t>(capacity));
  int64_t count = -1;
  EXPECT_EQ(px_generator_poll(generator, events.data(), capacity, &count), PX_OK) << last_error();
  events.resize(static_cast<size_t>(std::max<int64_t>(count, 0)));
  return events;
}

void add(Responses& responses, const px_generation_event& event) {
  Response& response = responses[event.sample_id];
  EXPECT_EQ(response.finish, PX_FINISH_NONE) << "an event after the last one";
  EXPECT_EQ(event.index, static_cast<int32_t>(response.tokens.size()));
  if (event.token >= 0) {
    response.tokens.push_back(event.token);
    response.logprobs.push_back(event.logprob);
  }
  response.finish = event.finish_reason;
}

void drain_into(Responses& responses, px_generator* generator, int64_t capacity = 256) {
  for (auto events = poll(generator, capacity); !events.empty(); events = poll(generator, capacity))
    for (const auto& event : events) add(responses, event);
}

Responses drain(px_generator* generator, int64_t capacity = 256) {
  Responses responses;
  drain_into(responses, generator, capacity);
  return responses;
}

// log-prob of the last token of each sequence.
std::vector<float> last_logprobs(const Fixture& fixture, const tiny::Sequences& sequences, double temperature) {
  std::vector<float> all(static_cast<size_t>(sequences.count()));
  px_score_args args{};
  args.struct_size = sizeof args;
  args.temperature = temperature;
  args.logprob = all.data();
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  std::vector<float> last;
  for (size_t s = 1; s < sequences.offsets.size(); ++s)
    last.push_back(all[static_cast<size_t>(sequences.offsets[s]) - 1]);
  return last;
}

// The log-probs of the response under one full pass.
std::vector<float> scored(const Fixture& fixture, std::vector<int32_t> prompt, const Response& response,
                          double temperature) {
  tiny::Sequences sequences;
  const auto begin = static_cast<ptrdiff_t>(prompt.size());
  prompt.insert(prompt.end(), response.tokens.begin(), response.tokens.end());
  sequences.add(prompt);
  std::vector<float> all(prompt.size());
  px_score_args args{};
  args.struct_size = sizeof args;
  args.temperature = temperature;
  args.logprob = all.data();
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  return {all.begin() + begin, all.end()};
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0.0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return largest;
}

std::vector<std::vector<int32_t>> random_prompts(size_t count, uint64_t seed) {
  tiny::Random random(seed);
  std::vector<std::vector<int32_t>> prompts;
  for (size_t i = 0; i < count; ++i) {
    prompts.emplace_back();
    for (int32_t length = 1 + random.below(9); length > 0; --length) prompts.back().push_back(random.below(37));
  }
  return prompts;
}

TEST(Generator, GreedyIsTheArgmaxOfFullPasses) {
  Fixture fixture(PX_HEAD_LM, false);
  const auto generator = make_generator(fixture, 2);
  const std::vector<std::vector<int32_t>> prompts{{3}, {1, 2, 3}, {30, 1, 22, 9, 9, 14, 0, 36}};
  for (size_t i = 0; i < prompts.size(); ++i) {
    px_generate_request request = request_of(i, prompts[i], 10);
    request.flags = PX_GENERATE_GREEDY;
    submit(generator.get(), request);
  }
  const Responses responses = drain(generator.get());
  ASSERT_EQ(responses.size(), prompts.size());
  double largest = 0.0;
  for (const auto& [id, response] : responses) {
    EXPECT_EQ(response.tokens.size(), 10u);
    EXPECT_EQ(response.finish, PX_FINISH_LENGTH);
    std::vector<int32_t> sequence = prompts[id];
    for (size_t i = 0; i < response.tokens.size(); ++i) {
      tiny::Sequences candidates;  // the sequence with each token of the vocabulary after it
      for (int32_t token = 0; token < 37; ++token) {
        sequence.push_back(token);
        candidates.add(sequence);
        sequence.pop_back();
      }
      const std::vector<float> logprobs = last_logprobs(fixture, candidates, 1.0);
      const auto best = std::ranges::max_element(logprobs);
      EXPECT_EQ(response.tokens[i], static_cast<int32_t>(best - logprobs.begin()))
          << "sequence " << id << " token " << i;
      largest = std::max(largest, std::abs(static_cast<double>(response.logprobs[i]) - static_cast<double>(*best)));
      sequence.push_back(response.tokens[i]);
    }
  }
  std::printf("[ observed ] largest difference of log-probs: %.2e\n", largest);
  EXPECT_EQ(largest, 0.0);
}

TEST(Generator, RecordsTheLogProbOfTheTrainingDefinition) {
  Fixture fixture;
  const auto generator = make_generator(fixture, 5);
  const auto prompts = random_prompts(24, 31);
  for (size_t i = 0; i < prompts.size(); ++i) {
    px_generate_request request = request_of(i, prompts[i], 30);
    request.temperature = 0.7;
    request.top_k = i % 2 == 0 ? 0 : 5;
    request.top_p = i % 3 == 0 ? 0.0 : 0.8;
    request.min_p = i % 4 == 0 ? 0.0 : 0.05;
    submit(generator.get(), request);
  }
  double largest = 0.0;
  for (const auto& [id, response] : drain(generator.get()))
    largest = std::max(largest, largest_difference(response.logprobs, scored(fixture, prompts[id], response, 0.7)));
  std::printf("[ observed ] largest difference between sampling and scoring: %.2e\n", largest);
  EXPECT_EQ(largest, 0.0);
}

// What is drawn for `prompts` when they are submitted in `order`, a third of them while others run.
Responses sample(const Fixture& fixture, const std::vector<std::vector<int32_t>>& prompts,
                 const std::vector<size_t>& order, int64_t max_batch, uint64_t seed = 1) {
  const auto generator = make_generator(fixture, max_batch, seed);
  Responses responses;
  for (size_t i = 0; i < order.size(); ++i) {
    submit(generator.get(), request_of(1000 + order[i], prompts[order[i]], 12));
    if (i >= 2 * order.size() / 3)
      for (const auto& event : poll(generator.get())) add(responses, event);
  }
  drain_into(responses, generator.get());
  return responses;
}

TEST(Generator, WhatIsDrawnDependsOnSeedAndIdAndNotOnTheBatch) {
  Fixture fixture;
  const auto prompts = random_prompts(21, 32);
  std::vector<size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const Responses expected = sample(fixture, prompts, order, 64);
  ASSERT_EQ(expected.size(), prompts.size());
  double largest = 0.0;
  for (const int64_t max_batch : {1, 3, 64}) {
    for (const bool reversed : {false, true}) {
      std::vector<size_t> turned = order;
      if (reversed) std::ranges::reverse(turned);
      for (const auto& [id, response] : sample(fixture, prompts, turned, max_batch)) {
        EXPECT_EQ(response.tokens, expected.at(id).tokens)
            << "sample " << id << ", at most " << max_batch << " at a time";
        largest = std::max(largest, largest_difference(response.logprobs, expected.at(id).logprobs));
      }
    }
  }
  std::printf("[ observed ] largest difference of log-probs between batches: %.2e\n", largest);
  EXPECT_EQ(largest, 0.0);

  size_t same = 0;
  for (const auto& [id, response] : sample(fixture, prompts, order, 64, 2))
    same += response.tokens == expected.at(id).tokens;
  EXPECT_LT(same, prompts.size() / 4) << "another seed draws other tokens";
  const auto twins = std::vector<std::vector<int32_t>>(21, prompts[0]);
  std::set<std::vector<int32_t>> distinct;
  for (const auto& [id, response] : sample(fixture, twins, order, 64)) distinct.insert(response.tokens);
  EXPECT_GT(distinct.size(), 15u) << "another id draws other tokens";
}

TEST(Generator, AWaitingSequenceTakesTheFreeSlotInTheNextPoll) {
  Fixture fixture;
  const auto generator = make_generator(fixture, 2);
  const std::vector<int32_t> prompt{1, 2, 3};
  submit(generator.get(), request_of(10, prompt, 1));
  submit(generator.get(), request_of(11, prompt, 5));
  submit(generator.get(), request_of(12, prompt, 5));
  std::vector<std::vector<uint64_t>> ids;
  for (auto events = poll(generator.get()); !events.empty(); events = poll(generator.get())) {
    ids.emplace_back();
    for (const auto& event : events) ids.back().push_back(event.sample_id);
    std::ranges::sort(ids.back());
  }
  const std::vector<std::vector<uint64_t>> expected{{10, 11}, {11, 12}, {11, 12}, {11, 12}, {11, 12}, {12}};
  EXPECT_EQ(ids, expected);
}

TEST(Generator, StopsAfterAStopTokenWhichIsItsLast) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  const std::vector<int32_t> prompt{4, 5};
  submit(generator.get(), request_of(1, prompt, 20));
  const Response free = drain(generator.get()).at(1);
  ASSERT_EQ(free.tokens.size(), 20u);
  const int32_t stop = free.tokens[6];
  const auto first = std::ranges::find(free.tokens, stop) - free.tokens.begin();
  const std::vector<int32_t> stops{stop};
  for (const int64_t limit : {int64_t{20}, first + 1}) {  // at the limit, too, it is the stop token that ends it
    px_generate_request request = request_of(1, prompt, limit);
    request.stop_tokens = stops.data();
    request.stop_count = 1;
    submit(generator.get(), request);
    const Response stopped = drain(generator.get()).at(1);
    EXPECT_EQ(stopped.finish, PX_FINISH_STOP);
    EXPECT_EQ(stopped.tokens, std::vector<int32_t>(free.tokens.begin(), free.tokens.begin() + first + 1));
  }
}

TEST(Generator, EndsAtTheModelsContext) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  for (const size_t length : {45u, 47u}) {
    const std::vector<int32_t> prompt(length, 2);
    submit(generator.get(), request_of(length, prompt, std::numeric_limits<int64_t>::max()));
    const Response response = drain(generator.get()).at(length);
    EXPECT_EQ(response.tokens.size(), 48 - length);
    EXPECT_EQ(response.finish, PX_FINISH_LENGTH);
    EXPECT_EQ(largest_difference(response.logprobs, scored(fixture, prompt, response, 1.0)), 0.0);
  }
  const std::vector<int32_t> full(48, 2);
  const px_generate_request request = request_of(1, full, 1);
  EXPECT_EQ(px_generator_submit(generator.get(), &request), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("expected 1 to 47"), std::string::npos) << last_error();
}

TEST(Generator, CancelEndsWaitingAndRunningSequencesAndNoOthers) {
  Fixture fixture;
  const auto generator = make_generator(fixture, 2);
  const std::vector<int32_t> prompt{7, 8};
  for (uint64_t id = 0; id < 4; ++id) submit(generator.get(), request_of(id, prompt, 6));
  Responses responses;
  for (int i = 0; i < 2; ++i)
    for (const auto& event : poll(generator.get())) add(responses, event);
  EXPECT_EQ(fixture.unfinished(), 4);
  for (const uint64_t id : {1u, 3u, 99u, 3u}) EXPECT_EQ(px_generator_cancel(generator.get(), id), PX_OK);
  const auto events = poll(generator.get());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].sample_id, 1u);
  EXPECT_EQ(events[0].token, -1);
  EXPECT_EQ(events[0].index, 2);
  EXPECT_EQ(events[0].finish_reason, PX_FINISH_CANCELLED);
  EXPECT_EQ(events[1].sample_id, 3u);
  EXPECT_EQ(events[1].index, 0);
  EXPECT_EQ(fixture.unfinished(), 2);
  EXPECT_EQ(responses.at(1).tokens.size(), 2u);
  responses.erase(1);
  submit(generator.get(), request_of(1, prompt, 6));  // the id is free again
  drain_into(responses, generator.get());
  EXPECT_EQ(fixture.unfinished(), 0);
  EXPECT_EQ(responses.at(0).tokens.size(), 6u);
  EXPECT_EQ(responses.at(2).tokens.size(), 6u);
  EXPECT_EQ(responses.at(1).tokens.size(), 6u);
  EXPECT_EQ(responses.at(1).finish, PX_FINISH_LENGTH);
  EXPECT_FALSE(responses.contains(3));
  EXPECT_EQ(px_generator_cancel(generator.get(), 0), PX_OK) << "long gone";
  EXPECT_TRUE(poll(generator.get()).empty());
}

TEST(Generator, ACancelThatComesTooLateDoesNotHitTheNextOfTheSameId) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  const std::vector<int32_t> prompt{7, 8};
  submit(generator.get(), request_of(1, prompt, 1));
  submit(generator.get(), request_of(2, prompt, 3));
  auto events = poll(generator.get(), 1);  // the event that ends 1; that of 2 waits
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].sample_id, 1u);
  EXPECT_EQ(px_generator_cancel(generator.get(), 1), PX_OK);
  submit(generator.get(), request_of(1, prompt, 2));
  const Responses responses = drain(generator.get());
  EXPECT_EQ(responses.at(1).finish, PX_FINISH_LENGTH);
  EXPECT_EQ(responses.at(1).tokens.size(), 2u);
  EXPECT_EQ(responses.at(2).tokens.size(), 3u);
}

TEST(Generator, AnIdIsInUseUntilItsLastEventIsPolled) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  const std::vector<int32_t> prompt{1};
  submit(generator.get(), request_of(5, prompt, 2));
  submit(generator.get(), request_of(6, prompt, 2));
  const px_generate_request again = request_of(6, prompt, 2);
  EXPECT_EQ(px_generator_submit(generator.get(), &again), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("request.sample_id"), std::string::npos) << last_error();
  for (int i = 0; i < 3; ++i) poll(generator.get(), 1);  // all but the last event of 6, which has been drawn
  EXPECT_EQ(px_generator_submit(generator.get(), &again), PX_INVALID_ARGUMENT);
  EXPECT_EQ(fixture.unfinished(), 1);
  EXPECT_EQ(poll(generator.get(), 1).at(0).finish_reason, PX_FINISH_LENGTH);
  EXPECT_EQ(fixture.unfinished(), 0);
  submit(generator.get(), again);
  drain(generator.get());
}

TEST(Generator, HandsOutEventsInTheCallersPortions) {
  Fixture fixture;
  const auto prompts = random_prompts(7, 33);
  Responses by_capacity[2];
  for (const int64_t capacity : {1, 256}) {
    const auto generator = make_generator(fixture, 4);
    for (size_t i = 0; i < prompts.size(); ++i) submit(generator.get(), request_of(i, prompts[i], 5));
    by_capacity[capacity == 1] = drain(generator.get(), capacity);
  }
  ASSERT_EQ(by_capacity[0].size(), prompts.size());
  for (const auto& [id, response] : by_capacity[0]) EXPECT_EQ(response.tokens, by_capacity[1].at(id).tokens);
}

TEST(Generator, WithoutSequencesThereIsNothingToPoll) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  EXPECT_TRUE(poll(generator.get()).empty());
}

TEST(Generator, ARowWithoutFiniteLogitsEndsAloneWithAnError) {
  Fixture fixture(PX_HEAD_LM, false);
  const auto generator = make_generator(fixture);
  const std::vector<int32_t> good{1, 2};
  const std::vector<int32_t> bad{1, 5};
  tiny::set_parameter(fixture, 5 * fixture.shape().hidden, std::numeric_limits<float>::quiet_NaN());
  submit(generator.get(), request_of(0, good, 1));
  submit(generator.get(), request_of(1, bad, 4));
  submit(generator.get(), request_of(2, good, 1));
  const Responses responses = drain(generator.get());
  EXPECT_EQ(responses.at(0).finish, PX_FINISH_LENGTH);
  EXPECT_EQ(responses.at(1).finish, PX_FINISH_ERROR);
  EXPECT_TRUE(responses.at(1).tokens.empty());
  EXPECT_EQ(responses.at(2).finish, PX_FINISH_LENGTH);
  EXPECT_TRUE(std::isfinite(responses.at(2).logprobs.at(0)));
  EXPECT_EQ(fixture.unfinished(), 0);
}

TEST(Generator, ATrainerWaitsForUnfinishedSequencesAndThenChangesWhatIsDrawn) {
  Fixture fixture;
  auto generator = make_generator(fixture);
  px_trainer* created = nullptr;
  ASSERT_EQ(px_trainer_create(fixture.model.get(), nullptr, &created), PX_OK) << last_error();
  const tiny::TrainerHandle trainer(created);
  const auto sequences = tiny::random_sequences({8, 8}, 37, 4);
  const px_batch batch = sequences.batch();
  px_objective objective{};
  objective.struct_size = sizeof objective;
  objective.kind = PX_OBJECTIVE_CROSS_ENTROPY;
  objective.normalizer = 14.0;
  ASSERT_EQ(px_trainer_accumulate(trainer.get(), &batch, &objective, nullptr), PX_OK) << last_error();
  px_step_args args{};
  args.struct_size = sizeof args;
  args.learning_rate = 0.05;

  const std::vector<int32_t> prompt{9, 10};
  submit(generator.get(), request_of(1, prompt, 3));
  const int64_t before = fixture.weights->weights->version();
  EXPECT_EQ(px_trainer_step(trainer.get(), &args, nullptr), PX_INVALID_STATE);
  EXPECT_NE(last_error().find("1 unfinished sequences"), std::string::npos) << last_error();
  EXPECT_EQ(fixture.weights->weights->version(), before);
  const Response old = drain(generator.get()).at(1);
  EXPECT_EQ(px_trainer_step(trainer.get(), &args, nullptr), PX_OK) << last_error();
  submit(generator.get(), request_of(1, prompt, 3));
  const Response fresh = drain(generator.get()).at(1);
  EXPECT_NE(fresh.logprobs, old.logprobs);
  EXPECT_EQ(largest_difference(fresh.logprobs, scored(fixture, prompt, fresh, 1.0)), 0.0);

  submit(generator.get(), request_of(1, prompt, 3));
  poll(generator.get());
  submit(generator.get(), request_of(2, prompt, 3));
  EXPECT_EQ(fixture.unfinished(), 2);
  generator.reset();
  EXPECT_EQ(fixture.unfinished(), 0) << "releasing a generator cancels what is unfinished";
  EXPECT_EQ(px_trainer_step(trainer.get(), &args, nullptr), PX_OK) << last_error();
}

TEST(Generator, SubmitAndCancelDoNotWaitForAStepAndASecondPollerIsRefused) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  const std::vector<int32_t> prompt{1, 2};
  submit(generator.get(), request_of(0, prompt, 2));
  std::promise<void> go;
  std::promise<void> blocked;
  std::thread engine_user([&] {
    fixture.engine->engine->run([&] {
      blocked.set_value();
      go.get_future().wait();
    });
  });
  blocked.get_future().wait();

  // One of the two polls waits for the engine, so the other one is refused.
  std::atomic<int> refused{0};
  Responses responses;
  const auto one_poll = [&] {
    px_generation_event events[4];
    int64_t count = 0;
    const px_status status = px_generator_poll(generator.get(), events, 4, &count);
    if (status == PX_INVALID_STATE) {
      ++refused;
      refused.notify_one();
    } else {
      EXPECT_EQ(status, PX_OK);
      for (int64_t i = 0; i < count; ++i) add(responses, events[i]);
    }
  };
  std::thread first(one_poll);
  std::thread second(one_poll);
  refused.wait(0);
  submit(generator.get(), request_of(1, prompt, 2));
  submit(generator.get(), request_of(2, prompt, 2));
  EXPECT_EQ(px_generator_cancel(generator.get(), 2), PX_OK);
  go.set_value();
  for (std::thread* thread : {&engine_user, &first, &second}) thread->join();
  EXPECT_EQ(refused, 1);
  drain_into(responses, generator.get());
  EXPECT_EQ(responses.at(0).tokens.size(), 2u);
  EXPECT_EQ(responses.at(1).tokens.size(), 2u);
  EXPECT_EQ(responses.at(2).finish, PX_FINISH_CANCELLED);
}

TEST(Generator, ManyThreadsSubmitAndCancelWhileOnePolls) {
  Fixture fixture;
  constexpr size_t kThreads = 4;
  constexpr size_t kEach = 40;
  const auto prompts = random_prompts(kThreads * kEach, 34);
  Responses alone;
  {
    const auto generator = make_generator(fixture, 64);
    for (size_t i = 0; i < prompts.size(); ++i) submit(generator.get(), request_of(i, prompts[i], 6));
    alone = drain(generator.get());
  }
  const auto generator = make_generator(fixture, 8);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (size_t i = t * kEach; i < (t + 1) * kEach; ++i) {
        submit(generator.get(), request_of(i, prompts[i], 6));
        if (i % 3 == 0) {
          EXPECT_EQ(px_generator_cancel(generator.get(), i), PX_OK);
        }
      }
    });
  Responses responses;
  size_t finished = 0;
  while (finished < prompts.size()) {
    for (const auto& event : poll(generator.get(), 16)) {
      add(responses, event);
      finished += event.finish_reason != PX_FINISH_NONE;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(poll(generator.get()).empty());
  EXPECT_EQ(fixture.unfinished(), 0);
  size_t complete = 0;
  for (const auto& [id, response] : responses) {
    const std::vector<int32_t>& expected = alone.at(id).tokens;
    if (response.finish == PX_FINISH_CANCELLED) {
      EXPECT_EQ(id % 3, 0u);
      EXPECT_TRUE(std::equal(response.tokens.begin(), response.tokens.end(), expected.begin()));
    } else {
      EXPECT_EQ(response.tokens, expected) << "sample " << id;
      ++complete;
    }
  }
  EXPECT_GE(complete, prompts.size() * 2 / 3);
}

TEST(Generator, CountsItsCachesAndOutlivesTheHandlesItWasMadeFrom) {
  const int64_t before = px_live_handles(PX_HANDLE_GENERATOR);
  tiny::GeneratorHandle generator;
  tiny::EngineHandle engine;
  const auto cache_bytes = [&] {
    px_memory_stats stats{};
    stats.struct_size = sizeof stats;
    EXPECT_EQ(px_engine_memory(engine.get(), &stats), PX_OK);
    return stats.cache_bytes;
  };
  {
    Fixture fixture;
    generator = make_generator(fixture);
    engine = std::move(fixture.engine);
  }
  EXPECT_EQ(px_live_handles(PX_HANDLE_GENERATOR), before + 1);
  EXPECT_EQ(cache_bytes(), 0u);
  const std::vector<int32_t> prompt{1, 2};
  submit(generator.get(), request_of(0, prompt, 4));
  EXPECT_EQ(drain(generator.get()).at(0).tokens.size(), 4u);
  EXPECT_GT(cache_bytes(), 0u);
  submit(generator.get(), request_of(0, prompt, 4));
  generator.reset();
  px_generator_release(nullptr);
  EXPECT_EQ(cache_bytes(), 0u);
  EXPECT_EQ(px_live_handles(PX_HANDLE_GENERATOR), before);
}

TEST(Generator, BadRequestsAndOptionsAreRefused) {
  Fixture fixture;
  const auto generator = make_generator(fixture);
  const std::vector<int32_t> prompt{1, 2, 3};
  const std::vector<int32_t> foreign{1, 37};
  const std::vector<int32_t> negative{-1};
  const auto refused = [&](auto change, const char* what) {
    px_generate_request request = request_of(1, prompt, 4);
    change(request);
    EXPECT_EQ(px_generator_submit(generator.get(), &request), PX_INVALID_ARGUMENT) << what;
    EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  };
  refused([](auto& r) { r.prompt = nullptr; }, "request.prompt");
  refused([](auto& r) { r.prompt_count = 0; }, "request.prompt_count");
  refused([](auto& r) { r.prompt_count = -5; }, "request.prompt_count");
  refused([](auto& r) { r.prompt_count = std::numeric_limits<int64_t>::max(); }, "request.prompt_count");
  refused([&](auto& r) { r.prompt = foreign.data(), r.prompt_count = 2; }, "request.prompt[1]: expected 0 to 36");
  refused([&](auto& r) { r.prompt = negative.data(), r.prompt_count = 1; }, "request.prompt[0]");
  refused([](auto& r) { r.max_new_tokens = 0; }, "request.max_new_tokens");
  refused([](auto& r) { r.temperature = -1.0; }, "request.temperature");
  refused([](auto& r) { r.temperature = std::nan(""); }, "request.temperature");
  refused([](auto& r) { r.top_k = -1; }, "request.top_k");
  refused([](auto& r) { r.top_p = 1.5; }, "request.top_p");
  refused([](auto& r) { r.min_p = -0.1; }, "request.min_p");
  refused([](auto& r) { r.stop_count = 1; }, "request.stop_tokens");
  refused([](auto& r) { r.stop_count = std::numeric_limits<int64_t>::max(); }, "request.stop_count");
  refused([&](auto& r) { r.stop_tokens = negative.data(), r.stop_count = 1; }, "request.stop_tokens[0]");
  refused([](auto& r) { r.flags = 2; }, "request.flags");
  EXPECT_EQ(fixture.unfinished(), 0);

  px_generator* created = nullptr;
  px_generator_options options{};
  options.struct_size = sizeof options;
  for (const int64_t batch : {int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    options.max_batch = batch;
    EXPECT_EQ(px_generator_create(fixture.model.get(), &options, &created), PX_INVALID_ARGUMENT);
  }
  options.max_batch = 1;
  options.cache_bytes = -1;
  EXPECT_EQ(px_generator_create(fixture.model.get(), &options, &created), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("options.cache_bytes"), std::string::npos) << last_error();
  const tiny::ModelHandle scalar = fixture.make_model(PX_HEAD_SCALAR);
  EXPECT_EQ(px_generator_create(scalar.get(), nullptr, &created), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("language-model head"), std::string::npos) << last_error();
  EXPECT_EQ(created, nullptr);
}

TEST(Generator, NullsAndForeignStructSizesAreRefused) {
  Fixture fixture;
  const auto owned = make_generator(fixture);
  px_generator* generator = owned.get();
  const std::vector<int32_t> prompt{1};
  px_generate_request request = request_of(1, prompt, 1);
  px_generation_event event{};
  int64_t count = 0;
  px_generator* created = nullptr;
  EXPECT_EQ(px_generator_create(nullptr, nullptr, &created), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_create(fixture.model.get(), nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_submit(nullptr, &request), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_submit(generator, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_poll(nullptr, &event, 1, &count), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_poll(generator, nullptr, 1, &count), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_poll(generator, &event, 1, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_poll(generator, &event, 0, &count), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_poll(generator, &event, -3, &count), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_cancel(nullptr, 1), PX_INVALID_ARGUMENT);
  px_generator_counts counts{};
  EXPECT_EQ(px_generator_count(nullptr, &counts), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_generator_count(generator, nullptr), PX_INVALID_ARGUMENT);
  for (const uint32_t size : {0u, 8u, 4097u}) {
    request.struct_size = size;
    EXPECT_EQ(px_generator_submit(generator, &request), PX_ABI_MISMATCH);
    px_generator_options options{};
    options.struct_size = size;
    EXPECT_EQ(px_generator_create(fixture.model.get(), &options, &created), PX_ABI_MISMATCH);
  }
  EXPECT_TRUE(poll(generator).empty());
}

// A decoder that draws by the tokens it was fed, and which can fail.
class FakeDecoder final : public px::Decoder {
 public:
  explicit FakeDecoder(int failing_call) : failing_call_(failing_call), slots_(4) {}

  void limit(uint64_t) override {}
  uint64_t bytes_of(int64_t) const override { return 0; }
  size_t reserve(std::span<const px::Extension> extensions) override { return extensions.size(); }

  void extend(std::span<const px::Extension> extensions, std::span<const px_sample_args> draws,
              std::span<int32_t> tokens, std::span<px::TokenScore> scores) override {
    const bool fails = ++calls_ == failing_call_;
    for (size_t row = 0; row < extensions.size(); ++row) {
      auto& fed = slots_.at(static_cast<size_t>(extensions[row].slot));
      const auto fresh = extensions[row].tokens.subspan(fed.size());
      fed.insert(fed.end(), fresh.begin(), fresh.end());
      if (fails && row == extensions.size() / 2) px::fail(PX_OUT_OF_MEMORY, "planted");
      tiny::Random random(std::accumulate(fed.begin(), fed.end(), fed.size(), [](uint64_t hash, int32_t token) {
        return hash * 1000003 + static_cast<uint64_t>(token);
      }));
      float logits[37];
      for (float& logit : logits) logit = random.between(-2.0f, 2.0f);
      px_sample_args draw = draws[row];
      draw.logits = logits;
      tokens[row] = px::kernels::sample_ref(draw, nullptr);
      scores[row] = {-1.0f, 1.0f};
    }
  }

  void drop(int64_t slot) override { slots_.at(static_cast<size_t>(slot)).clear(); }
  uint64_t bytes() const override { return 64; }
  px::DecoderCounts counts() const override { return {}; }

 private:
  int failing_call_;
  int calls_ = 0;
  std::vector<std::vector<int32_t>> slots_;
};

TEST(Generator, AFailedStepIsRepeatedFromTheBeginningOfItsSequences) {
  Fixture fixture;
  const auto prompts = random_prompts(9, 35);
  const auto run = [&](int failing_call) {
    px::Generator generator(fixture.model->model, std::make_unique<FakeDecoder>(failing_call), 4, 3, 0);
    for (size_t i = 0; i < prompts.size(); ++i) {
      px::Request request;
      request.sample_id = i;
      request.prompt = prompts[i];
      request.max_new_tokens = 3 + static_cast<int64_t>(i % 4);
      generator.submit(request);
    }
    Responses responses;
    int failures = 0;
    for (;;) {
      px_generation_event events[8];
      int64_t count = 0;
      try {
        count = generator.poll(events);
      } catch (const px::Error& error) {
        EXPECT_EQ(error.status(), PX_OUT_OF_MEMORY);
        ++failures;
        continue;
      }
      if (count == 0) break;
      for (int64_t i = 0; i < count; ++i) add(responses, events[i]);
    }
    EXPECT_EQ(failures, failing_call > 0 ? 1 : 0);
    return responses;
  };
  const Responses expected = run(0);
  ASSERT_EQ(expected.size(), prompts.size());
  for (const int failing_call : {1, 2, 5}) {
    const Responses responses = run(failing_call);
    ASSERT_EQ(responses.size(), expected.size());
    for (const auto& [id, response] : responses) EXPECT_EQ(response.tokens, expected.at(id).tokens) << "sample " << id;
  }
}

}  // namespace
