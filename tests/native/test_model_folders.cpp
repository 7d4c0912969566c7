// Folders as they come from elsewhere: GPT-2's published names, value heads, adapters, pickles, links.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <functional>

#include "base/error.h"
#include "model/families/family.h"
#include "model/formats/huggingface.h"
#include "model/formats/peft_config.h"
#include "model_files.h"
#include "tiny_model.h"

namespace {

using namespace px;
using namespace px::testing;
using tiny::last_error;
namespace fs = std::filesystem;

using Tensors = std::map<std::string, Tensor>;

class ModelFolders : public ::testing::Test {
 protected:
  ModelFolders() {
    px_engine_options options{};
    options.struct_size = sizeof options;
    options.threads = 1;
    px_engine* engine = nullptr;
    EXPECT_EQ(px_engine_create(&options, &engine), PX_OK) << last_error();
    engine_.reset(engine);
  }

  tiny::WeightsHandle load(const std::string& path) {
    px_weights* weights = nullptr;
    EXPECT_EQ(px_weights_load(engine_.get(), path.c_str(), nullptr, &weights), PX_OK) << last_error();
    return tiny::WeightsHandle(weights);
  }

  void expect_refused(const std::string& path, px_status status, const std::vector<std::string>& texts) {
    px_weights* weights = nullptr;
    EXPECT_EQ(px_weights_load(engine_.get(), path.c_str(), nullptr, &weights), status) << last_error();
    EXPECT_EQ(weights, nullptr);
    for (const std::string& what : texts) EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
  }

  tiny::ModelHandle model_on(const tiny::WeightsHandle& weights, int32_t head = PX_HEAD_FROM_FILE) {
    px_model_options options{};
    options.struct_size = sizeof options;
    options.head = head;
    px_model* model = nullptr;
    EXPECT_EQ(px_model_create(weights.get(), &options, &model), PX_OK) << last_error();
    return tiny::ModelHandle(model);
  }

  TemporaryFolder folder_;
  tiny::EngineHandle engine_;
};

// A family's tensors of random values, under the names of its layout.
Tensors tensors_of(const nlohmann::json& config) {
  Tensors tensors;
  std::mt19937 random(7);
  for (const TensorSpec& spec : layout_of(read_config(config.dump(), "config.json").descriptor).tensors) {
    Tensor& tensor = tensors[spec.name];
    tensor.shape = spec.shape;
    for (int64_t i = 0; i < spec.elements; ++i) tensor.values.push_back(static_cast<float>(random()) / 0x1p32f - 0.5f);
  }
  return tensors;
}

nlohmann::json gpt2_config() {
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"vocab_size", 5},
          {"n_embd", 4},
          {"n_layer", 1},
          {"n_head", 2},
          {"n_positions", 8}};
}

nlohmann::json qwen3_config() {
  nlohmann::json config = tiny_config();
  config["architectures"] = {"Qwen3ForCausalLM"};
  config["model_type"] = "qwen3";
  config["head_dim"] = 6;
  return config;
}

Tensors held(px_model* model) {
  Tensors tensors;
  for (const TensorSpec& spec : model->model->tensors()) {
    const std::span<float> data = model->model->tensor_data(spec);
    tensors[spec.name] = {spec.shape, {data.begin(), data.end()}};
  }
  return tensors;
}

void expect_same(const Tensors& actual, const Tensors& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    ASSERT_TRUE(actual.contains(name)) << name;
    EXPECT_EQ(actual.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(actual.at(name).values, tensor.values) << name;
  }
}

// --- names ---

