// Weights, models and scoring through the ABI, config.json, saving.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <set>

#include "abi/engine.h"
#include "abi/model.h"
#include "base/error.h"
#include "base/philox.h"
#include "model/formats/huggingface.h"
#include "model/head_init.h"
#include "model/normal_fill.h"
#include "model_files.h"

namespace {

using namespace px;
using namespace px::testing;

using EngineHandle = std::unique_ptr<px_engine, decltype(&px_engine_release)>;
using WeightsHandle = std::unique_ptr<px_weights, decltype(&px_weights_release)>;
using ModelHandle = std::unique_ptr<px_model, decltype(&px_model_release)>;

std::string last_error() {
  std::string buffer(static_cast<size_t>(px_last_error(nullptr, 0)), '\0');
  px_last_error(buffer.data(), static_cast<int64_t>(buffer.size()));
  buffer.pop_back();
  return buffer;
}

template <class Args>
Args sized() {
  Args args{};
  args.struct_size = sizeof args;
  return args;
}

px_model_options head_options(int32_t head, int32_t init, uint64_t seed = 0) {
  auto options = sized<px_model_options>();
  options.head = head;
  options.head_init = init;
  options.head_seed = seed;
  return options;
}

class WeightsTest : public ::testing::Test {
 protected:
  WeightsTest() : engine_(nullptr, &px_engine_release) {
    auto options = sized<px_engine_options>();
    options.threads = 1;
    px_engine* engine = nullptr;
    EXPECT_EQ(px_engine_create(&options, &engine), PX_OK);
    engine_.reset(engine);
  }

  WeightsHandle load(const std::string& path) {
    px_weights* weights = nullptr;
    EXPECT_EQ(px_weights_load(engine_.get(), path.c_str(), nullptr, &weights), PX_OK) << last_error();
    return {weights, &px_weights_release};
  }

  WeightsHandle load_tiny() {
    write_model(folder_.path("tiny"), tiny_config(), tiny_tensors());
    return load(folder_.path("tiny"));
  }

  ModelHandle model_on(const WeightsHandle& weights, const px_model_options* options = nullptr) {
    px_model* model = nullptr;
    EXPECT_EQ(px_model_create(weights.get(), options, &model), PX_OK) << last_error();
    return {model, &px_model_release};
  }

  // Loads what must not load, and expects status and all texts in the message.
  void expect_refused(const std::string& path, px_status status, const std::vector<std::string>& texts) {
    px_weights* weights = nullptr;
    EXPECT_EQ(px_weights_load(engine_.get(), path.c_str(), nullptr, &weights), status) << last_error();
    EXPECT_EQ(weights, nullptr);
    for (const std::string& what : texts) EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  }

  uint64_t weight_bytes() {
    auto stats = sized<px_memory_stats>();
    EXPECT_EQ(px_engine_memory(engine_.get(), &stats), PX_OK);
    return stats.weight_bytes;
  }

  TemporaryFolder folder_;
  EngineHandle engine_;
};

std::vector<float> read(px_model* model, int64_t index) {
  auto info = sized<px_tensor_info>();
  EXPECT_EQ(px_model_tensor(model, index, &info), PX_OK);
  std::vector<float> values(static_cast<size_t>(info.elements));
  EXPECT_EQ(px_model_read_tensor(model, index, values.data(), info.elements), PX_OK);
  return values;
}

// --- weights and models ---

TEST_F(WeightsTest, AreAlignedAndCounted) {
  const int64_t handles = px_live_handles(PX_HANDLE_WEIGHTS);
  {
    const WeightsHandle weights = load_tiny();
    const Weights& w = *weights->weights;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(w.data()) % 64, 0u);
    EXPECT_EQ(weight_bytes(), static_cast<uint64_t>(w.elements()) * sizeof(float));
    const px_model_options options = head_options(PX_HEAD_SCALAR, PX_HEAD_INIT_ZERO);
    const ModelHandle model = model_on(weights, &options);
    EXPECT_EQ(weight_bytes(), static_cast<uint64_t>(w.elements() + 4) * sizeof(float));
    EXPECT_EQ(px_live_handles(PX_HANDLE_WEIGHTS), handles + 1);
  }
  EXPECT_EQ(weight_bytes(), 0u);
  EXPECT_EQ(px_live_handles(PX_HANDLE_WEIGHTS), handles);
}

TEST_F(WeightsTest, OutliveTheirHandleAndTheEngineThroughAModel) {
  WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  weights.reset();
  engine_.reset();
  EXPECT_EQ(read(model.get(), 0), tiny_tensors().at("model.embed_tokens.weight").values);
}

TEST_F(WeightsTest, CloneIsACopyWithAVersionOfItsOwn) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  std::vector<float> changed(20, 0.25f);
  ASSERT_EQ(px_model_write_tensor(model.get(), 0, changed.data(), 20), PX_OK) << last_error();
  px_weights* handle = nullptr;
  ASSERT_EQ(px_weights_clone(weights.get(), &handle), PX_OK);
  const WeightsHandle clone(handle, &px_weights_release);
  const ModelHandle copy = model_on(clone);
  EXPECT_EQ(read(copy.get(), 0), changed);

  const std::vector<float> other(20, 0.5f);
  ASSERT_EQ(px_model_write_tensor(copy.get(), 0, other.data(), 20), PX_OK);
  ASSERT_EQ(px_model_write_tensor(copy.get(), 0, other.data(), 20), PX_OK);
  EXPECT_EQ(read(model.get(), 0), changed);
  int64_t version = -1;
  ASSERT_EQ(px_weights_version(weights.get(), &version), PX_OK);
  EXPECT_EQ(version, 1);
  ASSERT_EQ(px_weights_version(clone.get(), &version), PX_OK);
  EXPECT_EQ(version, 2);
}

