// Models on a device, the emulated one, beside the same models on the processor: scores, samples, a step of PPO, what goes
// over the bus, and what happens where the device fails.
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "device_models.h"
#include "kernel_test.h"
#include "model_files.h"

using namespace px::test;
using tiny::Fixture;
using tiny::largest_difference;
using tiny::parameters;
using tiny::ppo_step;
using tiny::sample;
using tiny::Samples;
using tiny::score;
using tiny::Scores;
using tiny::shape_of;

namespace {

// What went over the bus so far: copies and bytes to the device, copies and bytes from it.
std::array<int64_t, 4> copied(const Fixture& fixture) {
  char text[4096];
  EXPECT_EQ(px_engine_describe(fixture.engine.get(), 1, text, sizeof text, nullptr), PX_OK) << last_error();
  const nlohmann::json backend = nlohmann::json::parse(text)["backend"];
  return {backend["copies_in"], backend["bytes_in"], backend["copies_out"], backend["bytes_out"]};
}

std::array<int64_t, 4> operator-(const std::array<int64_t, 4>& a, const std::array<int64_t, 4>& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3]};
}

class DeviceModels : public testing::TestWithParam<std::tuple<std::string, px_products>> {
 protected:
  Fixture make(int32_t device, px_head head = PX_HEAD_LM) const {
    return Fixture(head, true, 7, shape_of(std::get<0>(GetParam())), 1, std::get<1>(GetParam()), device);
  }
  bool bf16() const { return std::get<1>(GetParam()) == PX_PRODUCTS_BF16; }
};

TEST_P(DeviceModels, ScoreAsTheProcessorDoes) {
  const Fixture cpu = make(0), device = make(1);
  const tiny::Sequences sequences = tiny::random_sequences({9, 1, 4, 12}, cpu.shape().vocabulary, 3);
  const Scores expected = score(cpu, sequences), got = score(device, sequences);
  const double logprob = largest_difference(expected.logprob, got.logprob);
  std::printf("[ observed ] log-probs differ by at most %.2e, entropies by %.2e, hidden states by %.2e\n", logprob,
              largest_difference(expected.entropy, got.entropy), largest_difference(expected.hidden, got.hidden));
  EXPECT_LT(logprob, bf16() ? 0.05 : 1e-5);
  EXPECT_LT(largest_difference(expected.entropy, got.entropy), bf16() ? 0.05 : 1e-5);
  EXPECT_LT(largest_difference(expected.hidden, got.hidden), bf16() ? 0.05 : 1e-5);
}

// The first step of PPO: what sampling told is what training computes, so every ratio is exactly 1.
TEST_P(DeviceModels, SampleScoreAndTakeAStepOfPpo) {
  const Fixture device = make(1), cpu = make(0);
  const Samples samples = sample(device, 5, 8);
  if (!bf16()) {
    EXPECT_EQ(samples.sequences.tokens, sample(cpu, 5, 8).sequences.tokens);
  }
  EXPECT_EQ(largest_difference(samples.logprob, score(device, samples.sequences).logprob), 0.0);
  std::vector<float> expected, got;
  const px_objective_metrics metrics = ppo_step(device, samples, &got);
  EXPECT_EQ(metrics.policy.ratio_min, 1.0);
  EXPECT_EQ(metrics.policy.ratio_max, 1.0);
  EXPECT_EQ(metrics.policy.approx_kl, 0.0);
  ppo_step(cpu, samples, &expected);
  double distance = 0, length = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    distance += std::pow(double{got[i]} - double{expected[i]}, 2);
    length += std::pow(double{expected[i]}, 2);
  }
  std::printf("[ observed ] relative distance of gradients %.2e; parameters differ by at most %.2e after a step of 1e-3\n",
              std::sqrt(distance / length), largest_difference(parameters(cpu), parameters(device)));
  EXPECT_GT(length, 0.0);
  EXPECT_LT(std::sqrt(distance / length), bf16() ? 0.05 : 1e-5);
  // AdamW's first step is the rate in the gradient's direction, whatever its size: where rounding to bf16 is all there is
  // of it, the two go apart.
  EXPECT_LE(largest_difference(parameters(cpu), parameters(device)), bf16() ? 2.1e-3 : 5e-5);
}