TEST_F(ModelFolders, EveryFamilyIsSavedAndReadAgainToTheBit) {
  nlohmann::json mistral = tiny_config();
  mistral["architectures"] = {"MistralForCausalLM"};
  mistral["model_type"] = "mistral";
  mistral["sliding_window"] = 3;
  nlohmann::json qwen2 = tiny_config();
  qwen2["architectures"] = {"Qwen2ForCausalLM"};
  qwen2["model_type"] = "qwen2";
  for (const nlohmann::json& config : {tiny_config(), mistral, qwen2, qwen3_config(), gpt2_config()}) {
    const Tensors tensors = tensors_of(config);
    write_model(folder_.path("m"), config, tensors);
    const tiny::WeightsHandle weights = load(folder_.path("m"));
    const tiny::ModelHandle model = model_on(weights);
    expect_same(held(model.get()), tensors);
    ASSERT_EQ(px_model_save(model.get(), folder_.path("out").c_str(), nullptr), PX_OK) << last_error();
    const tiny::WeightsHandle again = load(folder_.path("out"));
    expect_same(held(model_on(again).get()), tensors);
    const auto saved = nlohmann::json::parse(read_file(folder_.path("out/config.json")));
    EXPECT_EQ(saved["model_type"], config["model_type"]);
    EXPECT_EQ(saved["architectures"], config["architectures"]);
    EXPECT_EQ(again->weights->descriptor().windows, weights->weights->descriptor().windows);
  }
}

TEST_F(ModelFolders, Gpt2IsReadUnderItsPublishedNames) {
  const Tensors modern = tensors_of(gpt2_config());
  Tensors old;
  for (const auto& [name, tensor] : modern) old[name.substr(std::string("transformer.").size())] = tensor;
  old["h.0.attn.bias"] = {{1, 1, 8, 8}, std::vector<float>(64, 1.0f)};
  old["h.0.attn.masked_bias"] = {{}, {-1e4f}};
  write_model(folder_.path("m"), gpt2_config(), old);
  expect_same(held(model_on(load(folder_.path("m"))).get()), modern);

  old["lm_head.weight"] = modern.at("transformer.wte.weight");
  write_model(folder_.path("m"), gpt2_config(), old);
  expect_same(held(model_on(load(folder_.path("m"))).get()), modern);
  old["lm_head.weight"].values[0] += 1.0f;
  write_model(folder_.path("m"), gpt2_config(), old);
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {"'lm_head.weight' differs from 'transformer.wte.weight'"});
  old.erase("lm_head.weight");
  old["transformer.ln_f.bias"] = modern.at("transformer.ln_f.bias");
  write_model(folder_.path("m"), gpt2_config(), old);
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {"ln_f.bias' is there twice"});
}

// --- scalar heads ---

TEST_F(ModelFolders, ReadsTrlsValueHeadBesideTheLanguageModel) {
  Tensors tensors = tiny_tensors();
  tensors["v_head.summary.weight"] = {{1, 4}, {1, 2, 3, 4}};
  tensors["v_head.summary.bias"] = {{1}, {0.0f}};
  write_model(folder_.path("m"), tiny_config(), tensors);
  const tiny::WeightsHandle weights = load(folder_.path("m"));
  EXPECT_EQ(model_on(weights)->model->head(), PX_HEAD_LM);
  const tiny::ModelHandle critic = model_on(weights, PX_HEAD_SCALAR);
  EXPECT_EQ(held(critic.get()).at("score.weight").values, (std::vector<float>{1, 2, 3, 4}));

  tensors["v_head.summary.bias"].values[0] = 0.25f;
  write_model(folder_.path("m"), tiny_config(), tensors);
  const tiny::WeightsHandle biased = load(folder_.path("m"));
  EXPECT_EQ(model_on(biased)->model->head(), PX_HEAD_LM);
  px_model_options options{};
  options.struct_size = sizeof options;
  options.head = PX_HEAD_SCALAR;
  px_model* model = nullptr;
  EXPECT_EQ(px_model_create(biased.get(), &options, &model), PX_UNSUPPORTED);
  for (const char* what : {"'v_head.summary.bias'", "got 0.25", "PX_HEAD_INIT_ZERO"})
    EXPECT_NE(last_error().find(what), std::string::npos) << last_error();
}