TEST_F(WeightsTest, DerivedModelsShareTheTrunkAndOwnTheirHeads) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle base = model_on(weights);
  const px_model_options options = head_options(PX_HEAD_SCALAR, PX_HEAD_INIT_ZERO);
  px_model* handle = nullptr;
  ASSERT_EQ(px_model_derive(base.get(), &options, &handle), PX_OK);
  const ModelHandle derived(handle, &px_model_release);
  ASSERT_EQ(px_model_derive(base.get(), &options, &handle), PX_OK);
  const ModelHandle second(handle, &px_model_release);

  auto info = sized<px_model_info>();
  ASSERT_EQ(px_model_get_info(derived.get(), &info), PX_OK);
  EXPECT_EQ(info.head, PX_HEAD_SCALAR);
  EXPECT_EQ(info.tensors, 12);
  const int64_t head = info.tensors - 1;
  const std::vector<float> ones(4, 1.0f);
  ASSERT_EQ(px_model_write_tensor(derived.get(), head, ones.data(), 4), PX_OK);
  EXPECT_EQ(read(derived.get(), head), ones);
  EXPECT_EQ(read(second.get(), head), std::vector<float>(4, 0.0f));
  const std::vector<float> changed(20, 2.0f);
  ASSERT_EQ(px_model_write_tensor(derived.get(), 0, changed.data(), 20), PX_OK);
  EXPECT_EQ(read(base.get(), 0), changed);
}

TEST_F(WeightsTest, NamesTheTensorOfAnElement) {
  const WeightsHandle weights = load_tiny();
  const px_model_options options = head_options(PX_HEAD_SCALAR, PX_HEAD_INIT_ZERO);
  const ModelHandle handle = model_on(weights, &options);
  const Model& model = *handle->model;
  int64_t expected_offset = 0;
  for (const TensorSpec& tensor : model.tensors()) {
    EXPECT_EQ(tensor.offset, expected_offset) << tensor.name;
    EXPECT_EQ(model.name_of_element(tensor.offset), tensor.name);
    EXPECT_EQ(model.name_of_element(tensor.offset + tensor.elements - 1), tensor.name);
    EXPECT_EQ(model.tensor_data(tensor).size(), static_cast<size_t>(tensor.elements));
    expected_offset += tensor.elements;
  }
  EXPECT_EQ(model.elements(), expected_offset);
  EXPECT_EQ(model.tensors().back().name, "score.weight");
  EXPECT_EQ(model.weight_range().size() + model.head_range().size(), static_cast<size_t>(expected_offset));
  EXPECT_THROW(model.name_of_element(expected_offset), Error);
}

TEST_F(WeightsTest, WritesAreChecked) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  std::vector<float> values(20, 1.0f);
  EXPECT_EQ(px_model_write_tensor(model.get(), 0, values.data(), 19), PX_SHAPE_MISMATCH);
  EXPECT_EQ(px_model_read_tensor(model.get(), 0, values.data(), 21), PX_SHAPE_MISMATCH);
  EXPECT_EQ(px_model_write_tensor(model.get(), 11, values.data(), 20), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_write_tensor(model.get(), -1, values.data(), 20), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_write_tensor(model.get(), 0, nullptr, 20), PX_INVALID_ARGUMENT);
  values[7] = NAN;
  EXPECT_EQ(px_model_write_tensor(model.get(), 0, values.data(), 20), PX_NOT_FINITE);
  EXPECT_NE(last_error().find("'model.embed_tokens.weight': element 7"), std::string::npos) << last_error();
  values[7] = 1.0f;
  weights->weights->unfinished_sequences = 3;
  EXPECT_EQ(px_model_write_tensor(model.get(), 0, values.data(), 20), PX_INVALID_STATE);
  EXPECT_NE(last_error().find("3 unfinished sequences"), std::string::npos) << last_error();
  weights->weights->unfinished_sequences = 0;
  int64_t version = -1;
  ASSERT_EQ(px_weights_version(weights.get(), &version), PX_OK);
  EXPECT_EQ(version, 0);
  EXPECT_EQ(read(model.get(), 0), tiny_tensors().at("model.embed_tokens.weight").values);
}

TEST_F(WeightsTest, HeadOptionsAreChecked) {
  const WeightsHandle weights = load_tiny();
  px_model* model = nullptr;
  const auto create = [&](px_model_options options) { return px_model_create(weights.get(), &options, &model); };
  EXPECT_EQ(create(head_options(3, PX_HEAD_INIT_ZERO)), PX_INVALID_ARGUMENT);
  EXPECT_EQ(create(head_options(PX_HEAD_LM, -1)), PX_INVALID_ARGUMENT);
  EXPECT_EQ(create(head_options(PX_HEAD_SCALAR, PX_HEAD_INIT_FROM_FILE)), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("score.weight"), std::string::npos) << last_error();
  px_model_options options = head_options(PX_HEAD_LM, PX_HEAD_INIT_FROM_FILE);
  options.adapter = 1;
  EXPECT_EQ(create(options), PX_UNSUPPORTED);
  options = head_options(PX_HEAD_LM, PX_HEAD_INIT_FROM_FILE);
  options.flags = 1;
  EXPECT_EQ(create(options), PX_INVALID_ARGUMENT);
  EXPECT_EQ(model, nullptr);
}

