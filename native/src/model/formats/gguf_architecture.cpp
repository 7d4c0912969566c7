#include "model/formats/gguf_architecture.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"

namespace px {
namespace {

constexpr const char* kEmbedding = "token_embd.weight";
constexpr const char* kHead = "output.weight";

// A tensor's name without .weight or .bias; of a layer's tensor what follows the layer's number.
struct GgufName {
  const char* transformers;
  const char* gguf;
  bool transposed = false;
};

constexpr std::array kLlamaNames = {
    GgufName{"model.embed_tokens", "token_embd"},
    GgufName{"model.norm", "output_norm"},
    GgufName{"lm_head", "output"},
};
constexpr std::array kLlamaLayerNames = {
    GgufName{"self_attn.q_proj", "attn_q"},
    GgufName{"self_attn.k_proj", "attn_k"},
    GgufName{"self_attn.v_proj", "attn_v"},
    GgufName{"self_attn.o_proj", "attn_output"},
    GgufName{"self_attn.q_norm", "attn_q_norm"},
    GgufName{"self_attn.k_norm", "attn_k_norm"},
    GgufName{"mlp.gate_proj", "ffn_gate"},
    GgufName{"mlp.up_proj", "ffn_up"},
    GgufName{"mlp.down_proj", "ffn_down"},
    GgufName{"input_layernorm", "attn_norm"},
    GgufName{"post_attention_layernorm", "ffn_norm"},
};
constexpr std::array kGpt2Names = {
    GgufName{"transformer.wte", "token_embd"},
    GgufName{"transformer.wpe", "position_embd"},
    GgufName{"transformer.ln_f", "output_norm"},
    GgufName{"lm_head", "output"},
};
constexpr std::array kGpt2LayerNames = {
    GgufName{"ln_1", "attn_norm"},
    GgufName{"attn.c_attn", "attn_qkv", true},
    GgufName{"attn.c_proj", "attn_output", true},
    GgufName{"ln_2", "ffn_norm"},
    GgufName{"mlp.c_fc", "ffn_up", true},
    GgufName{"mlp.c_proj", "ffn_down", true},
};

bool has(const GgufFile& gguf, const std::string& tensor) { return gguf.tensors.contains(tensor); }

// --- rotary embedding ---

Json rope_factors(const GgufFile& gguf, const GgufKeys& keys) {
  const GgufTensor& tensor = gguf.tensors.find(kGgufRopeFactors)->second;
  std::vector<float> factors(static_cast<size_t>(tensor.elements()));
  read_gguf_floats(tensor, keys.file(), kGgufRopeFactors, factors);
  return factors;
}

// longrope with the same factors for short and long texts divides each frequency by its factor, and does nothing else.
Json divided_rope(const GgufFile& gguf, const GgufKeys& keys, int64_t context) {
  const Json factors = rope_factors(gguf, keys);
  return {{"rope_type", "longrope"},      {"short_factor", factors},  {"long_factor", factors},
          {"attention_factor", 1.0},      {"factor", 1.0},            {"original_max_position_embeddings", context}};
}

Json rope_scaling(const GgufFile& gguf, GgufKeys& keys, int64_t context) {
  const std::string type = keys.text("rope.scaling.type", "none");
  keys.ignore("rope.scaling.finetuned");
  if (has(gguf, kGgufRopeFactors)) {
    check(type == "none", PX_UNSUPPORTED, keys.file(), ": tensor '", kGgufRopeFactors, "' beside the key '",
          keys.architecture(), ".rope.scaling.type' ", in_quotes(type),
          ": this version computes one of them; take another model");
    return divided_rope(gguf, keys, context);
  }
  if (type == "none") return {{"rope_type", "default"}};
  if (type == "linear") return {{"rope_type", "linear"}, {"factor", keys.number("rope.scaling.factor")}};
  check(type == "yarn", PX_UNSUPPORTED, keys.file(), ": key '", keys.architecture(),
        ".rope.scaling.type': this version computes 'none', 'linear' and 'yarn', got ", in_quotes(type),
        "; take another model");
  return {{"rope_type", "yarn"},
          {"factor", keys.number("rope.scaling.factor")},
          {"original_max_position_embeddings", keys.integer("rope.scaling.original_context_length", context)}};
}

void add_rope(const GgufFile& gguf, GgufKeys& keys, int64_t head_size, Json& config) {
  const int64_t turned = keys.integer("rope.dimension_count", head_size);
  check(turned == head_size, PX_UNSUPPORTED, keys.file(), ": key '", keys.architecture(),
        ".rope.dimension_count': this version turns whole heads of ", head_size, ", got ", turned,
        "; take another model");
  Json rope = rope_scaling(gguf, keys, config["max_position_embeddings"].get<int64_t>());
  rope["rope_theta"] = keys.number("rope.freq_base", 10000.0);
  config["rope_parameters"] = std::move(rope);
}

// --- config.json ---

void add_attention(GgufKeys& keys, Json& config) {
  const int64_t hidden = keys.integer("embedding_length");
  const int64_t heads = keys.integer("attention.head_count");
  const int64_t size = keys.integer("attention.key_length", std::max<int64_t>(1, hidden / heads));
  const int64_t values = keys.integer("attention.value_length", size);
  check(values == size, PX_UNSUPPORTED, keys.file(), ": key '", keys.architecture(),
        ".attention.value_length': this version computes values as wide as keys (", size, "), got ", values,
        "; take another model");
  check(keys.boolean("attention.causal", true), PX_UNSUPPORTED, keys.file(), ": key '", keys.architecture(),
        ".attention.causal': this version computes causal attention; take a language model");
  config["hidden_size"] = hidden;
  config["num_attention_heads"] = heads;
  config["num_key_value_heads"] = keys.integer("attention.head_count_kv", heads);
  config["head_dim"] = size;
}

// What Llama, Mistral, Qwen2 and Qwen3 share.
Json decoder_config(const GgufFile& gguf, GgufKeys& keys) {
  Json config{{"hidden_act", "silu"},
              {"intermediate_size", keys.integer("feed_forward_length")},
              {"num_hidden_layers", keys.integer("block_count")},
              {"max_position_embeddings", keys.integer("context_length")},
              {"rms_norm_eps", keys.number("attention.layer_norm_rms_epsilon")}};
  add_attention(keys, config);
  add_rope(gguf, keys, config["head_dim"].get<int64_t>(), config);
  return config;
}

// Mistral's files say "llama"; a window that some text can outgrow tells them apart.
Json llama_config(const GgufFile& gguf, GgufKeys& keys) {
  keys.ignore("tensor_data_layout");
  Json config = decoder_config(gguf, keys);
  const int64_t context = config["max_position_embeddings"].get<int64_t>();
  const int64_t window = keys.integer("attention.sliding_window", context);
  if (window < context) {
    config["architectures"] = {"MistralForCausalLM"};
    config["model_type"] = "mistral";
    config["sliding_window"] = window;
    return config;
  }
  config["architectures"] = {"LlamaForCausalLM"};
  config["model_type"] = "llama";
  config["attention_bias"] = has(gguf, "blk.0.attn_q.bias");
  config["mlp_bias"] = has(gguf, "blk.0.ffn_gate.bias");
  return config;
}

Json qwen2_config(const GgufFile& gguf, GgufKeys& keys) {
  Json config = decoder_config(gguf, keys);
  config.erase("head_dim");  // Qwen2's is hidden_size / num_attention_heads
  config["architectures"] = {"Qwen2ForCausalLM"};
  config["model_type"] = "qwen2";
  config["use_sliding_window"] = false;
  return config;
}

Json qwen3_config(const GgufFile& gguf, GgufKeys& keys) {
  Json config = decoder_config(gguf, keys);
  config["architectures"] = {"Qwen3ForCausalLM"};
  config["model_type"] = "qwen3";
  config["attention_bias"] = has(gguf, "blk.0.attn_q.bias");
  config["use_sliding_window"] = false;
  return config;
}

Json gpt2_config(const GgufFile&, GgufKeys& keys) {
  const int64_t heads = keys.integer("attention.head_count");
  check(keys.integer("attention.head_count_kv", heads) == heads, PX_UNSUPPORTED, keys.file(),
        ": key 'gpt2.attention.head_count_kv': GPT-2 has as many as query heads; take another model");
  return {{"architectures", {"GPT2LMHeadModel"}},
          {"model_type", "gpt2"},
          {"activation_function", "gelu_new"},
          {"n_embd", keys.integer("embedding_length")},
          {"n_inner", keys.integer("feed_forward_length")},
          {"n_layer", keys.integer("block_count")},
          {"n_head", heads},
          {"n_positions", keys.integer("context_length")},
          {"layer_norm_epsilon", keys.number("attention.layer_norm_epsilon")}};
}

void add_special_tokens(const GgufKeys& keys, Json& config) {
  constexpr std::array kRoles = {std::pair{"bos_token_id", "tokenizer.ggml.bos_token_id"},
                                 std::pair{"eos_token_id", "tokenizer.ggml.eos_token_id"},
                                 std::pair{"pad_token_id", "tokenizer.ggml.padding_token_id"}};
  for (const auto& [key, name] : kRoles)
    if (const std::optional<int64_t> id = keys.general_integer(name)) config[key] = *id;
}

}  // namespace

struct GgufArchitecture {
  const char* name;  // general.architecture
  Json (*config)(const GgufFile& gguf, GgufKeys& keys);
  std::span<const GgufName> names;
  const char* layer;  // what stands before a layer's number in transformers' names
  std::span<const GgufName> layer_names;
  bool neighbours;  // rows of queries and keys lie in llama.cpp's rotary order
};

namespace {

constexpr const char* kLlamaLayer = "model.layers.";
constexpr std::array kArchitectures = {
    GgufArchitecture{"llama", llama_config, kLlamaNames, kLlamaLayer, kLlamaLayerNames, true},
    GgufArchitecture{"qwen2", qwen2_config, kLlamaNames, kLlamaLayer, kLlamaLayerNames, false},
    GgufArchitecture{"qwen3", qwen3_config, kLlamaNames, kLlamaLayer, kLlamaLayerNames, false},
    GgufArchitecture{"gpt2", gpt2_config, kGpt2Names, "transformer.h.", kGpt2LayerNames, false},
};

std::string architecture_names() {
  std::string names;
  for (const GgufArchitecture& one : kArchitectures) names += (names.empty() ? "'" : ", '") + std::string(one.name) + "'";
  return names;
}

const GgufName* find_name(std::span<const GgufName> names, const std::string& stem) {
  for (const GgufName& name : names)
    if (stem == name.transformers) return &name;
  return nullptr;
}

}  // namespace

const GgufArchitecture& gguf_architecture(const GgufKeys& keys) {
  const int64_t parts = keys.general_integer("split.count").value_or(1);
  check(parts <= 1, PX_UNSUPPORTED, keys.file(), ": it is one of ", parts,
        " parts of a split file: this version reads whole files; join them with llama-gguf-split --merge");
  for (const GgufArchitecture& architecture : kArchitectures)
    if (keys.architecture() == architecture.name) return architecture;
  fail(PX_UNSUPPORTED, keys.file(), ": key 'general.architecture': this version reads ", architecture_names(), ", got ",
       in_quotes(keys.architecture()), "; take another model");
}

const GgufArchitecture& gguf_architecture_of(FamilyId family) {
  switch (family) {
    case FamilyId::kLlama:
    case FamilyId::kMistral:
      return kArchitectures[0];
    case FamilyId::kQwen2:
      return kArchitectures[1];
    case FamilyId::kQwen3:
      return kArchitectures[2];
    case FamilyId::kGpt2:
      return kArchitectures[3];
  }
  fail(PX_INTERNAL, "gguf: unknown family");
}

std::string gguf_name(const GgufArchitecture& architecture) { return architecture.name; }

Json gguf_config(const GgufArchitecture& architecture, const GgufFile& gguf, GgufKeys& keys) {
  const auto embedding = gguf.tensors.find(kEmbedding);
  check(embedding != gguf.tensors.end() && embedding->second.shape.size() == 2, PX_CORRUPT_DATA, keys.file(),
        ": tensor '", kEmbedding, "': expected a matrix of the vocabulary; fetch the file again");
  keys.ignore("vocab_size");  // llama.cpp goes by the tokens too
  Json config = architecture.config(gguf, keys);
  keys.refuse_unread();
  config["vocab_size"] = embedding->second.shape[0];
  config["tie_word_embeddings"] = !has(gguf, kHead);
  config["dtype"] = "float32";
  add_special_tokens(keys, config);
  return config;
}

GgufPlace gguf_place(const GgufArchitecture& architecture, const std::string& name) {
  const size_t dot = name.rfind('.');
  std::string stem = name.substr(0, dot);
  const std::string suffix = name.substr(dot);
  std::string prefix;
  std::span<const GgufName> names = architecture.names;
  if (stem.starts_with(architecture.layer)) {
    const size_t number = std::string(architecture.layer).size();
    const size_t end = stem.find('.', number);
    prefix = "blk." + stem.substr(number, end - number) + ".";
    stem = stem.substr(end + 1);
    names = architecture.layer_names;
  }
  const GgufName* found = find_name(names, stem);
  check(found != nullptr, PX_INTERNAL, "gguf: no name for tensor ", name);
  GgufPlace place{prefix + found->gguf + suffix, found->transposed && suffix == ".weight"};
  place.query = stem == "self_attn.q_proj";
  place.neighbours = architecture.neighbours && (place.query || stem == "self_attn.k_proj");
  return place;
}

bool gguf_ignores(const std::string& name) { return name == kGgufRopeFactors || name.ends_with(".attn_rot_embd"); }

}  // namespace px
