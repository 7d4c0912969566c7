// GGUF files: block types bit for bit, metadata, models, and files that lie.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "model/formats/gguf.h"
#include "model/formats/gguf_load.h"
#include "model/formats/mapped_file.h"
#include "model/formats/rotary_rows.h"
#include "model/formats/safetensors.h"
#include "model_files.h"

namespace {

using namespace px;
using namespace px::testing;

std::string golden(const std::string& name) { return std::string(PROXIMAL_REPOSITORY) + "/tests/golden/gguf/" + name; }

std::shared_ptr<Engine> make_engine() {
  px_engine_options options{};
  options.struct_size = sizeof options;
  options.threads = 1;
  return std::make_shared<Engine>(options);
}

// --- a writer of GGUF files ---

void append_text(std::string& bytes, const std::string& text) {
  append(bytes, static_cast<uint64_t>(text.size()));
  bytes += text;
}

struct Gguf {
  uint32_t version = 3;
  std::string keys;
  uint64_t key_count = 0;
  std::vector<std::pair<std::string, Tensor>> tensors;  // shapes rows first
  std::function<void(size_t, uint32_t&, uint64_t&)> change_place = [](size_t, uint32_t&, uint64_t&) {};

  void text(const std::string& key, const std::string& value) {
    head(key, 8);
    append_text(keys, value);
  }
  void integer(const std::string& key, uint32_t value) {
    head(key, 4);
    append(keys, value);
  }
  void real(const std::string& key, float value) {
    head(key, 6);
    append(keys, value);
  }

  std::string bytes() const {
    std::string places;
    std::string data;
    for (size_t i = 0; i < tensors.size(); ++i) {
      const auto& [name, tensor] = tensors[i];
      append_text(places, name);
      append(places, static_cast<uint32_t>(tensor.shape.size()));
      for (size_t d = tensor.shape.size(); d > 0; --d) append(places, static_cast<uint64_t>(tensor.shape[d - 1]));
      uint32_t type = 0;
      uint64_t offset = data.size();
      change_place(i, type, offset);
      append(places, type);
      append(places, offset);
      for (const float value : tensor.values) append(data, value);
      data.resize((data.size() + 31) / 32 * 32);
    }
    std::string file = "GGUF";
    append(file, version);
    append(file, static_cast<uint64_t>(tensors.size()));
    append(file, key_count);
    file += keys + places;
    file.resize((file.size() + 31) / 32 * 32);
    return file + data;
  }

 private:
  void head(const std::string& key, uint32_t type) {
    append_text(keys, key);
    append(keys, type);
    ++key_count;
  }
};

// The tiny Llama of model_files.h: vocabulary 5, hidden 4, two heads on one, tied. Rows of q and k as llama.cpp has them;
// with heads of two numbers both orders are the same.
Gguf tiny_llama() {
  Gguf file;
  file.text("general.architecture", "llama");
  file.integer("llama.context_length", 16);
  file.integer("llama.embedding_length", 4);
  file.integer("llama.block_count", 1);
  file.integer("llama.feed_forward_length", 6);
  file.integer("llama.attention.head_count", 2);
  file.integer("llama.attention.head_count_kv", 1);
  file.real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  const std::map<std::string, std::string> names = {
      {"model.embed_tokens.weight", "token_embd.weight"},
      {"model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight"},
      {"model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight"},
      {"model.layers.0.self_attn.v_proj.weight", "blk.0.attn_v.weight"},
      {"model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight"},
      {"model.layers.0.mlp.gate_proj.weight", "blk.0.ffn_gate.weight"},
      {"model.layers.0.mlp.up_proj.weight", "blk.0.ffn_up.weight"},
      {"model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight"},
      {"model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight"},
      {"model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight"},
      {"model.norm.weight", "output_norm.weight"}};
  for (const auto& [name, tensor] : tiny_tensors()) file.tensors.emplace_back(names.at(name), tensor);
  return file;
}

class GgufModel : public ::testing::Test {
 protected:
  std::shared_ptr<Weights> load(const Gguf& file) {
    write_file(folder_.path("m.gguf"), file.bytes());
    return load_weights(engine_, folder_.path("m.gguf"));
  }