TEST_F(WeightsTest, NullHandlesAndPointersAreRefused) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  px_weights* out = nullptr;
  px_model* made = nullptr;
  auto info = sized<px_model_info>();
  EXPECT_EQ(px_weights_load(nullptr, "x", nullptr, &out), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_load(engine_.get(), nullptr, nullptr, &out), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_load(engine_.get(), "", nullptr, &out), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_load(engine_.get(), "x", nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_clone(nullptr, &out), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_clone(weights.get(), nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_version(weights.get(), nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_create(nullptr, nullptr, &made), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_create(weights.get(), nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_derive(nullptr, nullptr, &made), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_get_info(nullptr, &info), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_get_info(model.get(), nullptr), PX_INVALID_ARGUMENT);
  info.struct_size = 8;
  EXPECT_EQ(px_model_get_info(model.get(), &info), PX_ABI_MISMATCH);
  EXPECT_EQ(px_model_tensor(model.get(), 0, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_read_tensor(model.get(), 0, nullptr, 20), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_save(nullptr, "x", nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_save(model.get(), nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_score(nullptr, nullptr, nullptr), PX_INVALID_ARGUMENT);
  px_weights_release(nullptr);
  px_model_release(nullptr);
}

// --- batches ---

struct ScoreCase {
  std::vector<int64_t> offsets{0, 2, 5};
  std::vector<int32_t> tokens{1, 2, 3, 4, 0};
  std::vector<float> logprob = std::vector<float>(5);
  px_batch batch = sized<px_batch>();
  px_score_args args = sized<px_score_args>();

  ScoreCase() { args.logprob = logprob.data(); }
  px_status score(const ModelHandle& model) {
    batch.sequences = batch.sequences == 0 ? static_cast<int64_t>(offsets.size()) - 1 : batch.sequences;
    batch.offsets = offsets.data();
    batch.tokens = tokens.data();
    return px_model_score(model.get(), &batch, &args);
  }
};

TEST_F(WeightsTest, ScoresAndRefusesBatchesThatDoNotFit) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  ScoreCase good;
  ASSERT_EQ(good.score(model), PX_OK) << last_error();
  EXPECT_EQ(good.logprob[0], 0.0f);
  EXPECT_EQ(good.logprob[2], 0.0f);
  EXPECT_LT(good.logprob[1], 0.0f);

  const auto refused = [&](const std::string& what, px_status status, const std::function<void(ScoreCase&)>& spoil) {
    ScoreCase bad;
    spoil(bad);
    EXPECT_EQ(bad.score(model), status) << what << ": " << last_error();
    EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  };
  const int32_t adapter[] = {0, 1};
  const int32_t positions[] = {0, 1, 0, 1, 16};
  const float weight[] = {0, 1, 0, NAN, 1};
  refused("batch.tokens[3]: expected 0 to 4", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.tokens[3] = 5; });
  refused("batch.tokens[0]: expected 0 to 4", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.tokens[0] = -1; });
  refused("batch.offsets[0]", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.offsets[0] = 1; });
  refused("batch.offsets[1]", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.offsets[1] = 0; });
  refused("batch.offsets[2]", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.offsets[2] = int64_t{1} << 40; });
  refused("batch.sequences", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.batch.sequences = -1; });
  refused("batch.sequences", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.batch.sequences = INT64_MAX; });
  refused("batch.flags", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.batch.flags = 2; });
  refused("batch.struct_size", PX_ABI_MISMATCH, [](ScoreCase& c) { c.batch.struct_size = 8; });
  refused("batch.adapter[1]", PX_UNSUPPORTED, [&](ScoreCase& c) { c.batch.adapter = adapter; });
  refused("batch.positions[4]: expected 0 to 15", PX_INVALID_ARGUMENT,
          [&](ScoreCase& c) { c.batch.positions = positions; });
  refused("batch.weight[3]", PX_INVALID_ARGUMENT, [&](ScoreCase& c) { c.batch.weight = weight; });
  refused("context is 16", PX_INVALID_ARGUMENT, [](ScoreCase& c) {
    c.tokens.assign(20, 1);
    c.offsets = {0, 3, 20};
  });
  refused("args.temperature", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.args.temperature = -1.0; });
  refused("args.temperature", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.args.temperature = NAN; });
  refused("args: expected at least one", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.args.logprob = nullptr; });
  refused("args.value", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.args.value = c.logprob.data(); });
  refused("args.flags", PX_INVALID_ARGUMENT, [](ScoreCase& c) { c.args.flags = 1; });
}

TEST_F(WeightsTest, SaysWhenTheModelsNumbersOverflow) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  const std::vector<float> large(20, 100.0f);
  const std::vector<float> huge(4, 3e38f);  // the final norm
  ASSERT_EQ(px_model_write_tensor(model.get(), 0, large.data(), 20), PX_OK);
  ASSERT_EQ(px_model_write_tensor(model.get(), 10, huge.data(), 4), PX_OK);
  ScoreCase score;
  EXPECT_EQ(score.score(model), PX_NOT_FINITE);
  EXPECT_NE(last_error().find("args.logprob"), std::string::npos) << last_error();
}

// --- head initialisation ---