TEST_F(ModelFolders, ReadsOpenRlhfsHeadsUnderAllTheirNames) {
  for (const char* head : {"score", "value_head", "my_head"}) {
    nlohmann::json config = tiny_config();
    config["architectures"] = {"RewardModel"};
    config["tie_word_embeddings"] = false;
    config["value_head_prefix"] = head;
    Tensors tensors = tiny_tensors();
    tensors[std::string(head) + ".weight"] = {{1, 4}, {1, 2, 3, 4}};
    write_model(folder_.path("m"), config, tensors);
    const tiny::ModelHandle model = model_on(load(folder_.path("m")));
    EXPECT_EQ(model->model->head(), PX_HEAD_SCALAR);
    EXPECT_EQ(held(model.get()).at("score.weight").values, (std::vector<float>{1, 2, 3, 4}));
    ASSERT_EQ(px_model_save(model.get(), folder_.path("out").c_str(), nullptr), PX_OK) << last_error();
    const auto saved = nlohmann::json::parse(read_file(folder_.path("out/config.json")));
    EXPECT_EQ(saved["architectures"], nlohmann::json({"LlamaForSequenceClassification"}));
    EXPECT_FALSE(saved.contains("value_head_prefix"));

    config["normalize_reward"] = true;
    write_model(folder_.path("m"), config, tensors);
    expect_refused(folder_.path("m"), PX_UNSUPPORTED, {"'normalize_reward'"});
  }
}

TEST_F(ModelFolders, AModelWithoutAnLmHeadIsWhatItsOtherHeadSays) {
  nlohmann::json config = tiny_config();
  config["tie_word_embeddings"] = false;
  Tensors tensors = tiny_tensors();
  write_model(folder_.path("m"), config, tensors);
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {"'lm_head.weight' is missing"});
  tensors["value_head.weight"] = {{1, 4}, {1, 2, 3, 4}};
  write_model(folder_.path("m"), config, tensors);
  EXPECT_EQ(model_on(load(folder_.path("m")))->model->head(), PX_HEAD_SCALAR);
  tensors["score.weight"] = {{1, 4}, {1, 2, 3, 4}};
  write_model(folder_.path("m"), config, tensors);
  expect_refused(folder_.path("m"), PX_UNSUPPORTED, {"'score.weight'", "'value_head.weight'", "one scalar head"});
}

// --- adapters ---

struct AdapterFiles {
  nlohmann::json config{{"peft_type", "LORA"},
                        {"base_model_name_or_path", "base"},
                        {"r", 2},
                        {"lora_alpha", 3},
                        {"target_modules", {"q_proj", "down_proj"}}};
  Tensors tensors;

  AdapterFiles() {
    add("model.layers.0.self_attn.q_proj", 4, 4, 2);
    add("model.layers.0.mlp.down_proj", 4, 6, 2);
  }

  void add(const std::string& module, int64_t out, int64_t in, int64_t rank) {
    std::mt19937 random(static_cast<unsigned>(tensors.size() + 3));
    const auto values = [&](int64_t count) {
      std::vector<float> result;
      for (int64_t i = 0; i < count; ++i) result.push_back(static_cast<float>(random()) / 0x1p32f - 0.5f);
      return result;
    };
    tensors["base_model.model." + module + ".lora_A.weight"] = {{rank, in}, values(rank * in)};
    tensors["base_model.model." + module + ".lora_B.weight"] = {{out, rank}, values(out * rank)};
  }

  std::string write(const std::string& folder) const {
    fs::create_directory(folder);
    write_file(folder + "/adapter_config.json", config.dump());
    write_file(folder + "/adapter_model.safetensors", tensors.empty() ? safetensors("{}", "") : safetensors(tensors));
    return folder;
  }