TEST_P(DeviceModels, AScalarHeadLearnsAsOnTheProcessor) {
  std::vector<std::vector<float>> moved;
  for (const int32_t on : {0, 1}) {
    const Fixture fixture = make(on, PX_HEAD_SCALAR);
    const tiny::Sequences sequences = tiny::random_sequences({7, 3, 5, 10}, fixture.shape().vocabulary, 4);
    px_trainer* trainer = nullptr;
    ASSERT_EQ(px_trainer_create(fixture.model.get(), nullptr, &trainer), PX_OK) << last_error();
    const tiny::TrainerHandle handle(trainer);
    auto objective = make_args<px_objective>();
    objective.kind = PX_OBJECTIVE_BRADLEY_TERRY;
    objective.normalizer = 2;
    const px_batch batch = sequences.batch();
    ASSERT_EQ(px_trainer_accumulate(trainer, &batch, &objective, nullptr), PX_OK) << last_error();
    std::vector<float> gradient(static_cast<size_t>(fixture.shape().hidden));
    int64_t head = 0;
    for (auto info = make_args<px_tensor_info>(); px_model_tensor(fixture.model.get(), head + 1, &info) == PX_OK;) ++head;
    ASSERT_EQ(px_trainer_read_gradient(trainer, head, gradient.data(), fixture.shape().hidden), PX_OK) << last_error();
    moved.push_back(gradient);
  }
  EXPECT_LT(largest_difference(moved[0], moved[1]), bf16() ? 0.05 : 1e-5);
  EXPECT_GT(largest_difference(moved[0], std::vector<float>(moved[0].size())), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Families, DeviceModels,
                         testing::Combine(testing::Values("llama", "qwen3", "gpt2"),
                                          testing::Values(PX_PRODUCTS_F32, PX_PRODUCTS_BF16)),
                         [](const auto& test) {
                           return std::get<0>(test.param) + (std::get<1>(test.param) == PX_PRODUCTS_F32 ? "F32" : "Bf16");
                         });

// Parameters, caches, activations, gradients and moments stay on the device: what goes over the bus is tokens and tables,
// and numbers per token.
TEST(DeviceCopies, AreOfTokensAndTheirNumbersAlone) {
  const Fixture fixture(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 1);
  const tiny::Sequences sequences = tiny::random_sequences({9, 4}, fixture.shape().vocabulary, 3);
  const px_batch batch = sequences.batch();
  std::vector<float> logprob(13), zeros(13);
  auto args = make_args<px_score_args>();
  args.logprob = logprob.data();
  ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  std::array<int64_t, 4> before = copied(fixture);
  ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  // In: offsets of 8 bytes, tokens and positions of 4; rows of 8 and tokens of 4 of the 11 targets. Out: two numbers each.
  EXPECT_EQ(copied(fixture) - before, (std::array<int64_t, 4>{5, 3 * 8 + 13 * 8 + 11 * 12, 2, 11 * 8}));

  px_trainer* trainer = nullptr;
  ASSERT_EQ(px_trainer_create(fixture.model.get(), nullptr, &trainer), PX_OK) << last_error();
  const tiny::TrainerHandle trainer_handle(trainer);
  auto objective = make_args<px_objective>();
  objective.kind = PX_OBJECTIVE_POLICY;
  objective.normalizer = 11;
  objective.old_logprob = logprob.data();
  objective.advantage = zeros.data();
  before = copied(fixture);
  ASSERT_EQ(px_trainer_accumulate(trainer, &batch, &objective, nullptr), PX_OK) << last_error();
  // And the slopes of log-probs and entropies; the head's one block comes out in one copy.
  EXPECT_EQ(copied(fixture) - before, (std::array<int64_t, 4>{6, 3 * 8 + 13 * 8 + 11 * 12 + 11 * 8, 1, 11 * 8}));
  before = copied(fixture);
  auto step = make_args<px_step_args>();
  step.learning_rate = 1e-3;
  ASSERT_EQ(px_trainer_step(trainer, &step, nullptr), PX_OK) << last_error();
  EXPECT_EQ(copied(fixture) - before, (std::array<int64_t, 4>{0, 0, 1, 8}));  // the gradient's norm
}

// Of a prompt that two sequences share the rows are there once.
TEST(DeviceCopies, AreOfRowsThatSequencesShareOnce) {
  const Fixture fixture(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 1);
  tiny::Sequences sequences = tiny::random_sequences({40}, fixture.shape().vocabulary, 3);
  const std::vector<int32_t> prompt(sequences.tokens.begin(), sequences.tokens.begin() + 34);
  sequences.add(prompt);
  for (const int32_t token : {1, 2, 3}) sequences.tokens.push_back(token);
  sequences.offsets.back() += 3;
  const px_batch batch = sequences.batch();
  std::vector<float> logprob(77);
  auto args = make_args<px_score_args>();
  args.logprob = logprob.data();
  ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  const std::array<int64_t, 4> before = copied(fixture);
  ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  // In: offsets, what is shared, the families' rows; tokens and positions of 43 rows; of 75 targets rows and tokens.
  EXPECT_EQ(copied(fixture) - before, (std::array<int64_t, 4>{7, (3 + 2 + 2) * 8 + 43 * 8 + 75 * 12, 2, 75 * 8}));
}

TEST(DeviceCopies, OfAStepOfDecodingAreTokensAndPages) {
  const Fixture fixture(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 1);
  px_generator* generator = nullptr;
  ASSERT_EQ(px_generator_create(fixture.model.get(), nullptr, &generator), PX_OK) << last_error();
  const tiny::GeneratorHandle handle(generator);
  const std::vector<int32_t> prompt{1, 2, 3};
  auto request = make_args<px_generate_request>();
  request.prompt = prompt.data();
  request.prompt_count = 3;
  request.max_new_tokens = 5;
  ASSERT_EQ(px_generator_submit(generator, &request), PX_OK) << last_error();
  px_generation_event event;
  int64_t count = 0;
  for (int i = 0; i < 2; ++i) ASSERT_EQ(px_generator_poll(generator, &event, 1, &count), PX_OK) << last_error();
  const std::array<int64_t, 4> before = copied(fixture);
  ASSERT_EQ(px_generator_poll(generator, &event, 1, &count), PX_OK) << last_error();
  // In: the sequence's place (4 x 8) and its page's address, a token, its position; the draw's two ids; the token to score.
  // Out: the token and whether its row was finite; its log-prob and entropy.
  EXPECT_EQ(copied(fixture) - before, (std::array<int64_t, 4>{6, 32 + 8 + 4 + 4 + 16 + 4, 2, 8 + 8}));
}

// A device without memory for the next piece of work, for as long as one lives.
class FullDevice {
 public:
  explicit FullDevice(const Fixture& fixture) {
    char text[4096];
    EXPECT_EQ(px_engine_describe(fixture.engine.get(), 1, text, sizeof text, nullptr), PX_OK) << last_error();
    const int64_t held = nlohmann::json::parse(text)["backend"]["live_bytes"];
    setenv(kLimit, std::to_string(held + 100).c_str(), 1);
  }
  ~FullDevice() { unsetenv(kLimit); }
  FullDevice(const FullDevice&) = delete;
  FullDevice& operator=(const FullDevice&) = delete;

 private:
  static constexpr const char* kLimit = "PROXIMAL_EMULATOR_MEMORY";
};

TEST(DeviceModel, GoesOnWhenMemoryIsThereAgain) {
  const Fixture fixture(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 1);
  const tiny::Sequences sequences = tiny::random_sequences({9, 4}, fixture.shape().vocabulary, 3);
  const px_batch batch = sequences.batch();
  std::vector<float> logprob(13);
  auto args = make_args<px_score_args>();
  args.logprob = logprob.data();
  px_trainer* trainer = nullptr;
  {
    const FullDevice full(fixture);
    EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_DEVICE_OUT_OF_MEMORY);
    expect_error_with("this engine holds");
    EXPECT_EQ(px_trainer_create(fixture.model.get(), nullptr, &trainer), PX_DEVICE_OUT_OF_MEMORY);
    EXPECT_EQ(trainer, nullptr);
    px_weights* clone = nullptr;
    EXPECT_EQ(px_weights_clone(fixture.weights.get(), &clone), PX_DEVICE_OUT_OF_MEMORY);
  }
  ASSERT_EQ(px_trainer_create(fixture.model.get(), nullptr, &trainer), PX_OK) << last_error();
  const tiny::TrainerHandle handle(trainer);
  auto objective = make_args<px_objective>();
  objective.kind = PX_OBJECTIVE_CROSS_ENTROPY;
  objective.normalizer = 11;
  {
    const FullDevice full(fixture);
    EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &objective, nullptr), PX_DEVICE_OUT_OF_MEMORY);
  }
  ASSERT_EQ(px_trainer_accumulate(trainer, &batch, &objective, nullptr), PX_OK) << last_error();
  auto step = make_args<px_step_args>();
  step.learning_rate = 1e-3;
  EXPECT_EQ(px_trainer_step(trainer, &step, nullptr), PX_OK) << last_error();
  EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
}

