// Families: config.json to descriptor, names and order of weights, rope scalings, and the one forward's gradients.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <numeric>
#include <tuple>

#include "base/error.h"
#include "model/families/family.h"
#include "model/formats/huggingface.h"
#include "model/rope.h"
#include "model_files.h"
#include "tiny_model.h"

namespace {

using namespace px;
using px::testing::mutated;
using tiny::last_error;

Descriptor descriptor_of(const nlohmann::json& json) { return read_config(json.dump(), "config.json").descriptor; }

nlohmann::json llama_like(const std::string& type) {
  return {{"model_type", type},       {"vocab_size", 31},
          {"hidden_size", 16},        {"intermediate_size", 24},
          {"num_hidden_layers", 3},   {"num_attention_heads", 4},
          {"num_key_value_heads", 2}, {"max_position_embeddings", 64}};
}

nlohmann::json gpt2() {
  return {{"model_type", "gpt2"}, {"vocab_size", 31}, {"n_embd", 16}, {"n_layer", 2}, {"n_head", 4}};
}

void expect_refused(const nlohmann::json& json, px_status status, const std::vector<std::string>& texts) {
  try {
    descriptor_of(json);
    ADD_FAILURE() << "accepted: " << json;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.message();
    for (const std::string& text : texts) EXPECT_NE(error.message().find(text), std::string::npos) << error.message();
  }
}

nlohmann::json with(nlohmann::json json, const nlohmann::json& changes) {
  json.update(changes);
  return json;
}

// --- config to descriptor ---

TEST(Families, MistralHasTheWindowOfItsConfigOr4096OrNone) {
  const nlohmann::json json = llama_like("mistral");
  EXPECT_EQ(descriptor_of(json).windows, std::vector<int64_t>(3, 4096));
  EXPECT_EQ(descriptor_of(with(json, {{"sliding_window", 7}})).windows, std::vector<int64_t>(3, 7));
  EXPECT_TRUE(descriptor_of(with(json, {{"sliding_window", nullptr}})).windows.empty());
  expect_refused(with(json, {{"sliding_window", 0}}), PX_CORRUPT_DATA, {"'sliding_window'", "got 0"});
  nlohmann::json defaults = json;
  for (const char* key : {"num_key_value_heads", "max_position_embeddings"}) defaults.erase(key);
  defaults["num_attention_heads"] = 16;
  defaults["hidden_size"] = 32;
  EXPECT_EQ(descriptor_of(defaults).kv_heads, 8);
  EXPECT_EQ(descriptor_of(defaults).context, 131072);
  EXPECT_FALSE(descriptor_of(json).qkv_bias);
}

TEST(Families, QwenHasWindowsOnlyWhereItsConfigUsesThem) {
  for (const char* type : {"qwen2", "qwen3"}) {
    const nlohmann::json json = llama_like(type);
    EXPECT_TRUE(descriptor_of(with(json, {{"sliding_window", 9}})).windows.empty());
    EXPECT_TRUE(descriptor_of(with(json, {{"sliding_window", 9}, {"use_sliding_window", false}})).windows.empty());
    const nlohmann::json used = with(json, {{"sliding_window", 9}, {"use_sliding_window", true}});
    EXPECT_TRUE(descriptor_of(used).windows.empty()) << "max_window_layers is 28";
    EXPECT_EQ(descriptor_of(with(used, {{"max_window_layers", 1}})).windows, (std::vector<int64_t>{0, 9, 9}));
    const nlohmann::json types = {"sliding_attention", "full_attention", "sliding_attention"};
    EXPECT_EQ(descriptor_of(with(used, {{"layer_types", types}})).windows, (std::vector<int64_t>{9, 0, 9}));
    expect_refused(with(json, {{"layer_types", types}}), PX_CORRUPT_DATA, {"'layer_types'", "use_sliding_window"});
    expect_refused(with(used, {{"layer_types", {"full_attention"}}}), PX_CORRUPT_DATA, {"'layer_types'", "(3)"});
    expect_refused(with(used, {{"layer_types", {"full_attention", "chunked_attention", "full_attention"}}}),
                   PX_UNSUPPORTED, {"'layer_types'", "chunked_attention"});
  }
}

TEST(Families, Qwen2HasBiasesOnQueriesKeysAndValuesAndQwen3NormsOnHeads) {
  const Descriptor qwen2 = descriptor_of(llama_like("qwen2"));
  EXPECT_TRUE(qwen2.qkv_bias);
  EXPECT_FALSE(qwen2.output_bias || qwen2.mlp_bias || qwen2.head_norm);
  EXPECT_EQ(qwen2.head_size, 4);
  const Descriptor qwen3 = descriptor_of(llama_like("qwen3"));
  EXPECT_TRUE(qwen3.head_norm);
  EXPECT_FALSE(qwen3.qkv_bias);
  EXPECT_EQ(qwen3.head_size, 128);
  EXPECT_EQ(descriptor_of(with(llama_like("qwen3"), {{"head_dim", 20}})).head_size, 20);
  EXPECT_TRUE(descriptor_of(with(llama_like("qwen3"), {{"attention_bias", true}})).output_bias);
}

TEST(Families, Gpt2ReadsItsOwnKeysAndIgnoresDropout) {
  const Descriptor d = descriptor_of(with(gpt2(), {{"resid_pdrop", 0.1}, {"attn_pdrop", 0.1}, {"n_inner", nullptr}}));
  EXPECT_EQ(d.intermediate, 64);
  EXPECT_EQ(d.context, 1024);
  EXPECT_EQ(d.kv_heads, 4);
  EXPECT_EQ(d.head_size, 4);
  EXPECT_EQ(d.norm_epsilon, 1e-5);
  EXPECT_TRUE(d.tied);
  EXPECT_TRUE(d.transposed);
  EXPECT_EQ(descriptor_of(with(gpt2(), {{"n_inner", 40}})).intermediate, 40);
  expect_refused(with(gpt2(), {{"n_head", 3}}), PX_CORRUPT_DATA, {"'n_embd' (16)", "'n_head', got 3"});
  expect_refused(with(gpt2(), {{"activation_function", "relu"}}), PX_UNSUPPORTED, {"'activation_function'", "relu"});
  expect_refused(with(gpt2(), {{"scale_attn_weights", false}}), PX_UNSUPPORTED, {"'scale_attn_weights'"});
  expect_refused(with(gpt2(), {{"scale_attn_by_inverse_layer_idx", true}}), PX_UNSUPPORTED,
                 {"'scale_attn_by_inverse_layer_idx'", "GPT-2"});
  expect_refused(with(gpt2(), {{"add_cross_attention", true}}), PX_UNSUPPORTED, {"'add_cross_attention'"});
  nlohmann::json incomplete = gpt2();
  incomplete.erase("n_layer");
  expect_refused(incomplete, PX_CORRUPT_DATA, {"'n_layer' is missing"});
}

TEST(Families, OfOtherNamesAreRefusedWithTheNamesThatAreRead) {
  expect_refused(llama_like("gemma"), PX_UNSUPPORTED,
                 {"'model_type'", "'llama', 'mistral', 'qwen2', 'qwen3', 'gpt2'", "got 'gemma'"});
  expect_refused(with(llama_like("qwen2"), {{"architectures", {"LlamaForCausalLM"}}}), PX_UNSUPPORTED,
                 {"'architectures'", "Qwen2ForCausalLM", "'LlamaForCausalLM'"});
  expect_refused(with(llama_like("mistral"), {{"quantization_config", {{"bits", 4}}}}), PX_UNSUPPORTED,
                 {"'quantization_config'", "Mistral"});
}

TEST(Families, WriteTheConfigThatTheyRead) {
  nlohmann::json window = with(llama_like("qwen3"), {{"sliding_window", 9}, {"use_sliding_window", true}});
  window["layer_types"] = {"full_attention", "sliding_attention", "full_attention"};
  const nlohmann::json yarn{{"rope_type", "yarn"},   {"factor", 4.0},     {"original_max_position_embeddings", 16},
                            {"beta_fast", 20.0},     {"beta_slow", 2.0},  {"mscale", 0.7},
                            {"mscale_all_dim", 0.3}, {"truncate", false}, {"rope_theta", 5000.0}};
  for (const nlohmann::json& json :
       {llama_like("llama"), with(llama_like("llama"), {{"attention_bias", true}, {"mlp_bias", true}}),
        with(llama_like("llama"), {{"rope_parameters", yarn}}),
        with(llama_like("llama"), {{"rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}}}),
        with(llama_like("mistral"), {{"sliding_window", 7}}),
        with(llama_like("mistral"), {{"sliding_window", nullptr}}),
        with(llama_like("qwen2"), {{"tie_word_embeddings", true}}), window, gpt2(), with(gpt2(), {{"n_inner", 40}})}) {
    const Descriptor d = descriptor_of(json);
    nlohmann::json written{{"model_type", family_of(d.family).model_type}};
    family_of(d.family).write_config(d, written);
    const Descriptor again = descriptor_of(written);
    EXPECT_EQ(again.rope, d.rope) << json;
    EXPECT_EQ(again.windows, d.windows) << json;
    EXPECT_EQ(std::tie(again.vocabulary, again.hidden, again.intermediate, again.layers, again.heads, again.kv_heads,
                       again.head_size, again.context, again.norm_epsilon),
              std::tie(d.vocabulary, d.hidden, d.intermediate, d.layers, d.heads, d.kv_heads, d.head_size, d.context,
                       d.norm_epsilon))
        << json;
    EXPECT_EQ(std::tie(again.tied, again.qkv_bias, again.output_bias, again.mlp_bias, again.head_norm),
              std::tie(d.tied, d.qkv_bias, d.output_bias, d.mlp_bias, d.head_norm))
        << json;
  }
}

TEST(Families, SurviveDamagedConfigs) {
  const nlohmann::json yarn{{"rope_type", "yarn"}, {"factor", 4.0}, {"mscale", 0.7}, {"mscale_all_dim", 0.3}};
  std::mt19937 random(2);
  for (const nlohmann::json& json :
       {with(llama_like("llama"), {{"rope_parameters", yarn}}), with(llama_like("mistral"), {{"sliding_window", 7}}),
        with(llama_like("qwen2"), {{"layer_types", {"full_attention", "full_attention", "full_attention"}}}), gpt2()}) {
    const std::string text = json.dump();
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
      try {
        layout_of(read_config(mutated(text, random), "config.json").descriptor);
      } catch (const Error& error) {
        ASSERT_TRUE(error.status() == PX_CORRUPT_DATA || error.status() == PX_UNSUPPORTED) << error.message();
        ++refused;
      }
    }
    EXPECT_GT(refused, 800) << text;
  }
}

// --- weights ---

std::vector<std::string> names_of(const Descriptor& d) {
  std::vector<std::string> names;
  for (const TensorSpec& spec : layout_of(d).tensors) names.push_back(spec.name);
  return names;
}

TEST(Families, Gpt2KeepsItsMatricesAsConv1D) {
  nlohmann::json json = gpt2();
  json["n_layer"] = 1;
  const Descriptor d = descriptor_of(json);
  EXPECT_EQ(names_of(d),
            (std::vector<std::string>{
                "transformer.wte.weight", "transformer.wpe.weight", "transformer.h.0.ln_1.weight",
                "transformer.h.0.ln_1.bias", "transformer.h.0.attn.c_attn.weight", "transformer.h.0.attn.c_attn.bias",
                "transformer.h.0.attn.c_proj.weight", "transformer.h.0.attn.c_proj.bias", "transformer.h.0.ln_2.weight",
                "transformer.h.0.ln_2.bias", "transformer.h.0.mlp.c_fc.weight", "transformer.h.0.mlp.c_fc.bias",
                "transformer.h.0.mlp.c_proj.weight", "transformer.h.0.mlp.c_proj.bias", "transformer.ln_f.weight",
                "transformer.ln_f.bias"}));
  const Layout layout = layout_of(d);
  EXPECT_EQ(layout.tensors[4].shape, (std::vector<int64_t>{16, 48}));
  EXPECT_EQ(layout.tensors[12].shape, (std::vector<int64_t>{64, 16}));
  EXPECT_TRUE(layout.tensors[4].transposed);
  EXPECT_FALSE(layout.tensors[0].transposed);
  EXPECT_EQ(layout.offsets.lm_head, layout.offsets.embedding);
  EXPECT_EQ(family_of(FamilyId::kGpt2).modern_name("h.0.attn.c_attn.weight"), "transformer.h.0.attn.c_attn.weight");
  EXPECT_EQ(family_of(FamilyId::kGpt2).modern_name("lm_head.weight"), "lm_head.weight");
  EXPECT_TRUE(family_of(FamilyId::kGpt2).ignores("transformer.h.0.attn.masked_bias"));
  EXPECT_FALSE(family_of(FamilyId::kGpt2).ignores("transformer.h.0.attn.c_attn.bias"));
}

TEST(Families, Qwen3NormsStandAfterTheOutputProjection) {
  const std::vector<std::string> names = names_of(descriptor_of(llama_like("qwen3")));
  EXPECT_EQ(names[4], "model.layers.0.self_attn.o_proj.weight");
  EXPECT_EQ(names[5], "model.layers.0.self_attn.q_norm.weight");
  EXPECT_EQ(names[6], "model.layers.0.self_attn.k_norm.weight");
  EXPECT_EQ(names.back(), "lm_head.weight");
}

// --- rope ---

TEST(Rope, DynamicIsNoScalingWithinTheContext) {
  const Descriptor d =
      descriptor_of(with(llama_like("llama"), {{"rope_scaling", {{"type", "dynamic"}, {"factor", 8.0}}}}));
  EXPECT_EQ(d.rope.scaling, RopeScaling::kDynamic);
  EXPECT_EQ(rope_frequencies(d.rope, 8), rope_frequencies(Rope{}, 8));
}

// The formula of transformers' _compute_yarn_parameters written once more, by dimension.
TEST(Rope, YarnKeepsFastDimensionsAndDividesSlowOnes) {
  Rope rope;
  rope.scaling = RopeScaling::kYarn;
  rope.factor = 4.0;
  rope.original_context = 4096;
  const int64_t size = 64;
  const auto bound = [&](double rotations) {
    return 64.0 * std::log(4096.0 / (rotations * 2.0 * std::numbers::pi)) / (2.0 * std::log(10000.0));
  };
  const double low = std::floor(bound(32.0));
  const double high = std::ceil(bound(1.0));
  ASSERT_GT(low, 2.0);
  ASSERT_LT(high, 31.0);
  const std::vector<double> frequencies = rope_frequencies(rope, size);
  for (int i = 0; i < 32; ++i) {
    const double base = std::pow(10000.0, -2.0 * i / 64.0);
    const double ramp = i <= low ? 0.0 : i >= high ? 1.0 : (i - low) / (high - low);
    EXPECT_NEAR(frequencies[static_cast<size_t>(i)] / base, 1.0 - ramp + ramp / 4.0, 1e-14) << i;
  }
  rope.truncate = false;
  EXPECT_NE(rope_frequencies(rope, size), frequencies);
}

TEST(Rope, YarnReadsItsKeysAsTransformersDoes) {
  const auto rope_of = [](const nlohmann::json& scaling) {
    return descriptor_of(with(llama_like("llama"), {{"rope_scaling", scaling}})).rope;
  };
  const nlohmann::json plain{{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}};
  EXPECT_EQ(rope_of(plain).original_context, 16);
  EXPECT_DOUBLE_EQ(rope_of(plain).attention_factor, 0.1 * std::log(4.0) + 1.0);
  EXPECT_EQ(rope_of({{"type", "yarn"}, {"factor", 4.0}}).original_context, 64);
  EXPECT_EQ(rope_of({{"type", "yarn"}, {"original_max_position_embeddings", 16}}).factor, 4.0);
  EXPECT_EQ(rope_of(with(plain, {{"attention_factor", 1.5}})).attention_factor, 1.5);
  EXPECT_DOUBLE_EQ(rope_of(with(plain, {{"mscale", 0.7}, {"mscale_all_dim", 0.3}})).attention_factor,
                   (0.07 * std::log(4.0) + 1.0) / (0.03 * std::log(4.0) + 1.0));
  EXPECT_DOUBLE_EQ(rope_of(with(plain, {{"mscale", 0.7}, {"mscale_all_dim", 0}})).attention_factor,
                   0.1 * std::log(4.0) + 1.0);
  EXPECT_EQ(rope_of(with(plain, {{"factor", 0.5}})).attention_factor, 1.0);
  expect_refused(with(llama_like("llama"), {{"rope_theta", 1.0}, {"rope_scaling", plain}}), PX_CORRUPT_DATA,
                 {"'rope_theta'", "above 1"});
  expect_refused(with(llama_like("llama"), {{"rope_scaling", with(plain, {{"beta_fast", -1}})}}), PX_CORRUPT_DATA,
                 {"'beta_fast'"});
}

// --- the forward and its gradient ---

struct Shape {
  const char* name;
  Descriptor (*make)();
};

Descriptor windowed() {
  Descriptor d = tiny::descriptor(false);
  d.family = FamilyId::kMistral;
  d.windows = {3, 5};
  return d;
}

Descriptor biased() {
  Descriptor d = tiny::descriptor(false);
  d.family = FamilyId::kQwen2;
  d.qkv_bias = true;
  return d;
}

Descriptor head_normed() {
  Descriptor d = tiny::descriptor(false);
  d.family = FamilyId::kQwen3;
  d.head_norm = true;
  d.head_size = 6;
  d.windows = {0, 4};
  return d;
}

Descriptor yarned() {
  Descriptor d = tiny::descriptor(false);
  d.rope = {1000.0, RopeScaling::kYarn, 4.0, 1.0, 4.0, 12, 3.0, 0.5, 1.3};
  return d;
}

Descriptor gpt2_shaped() {
  nlohmann::json json = gpt2();
  json.update({{"vocab_size", 37}, {"n_positions", 48}});
  return descriptor_of(json);
}

class FamilyShapes : public ::testing::TestWithParam<Shape> {};

double log_likelihood(px_model* model, const tiny::Sequences& sequences) {
  std::vector<float> logprob(static_cast<size_t>(sequences.count()));
  px_score_args args{};
  args.struct_size = sizeof args;
  args.logprob = logprob.data();
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_model_score(model, &batch, &args), PX_OK) << last_error();
  return std::accumulate(logprob.begin(), logprob.end(), 0.0);
}

// Along the gradient itself, by fourth-order central differences of fp32 outputs.
TEST_P(FamilyShapes, GradientIsTheCentralDifferenceForEachTensor) {
  for (const bool tied : {true, false}) {
    const tiny::Fixture fixture(PX_HEAD_LM, tied, 7, GetParam().make());
    const tiny::Sequences sequences = tiny::random_sequences({9, 4, 14, 2}, 37, 3);
    px_trainer* handle = nullptr;
    ASSERT_EQ(px_trainer_create(fixture.model.get(), nullptr, &handle), PX_OK) << last_error();
    const tiny::TrainerHandle trainer(handle);
    px_objective objective{};
    objective.struct_size = sizeof objective;
    objective.kind = PX_OBJECTIVE_CROSS_ENTROPY;
    objective.normalizer = 1.0;
    const px_batch batch = sequences.batch();
    ASSERT_EQ(px_trainer_accumulate(trainer.get(), &batch, &objective, nullptr), PX_OK) << last_error();
    const std::vector<TensorSpec>& tensors = fixture.model->model->tensors();
    double worst = 0.0;
    for (size_t t = 0; t < tensors.size(); ++t) {
      std::vector<float> gradient(static_cast<size_t>(tensors[t].elements));
      ASSERT_EQ(px_trainer_read_gradient(trainer.get(), static_cast<int64_t>(t), gradient.data(), tensors[t].elements),
                PX_OK);
      double squares = 0.0;
      for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
      const double length = std::sqrt(squares);
      ASSERT_GT(length, 1e-3) << tensors[t].name;
      const std::span<float> data = fixture.model->model->tensor_data(tensors[t]);
      const std::vector<float> original(data.begin(), data.end());
      const auto loss_at = [&](double distance) {
        fixture.model->model->weights().raise_version();
        for (size_t i = 0; i < data.size(); ++i)
          data[i] = static_cast<float>(static_cast<double>(original[i]) +
                                       distance * static_cast<double>(gradient[i]) / length);
        return -log_likelihood(fixture.model.get(), sequences);
      };
      const double h = 2e-3;
      const double slope = (8.0 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12.0 * h);
      std::ranges::copy(original, data.begin());
      worst = std::max(worst, std::abs(slope - length) / length);
      EXPECT_NEAR(slope / length, 1.0, 4e-3) << tensors[t].name << ": |gradient| " << length;
    }
    std::printf("[ observed ] %s: worst relative error %.2e\n", GetParam().name, worst);
  }
}

// The gradient of a policy-like sum of log-probs and entropies by one backend, over all tensors.
std::vector<float> gradient_by(const char* backend, Descriptor (*make)(), bool tied, std::vector<float>& logprob) {
  setenv("PROXIMAL_BACKEND", backend, 1);
  const tiny::Fixture fixture(PX_HEAD_LM, tied, 7, make());
  unsetenv("PROXIMAL_BACKEND");
  const tiny::Sequences sequences = tiny::random_sequences({9, 4, 14, 2, 1, 48}, 37, 3);
  px_trainer* handle = nullptr;
  EXPECT_EQ(px_trainer_create(fixture.model.get(), nullptr, &handle), PX_OK) << last_error();
  const tiny::TrainerHandle trainer(handle);
  logprob.assign(static_cast<size_t>(sequences.count()), 0.0f);
  px_objective objective{};
  objective.struct_size = sizeof objective;
  objective.kind = PX_OBJECTIVE_CROSS_ENTROPY;
  objective.normalizer = 1.0;
  objective.temperature = 0.8;
  objective.entropy_coefficient = 0.3;
  objective.logprob = logprob.data();
  const px_batch batch = sequences.batch();
  EXPECT_EQ(px_trainer_accumulate(trainer.get(), &batch, &objective, nullptr), PX_OK) << last_error();
  std::vector<float> gradient;
  for (const TensorSpec& tensor : fixture.model->model->tensors()) {
    std::vector<float> part(static_cast<size_t>(tensor.elements));
    EXPECT_EQ(px_trainer_read_gradient(trainer.get(), static_cast<int64_t>(&tensor - fixture.model->model->tensors().data()),
                                       part.data(), tensor.elements),
              PX_OK);
    gradient.insert(gradient.end(), part.begin(), part.end());
  }
  return gradient;
}

// The engine's own backend against LibTorch's autograd.
TEST_P(FamilyShapes, GradientIsThatOfLibTorch) {
  for (const bool tied : {true, false}) {
    std::vector<float> logprob, expected_logprob;
    const std::vector<float> gradient = gradient_by("core", GetParam().make, tied, logprob);
    const std::vector<float> expected = gradient_by("torch", GetParam().make, tied, expected_logprob);
    ASSERT_EQ(gradient.size(), expected.size());
    double squares = 0.0, length = 0.0;
    for (size_t i = 0; i < gradient.size(); ++i) {
      squares += std::pow(static_cast<double>(gradient[i]) - static_cast<double>(expected[i]), 2.0);
      length += std::pow(static_cast<double>(expected[i]), 2.0);
    }
    std::printf("[ observed ] %s: relative distance to LibTorch's gradient %.2e\n", GetParam().name,
                std::sqrt(squares / length));
    EXPECT_GT(length, 0.0);
    EXPECT_LT(std::sqrt(squares / length), 1e-5);
    for (size_t i = 0; i < logprob.size(); ++i) EXPECT_NEAR(logprob[i], expected_logprob[i], 2e-5) << i;
  }
}

// Log-probs recorded while sampling through the cache are those of one packed pass.
TEST_P(FamilyShapes, GenerationAgreesWithScoring) {
  const tiny::Fixture fixture(PX_HEAD_LM, true, 9, GetParam().make());
  px_generator* handle = nullptr;
  ASSERT_EQ(px_generator_create(fixture.model.get(), nullptr, &handle), PX_OK) << last_error();
  const tiny::GeneratorHandle generator(handle);
  const std::vector<int32_t> prompt{3, 11, 7, 20, 5};
  px_generate_request request{};
  request.struct_size = sizeof request;
  request.prompt = prompt.data();
  request.prompt_count = static_cast<int64_t>(prompt.size());
  request.max_new_tokens = 12;
  ASSERT_EQ(px_generator_submit(generator.get(), &request), PX_OK) << last_error();
  tiny::Sequences sequences;
  std::vector<int32_t> tokens = prompt;
  std::vector<float> recorded;
  px_generation_event event{};
  for (int64_t count = 1; count > 0;) {
    ASSERT_EQ(px_generator_poll(generator.get(), &event, 1, &count), PX_OK) << last_error();
    if (count == 0) break;
    tokens.push_back(event.token);
    recorded.push_back(event.logprob);
  }
  ASSERT_EQ(recorded.size(), 12u);
  sequences.add(tokens);
  std::vector<float> logprob(tokens.size());
  px_score_args args{};
  args.struct_size = sizeof args;
  args.logprob = logprob.data();
  const px_batch batch = sequences.batch();
  ASSERT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
  for (size_t i = 0; i < recorded.size(); ++i) EXPECT_NEAR(recorded[i], logprob[prompt.size() + i], 1e-5) << i;
}

INSTANTIATE_TEST_SUITE_P(All, FamilyShapes,
                         ::testing::Values(Shape{"Window", windowed}, Shape{"Biases", biased},
                                           Shape{"HeadNorms", head_normed}, Shape{"Yarn", yarned},
                                           Shape{"Gpt2", gpt2_shaped}),
                         [](const auto& instance) { return std::string(instance.param.name); });

// A query sees itself and the window - 1 tokens before it, so through L layers the last token depends on the last
// L (window - 1) + 1 only. So long a sequence is computed in several tiles, whose first keys are not the sequence's.
TEST(SlidingWindow, ForgetsWhatIsBeforeIt) {
  Descriptor d = windowed();
  d.context = 4096;
  const tiny::Fixture fixture(PX_HEAD_LM, true, 7, d);
  const int64_t reach = (3 - 1) + (5 - 1);
  const tiny::Sequences whole = tiny::random_sequences({2200}, 37, 5);
  const auto last_logprob = [&](const std::vector<int32_t>& tokens, int32_t first_position) {
    std::vector<float> logprob(tokens.size());
    std::vector<int32_t> positions(tokens.size());
    std::iota(positions.begin(), positions.end(), first_position);
    const std::vector<int64_t> offsets{0, static_cast<int64_t>(tokens.size())};
    px_batch batch{};
    batch.struct_size = sizeof batch;
    batch.sequences = 1;
    batch.offsets = offsets.data();
    batch.tokens = tokens.data();
    batch.positions = positions.data();
    px_score_args args{};
    args.struct_size = sizeof args;
    args.logprob = logprob.data();
    EXPECT_EQ(px_model_score(fixture.model.get(), &batch, &args), PX_OK) << last_error();
    return logprob.back();
  };
  const int64_t count = whole.count();
  const auto tail = [&](int64_t length) {
    return std::vector<int32_t>(whole.tokens.end() - length, whole.tokens.end());
  };
  const float expected = last_logprob(whole.tokens, 0);
  // The last entry speaks of the last token from the row before it.
  EXPECT_NEAR(last_logprob(tail(reach + 2), static_cast<int32_t>(count - reach - 2)), expected, 1e-5);
  EXPECT_GT(std::abs(last_logprob(tail(reach + 1), static_cast<int32_t>(count - reach - 1)) - expected), 1e-4);
}

// The gradient of the last token alone through several tiles is that of the few tokens it sees.
TEST(SlidingWindow, GradientsThroughTilesAreThoseOfTheTail) {
  Descriptor d = windowed();
  d.context = 4096;
  const tiny::Fixture fixture(PX_HEAD_LM, true, 7, d);
  const tiny::Sequences whole = tiny::random_sequences({2200}, 37, 5);
  px_trainer* handle = nullptr;
  ASSERT_EQ(px_trainer_create(fixture.model.get(), nullptr, &handle), PX_OK) << last_error();
  const tiny::TrainerHandle trainer(handle);
  const auto gradient = [&](int64_t length) {
    std::vector<int32_t> tokens(whole.tokens.end() - length, whole.tokens.end());
    std::vector<int32_t> positions(tokens.size());
    std::iota(positions.begin(), positions.end(), static_cast<int32_t>(whole.count() - length));
    std::vector<float> weight(tokens.size());
    weight.back() = 1.0f;
    const std::vector<int64_t> offsets{0, length};
    px_batch batch{};
    batch.struct_size = sizeof batch;
    batch.sequences = 1;
    batch.offsets = offsets.data();
    batch.tokens = tokens.data();
    batch.positions = positions.data();
    batch.weight = weight.data();
    px_objective objective{};
    objective.struct_size = sizeof objective;
    objective.kind = PX_OBJECTIVE_CROSS_ENTROPY;
    objective.normalizer = 1.0;
    EXPECT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK);
    EXPECT_EQ(px_trainer_accumulate(trainer.get(), &batch, &objective, nullptr), PX_OK) << last_error();
    std::vector<float> all;
    const std::vector<TensorSpec>& tensors = fixture.model->model->tensors();
    for (size_t t = 0; t < tensors.size(); ++t) {
      std::vector<float> values(static_cast<size_t>(tensors[t].elements));
      EXPECT_EQ(px_trainer_read_gradient(trainer.get(), static_cast<int64_t>(t), values.data(), tensors[t].elements),
                PX_OK);
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  };
  const std::vector<float> expected = gradient(12);
  const std::vector<float> actual = gradient(whole.count());
  const float largest = std::abs(*std::ranges::max_element(expected, {}, [](float x) { return std::abs(x); }));
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 2e-5f * largest) << i;
}

}  // namespace