  void refused(const Gguf& file, px_status status, const std::string& what) {
    write_file(folder_.path("m.gguf"), file.bytes());
    refused_path(folder_.path("m.gguf"), status, what);
  }

  void refused_path(const std::string& path, px_status status, const std::string& what) {
    try {
      load_weights(engine_, path);
      FAIL() << "loaded; expected: " << what;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), status) << error.message();
      EXPECT_NE(error.message().find(what), std::string::npos) << error.message();
      EXPECT_NE(error.message().find(path), std::string::npos) << error.message();
    }
  }

  static Tensor& tensor(Gguf& file, const std::string& name) {
    for (auto& [one, tensor] : file.tensors)
      if (one == name) return tensor;
    throw std::out_of_range(name);
  }

  TemporaryFolder folder_;
  std::shared_ptr<Engine> engine_ = make_engine();
};

// --- expected values ---

TEST(GgufTypes, EveryBlockTypeIsBitExact) {
  const MappedFile file(golden("types.gguf"));
  const GgufFile gguf = parse_gguf(file.bytes(), file.path());
  const MappedFile expected_file(golden("types.safetensors"));
  const TensorTable expected = parse_safetensors(expected_file.bytes(), expected_file.path());
  EXPECT_EQ(gguf.tensors.size(), 25u);
  for (const auto& [name, tensor] : gguf.tensors) {
    ASSERT_TRUE(expected.contains(name)) << name;
    std::vector<float> want(static_cast<size_t>(tensor.elements()));
    read_floats(expected.at(name), expected_file.path(), name, want.data());
    EXPECT_EQ(tensor.shape, expected.at(name).shape) << name;
    std::vector<float> got(want.size());
    read_gguf_floats(tensor, file.path(), name, got);
    for (size_t i = 0; i < got.size(); ++i) {
      const bool same = std::memcmp(&got[i], &want[i], sizeof(float)) == 0 || (got[i] == 0.0f && want[i] == 0.0f);
      ASSERT_TRUE(same) << name << "[" << i << "]: expected " << want[i] << ", got " << got[i];
    }
  }
}

// The gguf package's own encoder made these blocks of the same numbers.
TEST(GgufTypes, WhatIsWrittenIsWhatAnotherEncoderWrites) {
  const MappedFile file(golden("types.gguf"));
  const GgufFile gguf = parse_gguf(file.bytes(), file.path());
  const MappedFile source_file(golden("types.safetensors"));
  const TensorTable table = parse_safetensors(source_file.bytes(), source_file.path());
  std::vector<float> source(table.at("source").data.size() / sizeof(float));
  read_floats(table.at("source"), source_file.path(), "source", source.data());
  for (const char* type : {"f32", "f16", "bf16", "q8_0"}) {
    const GgufTensor& expected = gguf.tensors.find(std::string(type) + ".quantized")->second;
    std::vector<std::byte> written(expected.data.size());
    encode_ggml(*expected.type, source, written);
    EXPECT_EQ(std::memcmp(written.data(), expected.data.data(), written.size()), 0) << type;
  }
}

TEST(GgufTypes, Q8BlocksStayWithinTheirBound) {
  const GgmlType& type = *find_ggml_type(8);
  for (const float largest : {1e-9f, 3e-6f, 1e-3f, 1.0f, 77.7f, 4e6f}) {
    std::array<float, 32> values{};
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = largest * std::sin(static_cast<float>(i) * 1.7f) * (i % 5 == 0 ? 1.0f : 0.1f);
    values[7] = -largest;
    std::array<std::byte, 34> block{};
    std::array<float, 32> decoded{};
    encode_ggml(type, values, block);
    decode_ggml(type, block, decoded);
    // Half a step, and what the scale loses in half precision: 11 bits, or half of its smallest number.
    const float bound = largest / 254.0f + std::max(largest / 2048.0f, 127.0f * 0x1p-25f);
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(decoded[i], values[i], bound * 1.0001f) << largest;
  }
}