TEST(DeviceModel, MeasuresItsProducts) {
  const Fixture fixture(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 1);
  double gflops = 0;
  ASSERT_EQ(px_engine_measure_gemm(fixture.engine.get(), 8, 3, &gflops), PX_OK) << last_error();
  EXPECT_GT(gflops, 0.0);
}

TEST(DeviceModel, IsSavedClonedAndReadAsItIs) {
  const px::testing::TemporaryFolder folder;
  const Fixture cpu(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 0);
  const Fixture device(PX_HEAD_LM, true, 7, tiny::descriptor(true), 1, PX_PRODUCTS_F32, 1);
  EXPECT_EQ(parameters(cpu), parameters(device));
  px_weights* cloned = nullptr;
  ASSERT_EQ(px_weights_clone(device.weights.get(), &cloned), PX_OK) << last_error();
  const tiny::WeightsHandle clone(cloned);
  for (const auto& [fixture, name] : {std::pair{&cpu, "cpu"}, {&device, "device"}})
    ASSERT_EQ(px_model_save(fixture->model.get(), folder.path(name).c_str(), nullptr), PX_OK) << last_error();
  EXPECT_EQ(px::testing::read_file(folder.path("cpu/model.safetensors")),
            px::testing::read_file(folder.path("device/model.safetensors")));
  std::vector<float> values(static_cast<size_t>(37 * 16), 0.25f);
  ASSERT_EQ(px_model_write_tensor(device.model.get(), 0, values.data(), 37 * 16), PX_OK) << last_error();
  EXPECT_EQ(parameters(device)[5], 0.25f);
  px_model* model = nullptr;
  ASSERT_EQ(px_model_create(clone.get(), nullptr, &model), PX_OK) << last_error();
  const tiny::ModelHandle model_handle(model);
  std::vector<float> kept(values.size());
  ASSERT_EQ(px_model_read_tensor(model, 0, kept.data(), 37 * 16), PX_OK) << last_error();
  EXPECT_NE(kept[5], 0.25f);
}

}  // namespace