TEST(Philox, GivesThePublishedVectors) {
  const uint32_t ones = 0xffffffffu;
  EXPECT_EQ(philox4x32({0, 0}, {0, 0, 0, 0}), (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({ones, ones}, {ones, ones, ones, ones}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(HeadInit, IsNormalWithVarianceOneOverWidthPlusOne) {
  std::vector<float> head(20001);
  fill_normal_head(head, 5);
  const double n = static_cast<double>(head.size());
  const double mean = std::accumulate(head.begin(), head.end(), 0.0) / n;
  double variance = 0.0;
  double fourth = 0.0;
  for (const float value : head) {
    const double scaled = value * std::sqrt(n + 1.0);
    variance += scaled * scaled / n;
    fourth += scaled * scaled * scaled * scaled / n;
  }
  EXPECT_NEAR(mean * std::sqrt(n + 1.0), 0.0, 0.03);
  EXPECT_NEAR(variance, 1.0, 0.04);
  EXPECT_NEAR(fourth, 3.0, 0.25);

  std::vector<float> again(20001);
  fill_normal_head(again, 5);
  EXPECT_EQ(again, head);
  fill_normal_head(again, 5 + (uint64_t{1} << 32));
  EXPECT_NE(again, head);
}

// --- config.json ---

FolderConfig config_of(const nlohmann::json& json) { return read_config(json.dump(), "config.json"); }

TEST(Config, DefaultsAreThoseOfTransformers) {
  nlohmann::json json = tiny_config();
  for (const char* key :
       {"num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "tie_word_embeddings", "rope_theta"})
    json.erase(key);
  const Descriptor d = config_of(json).descriptor;
  EXPECT_EQ(d.kv_heads, 2);
  EXPECT_EQ(d.context, 2048);
  EXPECT_EQ(d.norm_epsilon, 1e-6);
  EXPECT_FALSE(d.tied);
  EXPECT_EQ(d.head_size, 2);
  EXPECT_EQ(d.rope, Rope{});
  json["head_dim"] = nullptr;
  EXPECT_EQ(config_of(json).descriptor.head_size, 2);
  json["head_dim"] = 6;
  EXPECT_EQ(config_of(json).descriptor.head_size, 6);
}

TEST(Config, RopeReadsTheSameInOldAndNewKeys) {
  const nlohmann::json llama3{{"rope_type", "llama3"},
                              {"factor", 8.0},
                              {"low_freq_factor", 1.0},
                              {"high_freq_factor", 4.0},
                              {"original_max_position_embeddings", 128}};
  nlohmann::json old = tiny_config();
  old["rope_theta"] = 500000.0;
  old["rope_scaling"] = llama3;
  nlohmann::json renewed = tiny_config();
  renewed.erase("rope_theta");
  renewed["rope_parameters"] = llama3;
  renewed["rope_parameters"]["rope_theta"] = 500000.0;
  const Rope rope = config_of(old).descriptor.rope;
  EXPECT_EQ(rope, config_of(renewed).descriptor.rope);
  EXPECT_EQ(rope, (Rope{500000.0, RopeScaling::kLlama3, 8.0, 1.0, 4.0, 128}));

  old = tiny_config();
  old["rope_scaling"] = {{"type", "linear"}, {"factor", 2.5}};
  EXPECT_EQ(config_of(old).descriptor.rope, (Rope{10000.0, RopeScaling::kLinear, 2.5}));
  old["rope_parameters"] = {{"rope_type", "linear"}, {"factor", 2.5}, {"rope_theta", 10000.0}};
  EXPECT_EQ(config_of(old).descriptor.rope, (Rope{10000.0, RopeScaling::kLinear, 2.5}));
}

struct BadConfig {
  const char* name;
  const char* key;
  nlohmann::json value;  // null: the key is removed
  px_status status;
  const char* expected;  // in the message beside the key
};

void PrintTo(const BadConfig& bad, std::ostream* stream) { *stream << bad.name; }

class ConfigRefuses : public ::testing::TestWithParam<BadConfig> {};

TEST_P(ConfigRefuses, NamingFileKeyAndFix) {
  const BadConfig& bad = GetParam();
  nlohmann::json json = tiny_config();
  json.erase(bad.key);
  if (!bad.value.is_null()) json[bad.key] = bad.value;
  try {
    config_of(json);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), bad.status) << error.message();
    EXPECT_NE(error.message().find("config.json: "), std::string::npos) << error.message();
    EXPECT_NE(error.message().find(std::string("'") + bad.key + "'"), std::string::npos) << error.message();
    EXPECT_NE(error.message().find(bad.expected), std::string::npos) << error.message();
    EXPECT_NE(error.message().find("; "), std::string::npos) << "no fix: " << error.message();
  }
}

const BadConfig kBadConfigs[] = {
    {"NoModelType", "model_type", nullptr, PX_CORRUPT_DATA, "is missing"},
    {"OtherFamily", "model_type", "gemma", PX_UNSUPPORTED, "'gemma'"},
    {"OtherClass", "architectures", {"LlamaModel"}, PX_UNSUPPORTED, "'LlamaModel'"},
    {"NoVocabulary", "vocab_size", nullptr, PX_CORRUPT_DATA, "is missing"},
    {"NoHidden", "hidden_size", nullptr, PX_CORRUPT_DATA, "is missing"},
    {"NoIntermediate", "intermediate_size", nullptr, PX_CORRUPT_DATA, "is missing"},
    {"NoLayers", "num_hidden_layers", nullptr, PX_CORRUPT_DATA, "is missing"},
    {"NoHeads", "num_attention_heads", nullptr, PX_CORRUPT_DATA, "is missing"},
    {"NegativeVocabulary", "vocab_size", -5, PX_CORRUPT_DATA, "got -5"},
    {"AbsurdVocabulary", "vocab_size", 1000000000000, PX_CORRUPT_DATA, "got 1000000000000"},
    {"WrappingHidden", "hidden_size", 18446744073709551615u, PX_CORRUPT_DATA, "got 18446744073709551615"},
    {"ZeroLayers", "num_hidden_layers", 0, PX_CORRUPT_DATA, "got 0"},
    {"FractionalLayers", "num_hidden_layers", 1.5, PX_CORRUPT_DATA, "got 1.5"},
    {"TextLayers", "num_hidden_layers", "1", PX_CORRUPT_DATA, "got \"1\""},
    {"HeadsOnHeads", "num_key_value_heads", 3, PX_CORRUPT_DATA, "got 3"},
    {"ZeroEpsilon", "rms_norm_eps", 0.0, PX_CORRUPT_DATA, "got 0"},
    {"AbsurdEpsilon", "rms_norm_eps", 1e6, PX_CORRUPT_DATA, "got 1000000"},
    {"NegativeTheta", "rope_theta", -1.0, PX_CORRUPT_DATA, "got -1"},
    {"TextTied", "tie_word_embeddings", "yes", PX_CORRUPT_DATA, "expected true or false"},
    {"Gelu", "hidden_act", "gelu", PX_UNSUPPORTED, "\"gelu\""},
    {"Window", "sliding_window", 8, PX_UNSUPPORTED, "got 8"},
    {"Layers", "layer_types", {"full_attention", "sliding_attention"}, PX_UNSUPPORTED, "sliding_attention"},
    {"TensorParallel", "pretraining_tp", 2, PX_UNSUPPORTED, "got 2"},
    {"AttentionMultiplier", "attention_multiplier", 0.1, PX_UNSUPPORTED, "got 0.1"},
    {"ResidualMultiplier", "residual_multiplier", 0.22, PX_UNSUPPORTED, "got 0.22"},
    {"LogitsScaling", "logits_scaling", 8.0, PX_UNSUPPORTED, "got 8"},
    {"PartialRotary", "partial_rotary_factor", 0.5, PX_UNSUPPORTED, "got 0.5"},
    {"Experts", "num_local_experts", 8, PX_UNSUPPORTED, "got 8"},
    {"QkNorm", "use_qk_norm", true, PX_UNSUPPORTED, "got true"},
    {"Quantized", "quantization_config", {{"bits", 4}}, PX_UNSUPPORTED, "bits"},
    {"RopeList", "rope_scaling", {1, 2}, PX_CORRUPT_DATA, "expected an object"},
};

INSTANTIATE_TEST_SUITE_P(Keys, ConfigRefuses, ::testing::ValuesIn(kBadConfigs),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Config, RefusesRopeThatIsNotComputedOrIncomplete) {
  const auto refused = [](const nlohmann::json& rope, px_status status, const std::string& what) {
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
      nlohmann::json json = tiny_config();
      json[key] = rope;
      try {
        config_of(json);
        FAIL() << rope;
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), status) << error.message();
        EXPECT_NE(error.message().find(key), std::string::npos) << error.message();
        EXPECT_NE(error.message().find(what), std::string::npos) << error.message();
      }
    }
  };
  for (const char* type : {"longrope", "su", "proportional"}) {
    refused({{"rope_type", type}, {"factor", 2.0}}, PX_UNSUPPORTED, "'rope_type'");
    refused({{"type", type}, {"factor", 2.0}}, PX_UNSUPPORTED, std::string("\"") + type + "\"");
  }
  refused({{"rope_type", "linear"}}, PX_CORRUPT_DATA, "'factor' is missing");
  refused({{"rope_type", "linear"}, {"factor", 0.0}}, PX_CORRUPT_DATA, "'factor'");
  refused({{"rope_type", "linear"}, {"factor", 1e300}}, PX_CORRUPT_DATA, "'factor'");
  refused({{"rope_type", 3}}, PX_CORRUPT_DATA, "'rope_type'");
  refused({{"rope_type", "default"}, {"partial_rotary_factor", 0.5}}, PX_UNSUPPORTED, "'partial_rotary_factor'");
  refused({{"full_attention", {{"rope_type", "default"}}}}, PX_UNSUPPORTED, "'full_attention'");
  nlohmann::json llama3{{"rope_type", "llama3"},
                        {"factor", 8.0},
                        {"low_freq_factor", 4.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", 128}};
  refused(llama3, PX_CORRUPT_DATA, "'low_freq_factor' below 'high_freq_factor'");
  for (const char* key : {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    nlohmann::json incomplete = llama3;
    incomplete.erase(key);
    refused(incomplete, PX_CORRUPT_DATA, std::string("'") + key + "' is missing");
  }
  nlohmann::json json = tiny_config();
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5000.0}};
  EXPECT_THROW(config_of(json), Error);  // rope_theta says 10000
}

TEST(Config, AcceptsForeignKeysThatAreNotInUse) {
  nlohmann::json json = tiny_config();
  json.update({{"sliding_window", 16},
               {"pretraining_tp", 1},
               {"residual_multiplier", 1.0},
               {"quantization_config", nullptr},
               {"use_qk_norm", false},
               {"layer_types", {"full_attention"}},
               {"partial_rotary_factor", 1.0},
               {"attention_dropout", 0.1},
               {"something_of_mine", {{"a", 1}}}});
  EXPECT_NO_THROW(config_of(json));
  json["sliding_window"] = 4;
  json["use_sliding_window"] = false;
  EXPECT_NO_THROW(config_of(json));
}

TEST(Config, SurvivesDamage) {
  nlohmann::json json = tiny_config();
  json["rope_scaling"] = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 128}};
  const std::string text = json.dump();
  std::mt19937 random(2);
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    try {
      read_config(mutated(text, random), "config.json");
    } catch (const Error& error) {
      ASSERT_TRUE(error.status() == PX_CORRUPT_DATA || error.status() == PX_UNSUPPORTED) << error.message();
      ++refused;
    }
  }
  EXPECT_GT(refused, 2000);
}