TEST(GgufTypes, ABlockOfZerosIsZeros) {
  const GgmlType& type = *find_ggml_type(8);
  const std::array<float, 32> values{};
  std::array<std::byte, 34> block{};
  std::array<float, 32> decoded{};
  decoded.fill(1.0f);
  encode_ggml(type, values, block);
  decode_ggml(type, block, decoded);
  EXPECT_EQ(decoded, values);
}

TEST(RotaryRows, JoiningUndoesSplitting) {
  std::vector<float> rows(2 * 6 * 3);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i);
  std::vector<float> turned = rows;
  join_rotary_neighbours(turned.data(), 2, 6, 3);
  EXPECT_EQ(turned[3], rows[9]);  // row 1 is what was row D/2
  EXPECT_NE(turned, rows);
  split_rotary_halves(turned.data(), 2, 6, 3);
  EXPECT_EQ(turned, rows);
}

TEST(GgufMetadata, EveryKindOfValue) {
  const MappedFile file(golden("metadata.gguf"));
  const GgufFile gguf = parse_gguf(file.bytes(), file.path());
  const nlohmann::json expected = nlohmann::json::parse(read_file(golden("metadata.json")));
  for (const auto& [key, value] : expected["scalars"].items()) {
    const GgufValue& got = gguf.metadata.find(key)->second;
    if (value.is_string()) {
      EXPECT_EQ(std::get<std::string_view>(got), value.get<std::string>()) << key;
    } else if (value.is_boolean()) {
      EXPECT_EQ(std::get<bool>(got), value.get<bool>()) << key;
    } else if (value.is_number_float()) {
      const bool single = key == "test.float32";
      EXPECT_EQ(std::get<double>(got), single ? double{value.get<float>()} : value.get<double>()) << key;
    } else if (key == "test.uint64") {
      EXPECT_EQ(std::get<uint64_t>(got), value.get<uint64_t>()) << key;
    } else {
      EXPECT_EQ(std::get<int64_t>(got), value.get<int64_t>()) << key;
    }
  }
  EXPECT_FALSE(std::get<bool>(gguf.metadata.find("test.bool.false")->second));
  const auto array = [&](const char* key) { return std::get<GgufArray>(gguf.metadata.find(key)->second); };
  EXPECT_EQ(array("test.array.int32").numbers("here"), (std::vector<double>{1, -2, 3}));
  EXPECT_EQ(array("test.array.float32").numbers("here"), (std::vector<double>{0.5, -1.25}));
  EXPECT_EQ(array("test.array.string").texts("here"), (std::vector<std::string_view>{"a", "b c", "\u00fc", "d"}));
  for (const auto& [name, value] : expected["tensors"].items()) {
    const GgufTensor& tensor = gguf.tensors.find(name)->second;
    EXPECT_EQ(tensor.type->name, value["type"].get<std::string>()) << name;
    EXPECT_EQ(nlohmann::json(tensor.shape), value["shape_numpy"]) << name;
    EXPECT_EQ(tensor.data.data() - file.bytes().data(), value["data_offset"].get<int64_t>()) << name;
  }
}

// --- models ---

TEST_F(GgufModel, HoldsTheTensorsUnderTransformersNames) {
  const auto weights = load(tiny_llama());
  const auto expected = tiny_tensors();
  EXPECT_EQ(weights->tensors().size(), expected.size());
  for (const TensorSpec& spec : weights->tensors())
    EXPECT_EQ(std::vector<float>(weights->data() + spec.offset, weights->data() + spec.offset + spec.elements),
              expected.at(spec.name).values)
        << spec.name;
  EXPECT_TRUE(weights->descriptor().tied);
  EXPECT_EQ(weights->descriptor().norm_epsilon, 1e-5);
  const nlohmann::json config = nlohmann::json::parse(weights->config());
  EXPECT_EQ(config["model_type"], "llama");
  EXPECT_EQ(config["architectures"], nlohmann::json({"LlamaForCausalLM"}));
}