  // W + scale B A of a matrix [out, in], or of its transpose.
  Tensor merged(const Tensor& matrix, const std::string& module, double scale, bool transposed = false) const {
    const Tensor& a = tensors.at("base_model.model." + module + ".lora_A.weight");
    const Tensor& b = tensors.at("base_model.model." + module + ".lora_B.weight");
    Tensor result = matrix;
    for (int64_t o = 0; o < b.shape[0]; ++o)
      for (int64_t i = 0; i < a.shape[1]; ++i) {
        double sum = 0.0;
        for (int64_t r = 0; r < a.shape[0]; ++r)
          sum += static_cast<double>(b.values[static_cast<size_t>(o * a.shape[0] + r)]) *
                 static_cast<double>(a.values[static_cast<size_t>(r * a.shape[1] + i)]);
        float& value = result.values[static_cast<size_t>(transposed ? i * b.shape[0] + o : o * a.shape[1] + i)];
        value = static_cast<float>(static_cast<double>(value) + scale * sum);
      }
    return result;
  }
};

TEST_F(ModelFolders, AnAdapterIsMergedIntoTheModelThatItNames) {
  write_model(folder_.path("base"), tiny_config(), tiny_tensors());
  AdapterFiles adapter;
  Tensors expected = tiny_tensors();
  const auto merge = [&](const std::string& module, double scale) {
    Tensor& matrix = expected[module + ".weight"];
    matrix = adapter.merged(tiny_tensors().at(module + ".weight"), module, scale);
  };
  const std::string query = "model.layers.0.self_attn.q_proj";
  const std::string down = "model.layers.0.mlp.down_proj";
  for (const std::string& base : {std::string("../base"), std::string("base"), std::string("someone/base"),
                                  folder_.path("base"), folder_.path("gone/base")}) {
    adapter.config["base_model_name_or_path"] = base;
    merge(query, 1.5);
    merge(down, 1.5);
    expect_same(held(model_on(load(adapter.write(folder_.path("adapter")))).get()), expected);
  }

  adapter.config["use_rslora"] = true;
  adapter.config["alpha_pattern"] = {{"layers\\.\\d+\\..*down_proj", 5}};
  merge(query, 3.0 / std::sqrt(2.0));
  merge(down, 5.0 / std::sqrt(2.0));
  expect_same(held(model_on(load(adapter.write(folder_.path("adapter")))).get()), expected);

  adapter.config["use_rslora"] = false;
  adapter.config["rank_pattern"] = {{"down_proj", 1}};
  adapter.add(down, 4, 6, 1);
  adapter.config["target_modules"] = "model\\.layers\\.0\\.(self_attn\\.q_proj|mlp\\.down_proj)";
  merge(query, 1.5);
  merge(down, 5.0);
  const tiny::ModelHandle model = model_on(load(adapter.write(folder_.path("adapter"))));
  expect_same(held(model.get()), expected);
  ASSERT_EQ(px_model_save(model.get(), folder_.path("merged").c_str(), nullptr), PX_OK) << last_error();
  EXPECT_FALSE(fs::exists(folder_.path("merged/adapter_config.json")));
  expect_same(held(model_on(load(folder_.path("merged"))).get()), expected);
}

TEST_F(ModelFolders, AnAdapterOnGpt2IsTransposed) {
  const Tensors base = tensors_of(gpt2_config());
  write_model(folder_.path("base"), gpt2_config(), base);
  for (const bool stated : {true, false}) {  // PEFT corrects the key by the layer's kind
    AdapterFiles adapter;
    adapter.tensors.clear();
    adapter.add("transformer.h.0.attn.c_attn", 12, 4, 2);
    adapter.config["target_modules"] = {"c_attn"};
    adapter.config["fan_in_fan_out"] = stated;
    Tensors expected = base;
    Tensor& matrix = expected["transformer.h.0.attn.c_attn.weight"];
    matrix = adapter.merged(matrix, "transformer.h.0.attn.c_attn", 1.5, true);
    expect_same(held(model_on(load(adapter.write(folder_.path("adapter")))).get()), expected);
  }
}