// --- folders ---

TEST_F(WeightsTest, RefusesFoldersWhoseFilesDoNotFitEachOther) {
  const std::string path = folder_.path("m");
  const auto spoil_tensor = [&](const std::function<void(std::map<std::string, Tensor>&)>& spoil) {
    auto tensors = tiny_tensors();
    spoil(tensors);
    write_model(path, tiny_config(), tensors);
  };
  const std::string norm = "model.norm.weight";
  spoil_tensor([&](auto& t) { t.erase(norm); });
  expect_refused(path, PX_CORRUPT_DATA, {path + "/model.safetensors", "'" + norm + "' is missing", "copy"});
  spoil_tensor([&](auto& t) { t[norm] = {{2, 2}, {1, 2, 3, 4}}; });
  expect_refused(path, PX_CORRUPT_DATA, {"'" + norm + "'", "wants shape [4], got [2, 2]", "copy"});
  spoil_tensor([&](auto& t) { t[norm].values[3] = NAN; });
  expect_refused(path, PX_NOT_FINITE, {path + "/model.safetensors", "'" + norm + "': element 3", "nan"});
  spoil_tensor([&](auto& t) { t["model.layers.0.self_attn.q_norm.weight"] = {{2}, {1, 1}}; });
  expect_refused(path, PX_UNSUPPORTED, {"'model.layers.0.self_attn.q_norm.weight' is no part of"});
  spoil_tensor([&](auto& t) { t["lm_head.weight"] = {{5, 4}, std::vector<float>(20, 1.0f)}; });
  expect_refused(path, PX_CORRUPT_DATA, {"'lm_head.weight' differs", "tie_word_embeddings"});
  EXPECT_EQ(weight_bytes(), 0u);
}

TEST_F(WeightsTest, RefusesAConfigThatLiesBeforeTakingMemory) {
  nlohmann::json config = tiny_config();
  config["hidden_size"] = 131072;
  config["intermediate_size"] = 1048576;
  config["num_hidden_layers"] = 4096;
  config["vocab_size"] = 16777216;
  write_model(folder_.path("m"), config, tiny_tensors());
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA,
                 {"'model.embed_tokens.weight': config.json wants shape [16777216, 131072], got [5, 4]"});
}