TEST_F(GgufModel, QueryAndKeyRowsComeBackInHalves) {
  Gguf file = tiny_llama();
  file.keys.clear();
  file.key_count = 0;
  file.text("general.architecture", "llama");
  for (const auto& [key, value] : std::vector<std::pair<std::string, uint32_t>>{{"context_length", 16},
                                                                              {"embedding_length", 4},
                                                                              {"block_count", 1},
                                                                              {"feed_forward_length", 6},
                                                                              {"attention.head_count", 1},
                                                                              {"attention.head_count_kv", 1}})
    file.integer("llama." + key, value);
  file.real("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  for (const char* name : {"blk.0.attn_k.weight", "blk.0.attn_v.weight"})
    tensor(file, name) = tensor(file, "blk.0.attn_q.weight");
  const std::vector<float> stored = tensor(file, "blk.0.attn_q.weight").values;
  const auto weights = load(file);
  const auto row = [&](int64_t offset, int i) {
    return std::vector<float>(weights->data() + offset + 4 * i, weights->data() + offset + 4 * i + 4);
  };
  const auto in_file = [&](int i) { return std::vector<float>(stored.begin() + 4 * i, stored.begin() + 4 * i + 4); };
  const LayerOffsets& layer = weights->offsets().layers[0];
  for (const int64_t turned : {layer.query, layer.key}) {
    EXPECT_EQ(row(turned, 0), in_file(0));
    EXPECT_EQ(row(turned, 1), in_file(2));
    EXPECT_EQ(row(turned, 2), in_file(1));
    EXPECT_EQ(row(turned, 3), in_file(3));
  }
  for (int i = 0; i < 4; ++i) EXPECT_EQ(row(layer.value, i), in_file(i));
}

TEST_F(GgufModel, RopeFactorsDivideFrequencies) {
  Gguf file = tiny_llama();
  file.tensors.emplace_back("rope_freqs.weight", Tensor{{1}, {2.5f}});
  const auto weights = load(file);
  EXPECT_EQ(weights->descriptor().rope.scaling, RopeScaling::kDivisors);
  EXPECT_EQ(weights->descriptor().rope.divisors, std::vector<double>{2.5});
  file.tensors.back().second = Tensor{{2}, {1.0f, 2.0f}};
  refused(file, PX_CORRUPT_DATA, "expected one number for each of 1 frequencies, got 2");
}

TEST_F(GgufModel, OneFileInAFolderWithoutSafetensors) {
  std::filesystem::create_directory(folder_.path("model"));
  write_file(folder_.path("model/a.gguf"), tiny_llama().bytes());
  EXPECT_EQ(load_weights(engine_, folder_.path("model"))->descriptor().hidden, 4);
  write_file(folder_.path("model/b.gguf"), "other");
  refused_path(folder_.path("model"), PX_UNSUPPORTED, "it holds 2 GGUF files; name the one to read, such as " + folder_.path("model/a.gguf"));
}

// --- files that lie, and models that are not computed ---

TEST_F(GgufModel, RefusesByName) {
  const auto with = [](const std::function<void(Gguf&)>& change) {
    Gguf file = tiny_llama();
    change(file);
    return file;
  };
  refused(with([](Gguf& f) { f.version = 1; }), PX_UNSUPPORTED, "GGUF version 1");
  refused(with([](Gguf& f) { f.version = 4; }), PX_UNSUPPORTED, "GGUF version 4");
  refused(with([](Gguf& f) { f.version = 0x03000000; }), PX_UNSUPPORTED, "big-endian");
  refused(with([](Gguf& f) { f.integer("split.count", 3); }), PX_UNSUPPORTED, "one of 3 parts of a split file");
  refused(with([](Gguf& f) { f.integer("llama.expert_count", 8); }), PX_UNSUPPORTED, "'llama.expert_count'");
  refused(with([](Gguf& f) { f.real("llama.attention.scale", 0.1f); }), PX_UNSUPPORTED, "'llama.attention.scale'");
  refused(with([](Gguf& f) { f.integer("llama.rope.dimension_count", 1); }), PX_UNSUPPORTED, "rope.dimension_count");
  refused(with([](Gguf& f) { f.integer("llama.attention.value_length", 4); }), PX_UNSUPPORTED, "value_length");
  refused(with([](Gguf& f) { f.text("llama.rope.scaling.type", "longrope"); }), PX_UNSUPPORTED, "rope.scaling.type");
  refused(with([](Gguf& f) { f.tensors.emplace_back("blk.0.attn_q.scale", Tensor{{1}, {1}}); }), PX_UNSUPPORTED,
          "'blk.0.attn_q.scale'");
  refused(with([](Gguf& f) { f.tensors.pop_back(); }), PX_CORRUPT_DATA, "is missing");
  refused(with([](Gguf& f) { f.change_place = [](size_t i, uint32_t& type, uint64_t&) { if (i == 4) type = 26; }; }),
          PX_UNSUPPORTED, "is of type I32");
  refused(with([](Gguf& f) { f.change_place = [](size_t i, uint32_t& type, uint64_t&) { if (i == 4) type = 999; }; }),
          PX_CORRUPT_DATA, "unknown type 999");
  EXPECT_NO_THROW(load(with([](Gguf& f) { f.integer("llama.expert_count", 0); })));
  Gguf other;
  other.text("general.architecture", "mamba");
  refused(other, PX_UNSUPPORTED, "'llama', 'qwen2', 'qwen3', 'gpt2', got 'mamba'");
  refused(Gguf{}, PX_CORRUPT_DATA, "'general.architecture'");
}

TEST_F(GgufModel, RefusesHeadersThatLie) {
  Gguf overlapping = tiny_llama();
  overlapping.change_place = [](size_t i, uint32_t&, uint64_t& offset) { if (i == 1) offset = 0; };
  refused(overlapping, PX_CORRUPT_DATA, "overlaps tensor");
  Gguf outside = tiny_llama();
  outside.change_place = [](size_t, uint32_t&, uint64_t& offset) { offset += uint64_t{1} << 62; };
  refused(outside, PX_CORRUPT_DATA, "are not inside");
  Gguf unaligned = tiny_llama();
  unaligned.change_place = [](size_t, uint32_t&, uint64_t& offset) { offset += 4; };
  refused(unaligned, PX_CORRUPT_DATA, "not aligned");
  Gguf infinite = tiny_llama();
  tensor(infinite, "blk.0.ffn_up.weight").values[3] = INFINITY;
  refused(infinite, PX_NOT_FINITE, "'blk.0.ffn_up.weight': element 3");

  const std::string honest = tiny_llama().bytes();
  const auto refuse_bytes = [&](const std::string& bytes, const std::string& what) {
    write_file(folder_.path("m.gguf"), bytes);
    refused_path(folder_.path("m.gguf"), PX_CORRUPT_DATA, what);
  };
  refuse_bytes("GGML", "expected a GGUF file");
  // A text of 1 GB, counts beyond what any file holds: nothing is allocated for them.
  for (const uint64_t lie : {uint64_t{1} << 30, uint64_t{1} << 63, ~uint64_t{0}})
    for (const size_t place : {size_t{8}, size_t{16}, size_t{24}}) {
      std::string bytes = honest;
      std::memcpy(bytes.data() + place, &lie, sizeof lie);
      refuse_bytes(bytes, "fetch");
    }
  for (size_t length = 1; length + 32 < honest.size(); length += 13)
    refuse_bytes(honest.substr(0, length), folder_.path("m.gguf"));
}

}  // namespace