TEST_F(ModelFolders, WhatIsNotPlainLoraIsRefusedByName) {
  write_model(folder_.path("base"), tiny_config(), tiny_tensors());
  const auto refused = [&](const char* key, const nlohmann::json& value, px_status status = PX_UNSUPPORTED) {
    AdapterFiles adapter;
    adapter.config[key] = value;
    if (value.is_null()) adapter.config.erase(key);
    expect_refused(adapter.write(folder_.path("adapter")), status,
                   {folder_.path("adapter/adapter_config.json"), text("'", key, "'")});
  };
  refused("peft_type", "IA3");
  refused("peft_type", nullptr, PX_CORRUPT_DATA);
  refused("use_dora", true);
  refused("modules_to_save", {"score"});
  refused("bias", "lora_only");
  refused("lora_bias", true);
  refused("layer_replication", nlohmann::json::array({{0, 1}}));
  refused("target_parameters", {"x"});
  refused("trainable_token_indices", {1, 2});
  refused("init_lora_weights", "pissa");
  refused("base_model_name_or_path", nullptr, PX_CORRUPT_DATA);
  refused("base_model_name_or_path", "nowhere/none", PX_IO);
  refused("target_modules", nullptr, PX_CORRUPT_DATA);
  refused("target_modules", "(unbalanced");
  refused("target_modules", std::string(2000, 'a'));
  refused("alpha_pattern", {{"(q_proj", 2}});
  refused("rank_pattern", {{"q_proj", 1.5}}, PX_CORRUPT_DATA);
  refused("r", 0, PX_CORRUPT_DATA);
}

TEST_F(ModelFolders, AnAdapterMustFitItsConfigAndItsModel) {
  write_model(folder_.path("base"), tiny_config(), tiny_tensors());
  const auto refused = [&](px_status status, const std::vector<std::string>& texts,
                           const std::function<void(AdapterFiles&)>& spoil) {
    AdapterFiles adapter;
    spoil(adapter);
    expect_refused(adapter.write(folder_.path("adapter")), status, texts);
  };
  const std::string query = "base_model.model.model.layers.0.self_attn.q_proj";
  refused(PX_CORRUPT_DATA, {"q_proj.lora_B.weight' is missing"},
          [&](AdapterFiles& a) { a.tensors.erase(query + ".lora_B.weight"); });
  refused(PX_CORRUPT_DATA, {"'model.layers.0.self_attn.q_proj'", "has no adapter"}, [&](AdapterFiles& a) {
    a.tensors.erase(query + ".lora_A.weight");
    a.tensors.erase(query + ".lora_B.weight");
  });
  refused(PX_CORRUPT_DATA, {"expected shape [3, 4]", "got [2, 4]"}, [&](AdapterFiles& a) {
    a.config["rank_pattern"] = {{"q_proj", 3}};
  });
  refused(PX_CORRUPT_DATA, {"'model.layers.0.self_attn.k_proj'", "does not name it"},
          [&](AdapterFiles& a) { a.add("model.layers.0.self_attn.k_proj", 2, 4, 2); });
  refused(PX_UNSUPPORTED, {"'lm_head'", "tied"}, [&](AdapterFiles& a) { a.add("lm_head", 5, 4, 2); });
  refused(PX_UNSUPPORTED, {"lora_embedding_A"}, [&](AdapterFiles& a) {
    a.tensors["base_model.model.model.embed_tokens.lora_embedding_A"] = {{2, 5}, std::vector<float>(10)};
  });
  refused(PX_CORRUPT_DATA, {"holds no tensors"}, [&](AdapterFiles& a) {
    a.config["target_modules"] = nlohmann::json::array();
    a.tensors.clear();
  });
  refused(PX_NOT_FINITE, {"'model.layers.0.self_attn.q_proj.weight'", "diverged"}, [&](AdapterFiles& a) {
    for (const char* part : {".lora_A.weight", ".lora_B.weight"})
      for (float& value : a.tensors[query + part].values) value = 3e30f;
  });
  refused(PX_UNSUPPORTED, {"both match", "'model.layers.0.self_attn.q_proj'"}, [&](AdapterFiles& a) {
    a.config["alpha_pattern"] = {{"q_proj", 2}, {"self_attn.q_proj", 4}};
  });
  AdapterFiles chained;
  chained.write(folder_.path("adapter"));
  chained.config["base_model_name_or_path"] = "../base";
  chained.write(folder_.path("base"));
  expect_refused(folder_.path("adapter"), PX_UNSUPPORTED, {"another adapter in"});
}