// The address sanitizer ends the process at such an allocation, whatever the caller would make of it.
#ifndef __SANITIZE_ADDRESS__
TEST_F(WeightsTest, SayHowManyBytesCouldNotBeAllocated) {
  Descriptor huge = config_of(tiny_config()).descriptor;
  huge.layers = 4096;
  huge.hidden = int64_t{1} << 17;
  huge.intermediate = int64_t{1} << 20;
  try {
    Weights(engine_->engine, huge, "{}");
    FAIL() << "allocated";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), PX_OUT_OF_MEMORY);
    EXPECT_NE(error.message().find("bytes for "), std::string::npos) << error.message();
  }
  EXPECT_EQ(weight_bytes(), 0u);
}
#endif

TEST_F(WeightsTest, RefusesWhatIsNoModelFolder) {
  expect_refused(folder_.path("none"), PX_IO, {folder_.path("none"), "expected a model folder"});
  std::filesystem::create_directory(folder_.path("m"));
  expect_refused(folder_.path("m"), PX_IO, {folder_.path("m/config.json"), "No such file"});
  write_file(folder_.path("m/config.json"), tiny_config().dump());
  expect_refused(folder_.path("m"), PX_IO, {folder_.path("m/model.safetensors"), "No such file"});
  write_file(folder_.path("m/pytorch_model.bin"), "PK");
  expect_refused(folder_.path("m"), PX_UNSUPPORTED, {folder_.path("m/pytorch_model.bin"), "safe_serialization"});
  write_file(folder_.path("m/adapter_config.json"), "{}");
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {"adapter_config.json", "'peft_type'"});
  write_file(folder_.path("model.onnx"), "ONNX");
  expect_refused(folder_.path("model.onnx"), PX_UNSUPPORTED, {"model.onnx", "config.json"});
}

TEST_F(WeightsTest, RefusesIndexesThatLie) {
  const std::string path = folder_.path("m");
  const auto with_index = [&](const std::string& index) {
    write_file(path + "/model.safetensors.index.json", index);
    return path;
  };
  write_model(path, tiny_config(), tiny_tensors());
  std::filesystem::rename(path + "/model.safetensors", path + "/a.safetensors");
  nlohmann::json map;
  for (const auto& [name, tensor] : tiny_tensors()) map[name] = "a.safetensors";
  EXPECT_NE(load(with_index(nlohmann::json{{"weight_map", map}}.dump())), nullptr);

  expect_refused(with_index("{"), PX_CORRUPT_DATA, {"index.json", "byte 2"});
  expect_refused(with_index("{}"), PX_CORRUPT_DATA, {"index.json", "'weight_map'"});
  for (const char* file : {"../a.safetensors", "/etc/passwd", "", "..", "sub/a.safetensors"}) {
    nlohmann::json bad = map;
    bad["model.norm.weight"] = file;
    expect_refused(with_index(nlohmann::json{{"weight_map", bad}}.dump()), PX_CORRUPT_DATA,
                   {"'model.norm.weight': expected a file name of the same folder"});
  }
  nlohmann::json bad = map;
  bad["model.norm.weight"] = "b.safetensors";
  expect_refused(with_index(nlohmann::json{{"weight_map", bad}}.dump()), PX_IO, {path + "/b.safetensors"});
  bad = map;
  bad["model.extra.weight"] = "a.safetensors";
  expect_refused(with_index(nlohmann::json{{"weight_map", bad}}.dump()), PX_CORRUPT_DATA,
                 {"'model.extra.weight' is not in"});
  bad = map;
  bad.erase("model.norm.weight");
  expect_refused(with_index(nlohmann::json{{"weight_map", bad}}.dump()), PX_CORRUPT_DATA,
                 {"10 tensors, the shards hold 11"});
  // The same tensor in two shards.
  write_file(path + "/b.safetensors",
             safetensors({{"model.norm.weight", tiny_tensors().at("model.norm.weight")}, {"model.x", {{1}, {1}}}}));
  bad = map;
  bad["model.x"] = "b.safetensors";
  expect_refused(with_index(nlohmann::json{{"weight_map", bad}}.dump()), PX_CORRUPT_DATA, {"is also in another shard"});
}

TEST_F(WeightsTest, ReadsClassifiersWithOneLabelOnly) {
  nlohmann::json config = tiny_config();
  config["architectures"] = {"LlamaForSequenceClassification"};
  config["tie_word_embeddings"] = false;
  auto tensors = tiny_tensors();
  tensors["score.weight"] = {{1, 4}, {1, 2, 3, 4}};
  write_model(folder_.path("m"), config, tensors);
  const WeightsHandle weights = load(folder_.path("m"));
  const ModelHandle model = model_on(weights);
  EXPECT_EQ(read(model.get(), 11), (std::vector<float>{1, 2, 3, 4}));
  const px_model_options language = head_options(PX_HEAD_LM, PX_HEAD_INIT_FROM_FILE);
  px_model* handle = nullptr;
  EXPECT_EQ(px_model_create(weights.get(), &language, &handle), PX_INVALID_ARGUMENT);
  EXPECT_NE(last_error().find("lm_head.weight"), std::string::npos) << last_error();

  config["num_labels"] = 3;
  write_model(folder_.path("m"), config, tensors);
  expect_refused(folder_.path("m"), PX_UNSUPPORTED, {"'num_labels'", "got 3"});
  config.erase("num_labels");
  config["id2label"] = {{"0", "bad"}, {"1", "good"}};
  write_model(folder_.path("m"), config, tensors);
  expect_refused(folder_.path("m"), PX_UNSUPPORTED, {"'id2label'", "\"good\""});
  config.erase("id2label");
  tensors["score.weight"] = {{2, 4}, std::vector<float>(8, 1.0f)};
  write_model(folder_.path("m"), config, tensors);
  expect_refused(folder_.path("m"), PX_UNSUPPORTED, {"'score.weight'", "one label", "[2, 4]"});
  tensors.erase("score.weight");
  write_model(folder_.path("m"), config, tensors);
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {"'score.weight' is missing"});
}

// --- saving ---

TEST_F(WeightsTest, SavesTheConfigInBothGenerationsOfKeys) {
  nlohmann::json config = tiny_config();
  config["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
  config["something_of_mine"] = {1, 2};
  config["torch_dtype"] = "float64";
  write_model(folder_.path("m"), config, tiny_tensors());
  const WeightsHandle weights = load(folder_.path("m"));
  const px_model_options options = head_options(PX_HEAD_SCALAR, PX_HEAD_INIT_NORMAL, 3);
  auto save = sized<px_save_options>();
  save.dtype = PX_DTYPE_BF16;
  ASSERT_EQ(px_model_save(model_on(weights, &options).get(), folder_.path("out").c_str(), &save), PX_OK)
      << last_error();
  const auto saved = nlohmann::json::parse(read_file(folder_.path("out/config.json")));
  EXPECT_EQ(saved["architectures"], nlohmann::json({"LlamaForSequenceClassification"}));
  EXPECT_EQ(saved["dtype"], "bfloat16");
  EXPECT_EQ(saved["torch_dtype"], "bfloat16");
  EXPECT_EQ(saved["num_labels"], 1);
  EXPECT_EQ(saved["id2label"], nlohmann::json({{"0", "LABEL_0"}}));
  EXPECT_EQ(saved["label2id"], nlohmann::json({{"LABEL_0", 0}}));
  EXPECT_EQ(saved["rope_parameters"],
            nlohmann::json({{"rope_type", "linear"}, {"factor", 2.0}, {"rope_theta", 10000.0}}));
  EXPECT_EQ(saved["rope_scaling"], nlohmann::json({{"rope_type", "linear"}, {"factor", 2.0}}));
  EXPECT_EQ(saved["rope_theta"], 10000.0);
  EXPECT_EQ(saved["head_dim"], 2);
  EXPECT_EQ(saved["something_of_mine"], nlohmann::json({1, 2}));

  const WeightsHandle again = load(folder_.path("out"));
  EXPECT_EQ(again->weights->descriptor().rope, weights->weights->descriptor().rope);
  ASSERT_EQ(px_model_save(model_on(again, nullptr).get(), folder_.path("out").c_str(), nullptr), PX_OK);
  const auto second = nlohmann::json::parse(read_file(folder_.path("out/config.json")));
  EXPECT_EQ(second["dtype"], "float32");
}

TEST_F(WeightsTest, SavingALanguageModelDropsTheLabels) {
  nlohmann::json config = tiny_config();
  config["architectures"] = {"LlamaForSequenceClassification"};
  config["id2label"] = {{"0", "LABEL_0"}};
  auto tensors = tiny_tensors();
  tensors["score.weight"] = {{1, 4}, {1, 2, 3, 4}};
  write_model(folder_.path("m"), config, tensors);
  const WeightsHandle weights = load(folder_.path("m"));
  const px_model_options options = head_options(PX_HEAD_LM, PX_HEAD_INIT_FROM_FILE);
  ASSERT_EQ(px_model_save(model_on(weights, &options).get(), folder_.path("out").c_str(), nullptr), PX_OK);
  const auto saved = nlohmann::json::parse(read_file(folder_.path("out/config.json")));
  EXPECT_EQ(saved["architectures"], nlohmann::json({"LlamaForCausalLM"}));
  EXPECT_FALSE(saved.contains("id2label"));
  EXPECT_TRUE(load(folder_.path("out"))->weights->file_score_head.empty());
}

TEST_F(WeightsTest, SavingReplacesAnEarlierModelWhole) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  const std::string out = folder_.path("out");
  const auto files = [&] {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(out)) names.insert(entry.path().filename());
    return names;
  };
  auto save = sized<px_save_options>();
  save.shard_bytes = 200;
  ASSERT_EQ(px_model_save(model.get(), out.c_str(), &save), PX_OK) << last_error();
  EXPECT_TRUE(files().contains("model.safetensors.index.json"));
  EXPECT_TRUE(files().contains("model-00004-of-00004.safetensors"));
  write_file(out + "/tokenizer.json", "{}");
  write_file(out + "/model-card.md", "mine");
  ASSERT_EQ(px_model_save(model.get(), out.c_str(), nullptr), PX_OK) << last_error();
  EXPECT_EQ(files(), (std::set<std::string>{"config.json", "model.safetensors", "tokenizer.json", "model-card.md"}));
  save.shard_bytes = 100000;  // all in one shard: one file, no index
  ASSERT_EQ(px_model_save(model.get(), out.c_str(), &save), PX_OK) << last_error();
  EXPECT_EQ(files().size(), 4u);
}

TEST_F(WeightsTest, FailedSavesNameThePathAndLeaveNothing) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  const auto refused = [&](const std::string& path, px_status status, const std::string& what) {
    EXPECT_EQ(px_model_save(model.get(), path.c_str(), nullptr), status) << last_error();
    EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  };
  refused(folder_.path("no/parent"), PX_IO, folder_.path("no/parent") + ": the folder cannot be created: No such file");
  write_file(folder_.path("file"), "x");
  refused(folder_.path("file"), PX_IO, folder_.path("file"));
  refused("/proc/none", PX_IO, "/proc/none");
  EXPECT_EQ(px_model_save(model.get(), "", nullptr), PX_INVALID_ARGUMENT);
  std::filesystem::create_directories(folder_.path("out/model.safetensors/full"));
  refused(folder_.path("out"), PX_IO, folder_.path("out/model.safetensors") + ": cannot be put in place");

  const std::vector<float> large(20, 1e6f);
  ASSERT_EQ(px_model_write_tensor(model.get(), 0, large.data(), 20), PX_OK);
  auto save = sized<px_save_options>();
  save.dtype = PX_DTYPE_F16;
  EXPECT_EQ(px_model_save(model.get(), folder_.path("half").c_str(), &save), PX_NOT_FINITE);
  EXPECT_NE(last_error().find("'model.embed_tokens.weight': element 0 is 1e+06"), std::string::npos) << last_error();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path("half")));
  save.dtype = 7;
  EXPECT_EQ(px_model_save(model.get(), folder_.path("half").c_str(), &save), PX_INVALID_ARGUMENT);
}