// A pattern that makes backtracking matchers run for ages.
TEST(ModulePattern, IsMatchedInLinearTime) {
  const ModulePattern pattern("(a*)*(a|a)*(a*)*b", "key");
  EXPECT_FALSE(pattern.matches(std::string(250, 'a')));
  EXPECT_TRUE(pattern.matches(std::string(250, 'a') + "b"));
}

TEST(AdapterConfig, SurvivesDamage) {
  const AdapterFiles adapter;
  nlohmann::json config = adapter.config;
  config["alpha_pattern"] = {{"layers\\.[0-9]+\\.q_proj", 2}};
  const std::string text = config.dump();
  std::mt19937 random(4);
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    try {
      const AdapterConfig read(mutated(text, random), "adapter_config.json");
      read.scale("model.layers.0.self_attn.q_proj");
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 800);
}

// --- pickles ---

TEST_F(ModelFolders, PicklesAreRefusedWithTheReasonAndTheWayOut) {
  const std::vector<std::string> texts = {"can run code", "safetensors"};
  const std::string zip = "PK\x03\x04" + std::string(64, '\0');
  const std::string pickle = "\x80\x02\x8a\x0al\xfc\x9c" + std::string(64, '\0');
  for (const char* name : {"a.bin", "a.pt", "a.pth", "a.ckpt"})
    for (const std::string& bytes : {zip, pickle}) {
      write_file(folder_.path(name), bytes);
      expect_refused(folder_.path(name), PX_UNSUPPORTED, texts);
    }
  fs::create_directory(folder_.path("m"));
  write_file(folder_.path("m/config.json"), tiny_config().dump());
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json"}) {
    write_file(folder_.path("m/") + name, zip);
    expect_refused(folder_.path("m"), PX_UNSUPPORTED, {"can run code", "safetensors", name});
    fs::remove(folder_.path("m/") + name);
  }
  AdapterFiles adapter;
  adapter.write(folder_.path("adapter"));
  fs::rename(folder_.path("adapter/adapter_model.safetensors"), folder_.path("adapter/adapter_model.bin"));
  expect_refused(folder_.path("adapter"), PX_UNSUPPORTED, {"adapter_model.bin", "can run code"});
  // Width 640 begins like a pickle of protocol 2.
  write_file(folder_.path("llama2c.bin"), std::string("\x80\x02\x00\x00", 4) + std::string(60, '\1'));
  expect_refused(folder_.path("llama2c.bin"), PX_CORRUPT_DATA, {"hidden_dim"});
}

// --- what stands in a file's place ---

// Caches of the hub hold links to files elsewhere, so links are followed when reading; writing replaces them.
TEST_F(ModelFolders, LinksAreFollowedAndReplacedNeverWrittenThrough) {
  write_model(folder_.path("blobs"), tiny_config(), tiny_tensors());
  const std::string original = read_file(folder_.path("blobs/model.safetensors"));
  fs::create_directory(folder_.path("m"));
  for (const char* name : {"config.json", "model.safetensors"})
    fs::create_symlink("../blobs/" + std::string(name), folder_.path("m/") + name);
  const tiny::ModelHandle model = model_on(load(folder_.path("m")));
  expect_same(held(model.get()), tiny_tensors());
  const std::vector<float> changed(20, 0.25f);
  ASSERT_EQ(px_model_write_tensor(model.get(), 0, changed.data(), 20), PX_OK) << last_error();
  ASSERT_EQ(px_model_save(model.get(), folder_.path("m").c_str(), nullptr), PX_OK) << last_error();
  EXPECT_FALSE(fs::is_symlink(folder_.path("m/model.safetensors")));
  EXPECT_EQ(read_file(folder_.path("blobs/model.safetensors")), original);
}