TEST_F(WeightsTest, GgufFilesAreWrittenThroughTheAbi) {
  const WeightsHandle weights = load_tiny();
  const ModelHandle model = model_on(weights);
  const std::string path = folder_.path("m.gguf");
  ASSERT_EQ(px_model_save_gguf(model.get(), path.c_str(), nullptr), PX_OK) << last_error();
  const WeightsHandle again = load(path);
  const px::Weights& a = *weights->weights;
  const px::Weights& b = *again->weights;
  ASSERT_EQ(a.elements(), b.elements());
  EXPECT_EQ(std::vector<float>(a.data(), a.data() + a.elements()), std::vector<float>(b.data(), b.data() + b.elements()));

  auto options = sized<px_gguf_options>();
  const auto refused = [&](px_status status, const std::string& what) {
    EXPECT_EQ(px_model_save_gguf(model.get(), path.c_str(), &options), status) << last_error();
    EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  };
  options.type = 2;
  refused(PX_INVALID_ARGUMENT, "options.type: expected a px_gguf_type, got 2");
  options.type = PX_GGUF_Q8_0;
  options.metadata_bytes = 4;
  refused(PX_INVALID_ARGUMENT, "options.metadata: expected an array of 4 bytes, got NULL");
  const uint8_t garbage[4] = {1, 2, 3, 4};
  options.metadata = garbage;
  options.metadata_count = 1;
  refused(PX_CORRUPT_DATA, "options.metadata");
  options.metadata_count = -1;
  refused(PX_INVALID_ARGUMENT, "options.metadata_count");
  options = sized<px_gguf_options>();
  options.struct_size = 8;
  refused(PX_ABI_MISMATCH, "options.struct_size");
  EXPECT_EQ(px_model_save_gguf(nullptr, path.c_str(), nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_save_gguf(model.get(), nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_model_save_gguf(model.get(), folder_.path("no/m.gguf").c_str(), nullptr), PX_IO);
}

// --- a random start ---

std::vector<float> tensor_of(px_model* model, int64_t index, std::string& name) {
  auto info = sized<px_tensor_info>();
  EXPECT_EQ(px_model_tensor(model, index, &info), PX_OK);
  name = info.name;
  std::vector<float> values(static_cast<size_t>(info.elements));
  EXPECT_EQ(px_model_read_tensor(model, index, values.data(), info.elements), PX_OK);
  return values;
}

class RandomStartTest : public WeightsTest {
 protected:
  std::string write_config(const nlohmann::json& changes = nlohmann::json::object()) {
    nlohmann::json config = tiny_config();
    config.update(changes);
    write_file(folder_.path("config.json"), config.dump());
    return folder_.path("config.json");
  }

  WeightsHandle create(const std::string& path, uint64_t seed) {
    px_weights* weights = nullptr;
    EXPECT_EQ(px_weights_create(engine_.get(), path.c_str(), seed, &weights), PX_OK) << last_error();
    return {weights, &px_weights_release};
  }
};

TEST_F(RandomStartTest, MatricesAreNormalNormsOneBiasesZero) {
  const std::string path = write_config({{"hidden_size", 32},
                                         {"intermediate_size", 64},
                                         {"vocab_size", 300},
                                         {"head_dim", 16},
                                         {"attention_bias", true},
                                         {"tie_word_embeddings", false},
                                         {"initializer_range", 0.5}});
  const WeightsHandle weights = create(path, 7);
  const ModelHandle model = model_on(weights);
  auto info = sized<px_model_info>();
  ASSERT_EQ(px_model_get_info(model.get(), &info), PX_OK);
  std::set<float> first_values;
  for (int32_t i = 0; i < info.tensors; ++i) {
    std::string name;
    const std::vector<float> values = tensor_of(model.get(), i, name);
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    if (name.ends_with("norm.weight")) {
      EXPECT_EQ(values, std::vector<float>(values.size(), 1.0f)) << name;
    } else if (name.ends_with("bias")) {
      EXPECT_EQ(values, std::vector<float>(values.size(), 0.0f)) << name;
    } else {
      double squares = 0.0;
      for (const float value : values) squares += (value - mean) * (value - mean);
      EXPECT_NEAR(mean, 0.0, 5.0 * 0.5 / std::sqrt(count)) << name;
      EXPECT_NEAR(std::sqrt(squares / count), 0.5, 5.0 * 0.5 / std::sqrt(2.0 * count)) << name;
      EXPECT_TRUE(first_values.insert(values[0]).second) << name << " starts as another tensor does";
      std::vector<float> expected(values.size());
      fill_normal(expected, 0.5, 7, static_cast<uint32_t>(i) + 1);
      EXPECT_EQ(values, expected) << name;
    }
  }
}

TEST_F(RandomStartTest, TheSeedDecidesAndTheFolderWillDo) {
  write_config();
  std::string name;
  const auto embedding = [&](uint64_t seed) {
    return tensor_of(model_on(create(folder_.path(""), seed)).get(), 0, name);
  };
  EXPECT_EQ(embedding(1), embedding(1));
  EXPECT_NE(embedding(1), embedding(2));
  EXPECT_NE(embedding(1), embedding(1ull << 32 | 1));
}

TEST_F(RandomStartTest, WhatIsWrongWithTheConfigIsSaid) {
  px_weights* weights = nullptr;
  const auto status = [&](const std::string& path) {
    return px_weights_create(engine_.get(), path.c_str(), 1, &weights);
  };
  EXPECT_EQ(status(folder_.path("absent.json")), PX_IO);
  EXPECT_NE(last_error().find("absent.json"), std::string::npos) << last_error();
  EXPECT_EQ(status(write_config({{"initializer_range", -1.0}})), PX_CORRUPT_DATA);
  EXPECT_NE(last_error().find("initializer_range"), std::string::npos) << last_error();
  EXPECT_EQ(status(write_config({{"model_type", "mamba"}})), PX_UNSUPPORTED);
  EXPECT_EQ(status(""), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_create(nullptr, "x", 1, &weights), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_create(engine_.get(), nullptr, 1, &weights), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_weights_create(engine_.get(), write_config().c_str(), 1, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(weights, nullptr);
}

}  // namespace