// snapshots/REVISION/NAME -> ../../blobs/HASH: a link may leave the folder, a name of the index may not.
TEST_F(ModelFolders, ShardsAreReadThroughTheLinksOfTheHubsCache) {
  write_model(folder_.path("whole"), tiny_config(), tiny_tensors());
  const tiny::ModelHandle whole = model_on(load(folder_.path("whole")));
  px_save_options options{};
  options.struct_size = sizeof options;
  options.shard_bytes = 600;
  ASSERT_EQ(px_model_save(whole.get(), folder_.path("shards").c_str(), &options), PX_OK) << last_error();
  fs::create_directories(folder_.path("cache/blobs"));
  fs::create_directories(folder_.path("cache/snapshots/1"));
  int shards = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path("shards"))) {
    const std::string name = entry.path().filename().string();
    fs::rename(entry.path(), folder_.path("cache/blobs/hash-of-") + name);
    fs::create_symlink("../../blobs/hash-of-" + name, folder_.path("cache/snapshots/1/") + name);
    shards += name.ends_with(".safetensors");
  }
  EXPECT_GT(shards, 1);
  expect_same(held(model_on(load(folder_.path("cache/snapshots/1"))).get()), tiny_tensors());

  const std::string index = folder_.path("cache/blobs/hash-of-model.safetensors.index.json");
  const std::string honest = read_file(index);
  const std::string name = "model-00001-of-";
  std::string outside = honest;
  outside.replace(outside.find(name), name.size(), "../../blobs/hash-of-" + name);
  write_file(index, outside);
  expect_refused(folder_.path("cache/snapshots/1"), PX_CORRUPT_DATA,
                 {"expected a file name of the same folder", "../../blobs/hash-of-"});
}

TEST_F(ModelFolders, LoopsFoldersPipesAndDevicesInAFilesPlaceAreErrors) {
  const std::vector<std::function<void(const std::string&)>> stand_ins = {
      [](const std::string& path) { fs::create_symlink(fs::path(path).filename(), path); },
      [](const std::string& path) { fs::create_symlink("nothing", path); },
      [](const std::string& path) { fs::create_directory(path); },
      [](const std::string& path) { fs::create_symlink("/dev/zero", path); },
      [](const std::string& path) { fs::create_symlink("/tmp", path); },
  };
  for (const char* name : {"config.json", "model.safetensors"})
    for (const auto& stand_in : stand_ins) {
      write_model(folder_.path("m"), tiny_config(), tiny_tensors());
      fs::remove(folder_.path("m/") + name);
      stand_in(folder_.path("m/") + name);
      expect_refused(folder_.path("m"), PX_IO, {folder_.path("m/") + name});
      fs::remove_all(folder_.path("m"));
    }
}

// What is no model is not quoted: a link to a secret must not end in a message.
TEST_F(ModelFolders, MessagesDoNotShowTheContentOfForeignFiles) {
  write_file(folder_.path("secret"), "root:x:0:0:a-secret-value");
  for (const char* name : {"config.json", "model.safetensors"}) {
    write_model(folder_.path("m"), tiny_config(), tiny_tensors());
    fs::remove(folder_.path("m/") + name);
    fs::create_symlink("../secret", folder_.path("m/") + name);
    expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {name});
    EXPECT_EQ(last_error().find("secret-value"), std::string::npos) << last_error();
    fs::remove_all(folder_.path("m"));
  }
}

TEST_F(ModelFolders, AHeaderOfHugeLengthIsRefusedBeforeItIsRead) {
  write_model(folder_.path("m"), tiny_config(), tiny_tensors());
  const std::string path = folder_.path("m/model.safetensors");
  std::string bytes;
  append(bytes, uint64_t{200'000'000});
  write_file(path, bytes);
  fs::resize_file(path, 300'000'000);  // sparse
  expect_refused(folder_.path("m"), PX_CORRUPT_DATA, {path, "100000000", "200000000"});
}

}  // namespace
