#include "model/families/llama.h"

#include <array>
#include <set>

#include "base/error.h"

namespace px {
namespace {

// Beyond any model of this family; products of them stay far below 2^63.
constexpr int64_t kMaxVocabulary = int64_t{1} << 24;
constexpr int64_t kMaxHidden = int64_t{1} << 17;
constexpr int64_t kMaxIntermediate = int64_t{1} << 20;
constexpr int64_t kMaxLayers = 4096;
constexpr int64_t kMaxHeads = 4096;
constexpr int64_t kMaxHeadSize = 4096;
constexpr int64_t kMaxContext = int64_t{1} << 30;
constexpr double kMaxTheta = 1e15;
constexpr double kMaxFactor = 1e6;

// --- keys that change the mathematics ---

// Such a key, and the value that means "not in use" besides a missing key, null and false.
struct ForeignKey {
  const char* key;
  double neutral;
};

constexpr double kNone = -1e300;  // no value is neutral
constexpr std::array kForeignKeys = {
    ForeignKey{"pretraining_tp", 1},
    ForeignKey{"partial_rotary_factor", 1},
    ForeignKey{"rotary_pct", 1},
    ForeignKey{"rope_interleaved", 0},
    ForeignKey{"use_bidirectional_attention", 0},
    ForeignKey{"attention_multiplier", kNone},
    ForeignKey{"residual_multiplier", 1},
    ForeignKey{"embedding_multiplier", 1},
    ForeignKey{"logits_scaling", 1},
    ForeignKey{"logit_scale", 1},
    ForeignKey{"scale_emb", 1},
    ForeignKey{"scale_depth", kNone},
    ForeignKey{"dim_model_base", kNone},
    ForeignKey{"query_pre_attn_scalar", kNone},
    ForeignKey{"attn_logit_softcapping", 0},
    ForeignKey{"final_logit_softcapping", 0},
    ForeignKey{"clip_qkv", kNone},
    ForeignKey{"qk_norm", 0},
    ForeignKey{"use_qk_norm", 0},
    ForeignKey{"qk_layernorm", 0},
    ForeignKey{"parallel_residual", 0},
    ForeignKey{"use_parallel_residual", 0},
    ForeignKey{"alibi", 0},
    ForeignKey{"attention_chunk_size", 0},
    ForeignKey{"num_experts", 0},
    ForeignKey{"num_local_experts", 0},
    ForeignKey{"no_rope_layers", kNone},
    ForeignKey{"quantization_config", kNone},
};

bool in_use(const Json& value, double neutral) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != neutral;
  return !(value.is_array() || value.is_object()) || !value.empty();
}

[[noreturn]] void fail_unsupported(const JsonReader& config, const char* key, const Json& value,
                                   const std::string& supported) {
  fail(PX_UNSUPPORTED, config.where(), ": key '", key, "': this version computes ", supported, ", got ", shown(value),
       "; take another model");
}

void refuse_foreign_keys(const JsonReader& config) {
  for (const ForeignKey& foreign : kForeignKeys) {
    const Json* value = config.find(foreign.key);
    if (value != nullptr && in_use(*value, foreign.neutral))
      fail_unsupported(config, foreign.key, *value, "Llama models without it");
  }
}

// A window that no sequence can outgrow is none.
void refuse_window(const JsonReader& config, int64_t context) {
  const Json* window = config.find("sliding_window");
  if (window != nullptr && config.boolean("use_sliding_window", true) &&
      !(window->is_number_integer() && window->get<int64_t>() >= context))
    fail_unsupported(config, "sliding_window", *window, "full attention");
  const Json* types = config.find("layer_types");
  if (types == nullptr) return;
  for (const Json& type : *types)
    if (type != "full_attention") fail_unsupported(config, "layer_types", type, "'full_attention'");
}

void require_text(const JsonReader& config, const char* key, const std::string& otherwise,
                  const std::set<std::string>& accepted) {
  const std::string value = config.string(key, otherwise);
  if (!accepted.contains(value)) fail_unsupported(config, key, value, "'" + *accepted.begin() + "'");
}

// --- rotary embedding ---

std::string scaling_key(const JsonReader& rope) { return rope.find("rope_type") != nullptr ? "rope_type" : "type"; }

void read_llama3(const JsonReader& reader, Rope& rope) {
  rope.scaling = RopeScaling::kLlama3;
  rope.factor = reader.number("factor", 0.0, kMaxFactor);
  rope.low_frequency_factor = reader.number("low_freq_factor", 0.0, kMaxFactor);
  rope.high_frequency_factor = reader.number("high_freq_factor", 0.0, kMaxFactor);
  rope.original_context = reader.integer("original_max_position_embeddings", 1, kMaxContext);
  check(rope.low_frequency_factor < rope.high_frequency_factor, PX_CORRUPT_DATA, reader.where(),
        ": expected 'low_freq_factor' below 'high_freq_factor', got ", rope.low_frequency_factor, " and ",
        rope.high_frequency_factor, "; correct them");
}

// The keys under rope_parameters (transformers 5) or rope_scaling (4).
Rope read_scaling(const JsonReader& reader, double theta) {
  Rope rope;
  rope.theta = reader.number("rope_theta", 0.0, kMaxTheta, theta);
  const Json* partial = reader.find("partial_rotary_factor");
  if (partial != nullptr && *partial != 1.0) fail_unsupported(reader, "partial_rotary_factor", *partial, "1");
  for (const auto& [name, value] : reader.object().items())
    if (value.is_structured()) fail_unsupported(reader, name.c_str(), value, "one rotation for all layers and places");
  const std::string key = scaling_key(reader);
  const std::string type = reader.string(key.c_str(), "default");
  if (type == "default") return rope;
  if (type == "linear") {
    rope.scaling = RopeScaling::kLinear;
    rope.factor = reader.number("factor", 0.0, kMaxFactor);
    return rope;
  }
  if (type != "llama3") fail_unsupported(reader, key.c_str(), type, "'default', 'linear' and 'llama3'");
  read_llama3(reader, rope);
  return rope;
}

Rope read_rope(const JsonReader& config) {
  const bool has_theta = config.find("rope_theta") != nullptr;
  const bool old_keys = has_theta || config.find("rope_scaling") != nullptr;
  Rope old;
  old.theta = config.number("rope_theta", 0.0, kMaxTheta, old.theta);
  if (config.find("rope_scaling") != nullptr)
    old = read_scaling({config.nested("rope_scaling"), config.where() + ": rope_scaling"}, old.theta);
  if (config.find("rope_parameters") == nullptr) return old;

  const Rope rope = read_scaling({config.nested("rope_parameters"), config.where() + ": rope_parameters"}, old.theta);
  check(!old_keys || (has_theta && config.find("rope_scaling") == nullptr ? rope.theta == old.theta : rope == old),
        PX_CORRUPT_DATA, config.where(),
        ": 'rope_parameters' and the older 'rope_theta'/'rope_scaling' say different things; remove the wrong ones");
  return rope;
}

// --- weights ---

class LayoutBuilder {
 public:
  int64_t add(const std::string& name, std::vector<int64_t> shape) {
    int64_t elements = 1;
    for (const int64_t size : shape) elements *= size;
    const int64_t offset = layout_.elements;
    layout_.tensors.push_back({name, std::move(shape), offset, elements});
    layout_.elements += elements;
    return offset;
  }

  // A matrix [out, in] and its bias [out], which is absent (-1) unless wanted.
  void add_linear(const std::string& name, int64_t out, int64_t in, bool with_bias, int64_t& weight, int64_t& bias) {
    weight = add(name + ".weight", {out, in});
    if (with_bias) bias = add(name + ".bias", {out});
  }

  Layout& layout() { return layout_; }

 private:
  Layout layout_;
};

LayerOffsets add_layer(LayoutBuilder& builder, const Descriptor& d, const std::string& prefix) {
  const int64_t query = d.heads * d.head_size;
  const int64_t key = d.kv_heads * d.head_size;
  LayerOffsets l;
  builder.add_linear(prefix + "self_attn.q_proj", query, d.hidden, d.qkv_bias, l.query, l.query_bias);
  builder.add_linear(prefix + "self_attn.k_proj", key, d.hidden, d.qkv_bias, l.key, l.key_bias);
  builder.add_linear(prefix + "self_attn.v_proj", key, d.hidden, d.qkv_bias, l.value, l.value_bias);
  builder.add_linear(prefix + "self_attn.o_proj", d.hidden, query, d.output_bias, l.output, l.output_bias);
  builder.add_linear(prefix + "mlp.gate_proj", d.intermediate, d.hidden, d.mlp_bias, l.gate, l.gate_bias);
  builder.add_linear(prefix + "mlp.up_proj", d.intermediate, d.hidden, d.mlp_bias, l.up, l.up_bias);
  builder.add_linear(prefix + "mlp.down_proj", d.hidden, d.intermediate, d.mlp_bias, l.down, l.down_bias);
  l.input_norm = builder.add(prefix + "input_layernorm.weight", {d.hidden});
  l.post_norm = builder.add(prefix + "post_attention_layernorm.weight", {d.hidden});
  return l;
}

}  // namespace

Descriptor llama_descriptor(const JsonReader& config) {
  require_text(config, "hidden_act", "silu", {"silu", "swish"});
  refuse_foreign_keys(config);
  Descriptor d;
  d.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary);
  d.hidden = config.integer("hidden_size", 1, kMaxHidden);
  d.intermediate = config.integer("intermediate_size", 1, kMaxIntermediate);
  d.layers = config.integer("num_hidden_layers", 1, kMaxLayers);
  d.heads = config.integer("num_attention_heads", 1, kMaxHeads);
  d.kv_heads = config.integer("num_key_value_heads", 1, kMaxHeads, d.heads);
  // The defaults of transformers' LlamaConfig, which leaves out what equals them.
  d.context = config.integer("max_position_embeddings", 1, kMaxContext, 2048);
  d.norm_epsilon = config.number("rms_norm_eps", 0.0, 1.0, 1e-6);
  d.tied = config.boolean("tie_word_embeddings", false);
  d.qkv_bias = d.output_bias = config.boolean("attention_bias", false);
  d.mlp_bias = config.boolean("mlp_bias", false);
  refuse_window(config, d.context);

  check(d.heads % d.kv_heads == 0, PX_CORRUPT_DATA, config.where(), ": expected 'num_attention_heads' (", d.heads,
        ") to be a multiple of 'num_key_value_heads', got ", d.kv_heads, "; correct the wrong one");
  check(config.find("head_dim") != nullptr || d.hidden % d.heads == 0, PX_CORRUPT_DATA, config.where(),
        ": without 'head_dim', expected 'hidden_size' (", d.hidden, ") to be a multiple of 'num_attention_heads', got ",
        d.heads, "; correct the wrong one or add 'head_dim'");
  d.head_size = config.integer("head_dim", 1, kMaxHeadSize, d.hidden / d.heads);
  check(d.head_size % 2 == 0, PX_CORRUPT_DATA, config.where(),
        ": 'head_dim': rotary embedding turns pairs: expected an even number, got ", d.head_size);
  d.rope = read_rope(config);
  return d;
}

void write_llama_rope(const Rope& rope, Json& config) {
  Json scaling;
  if (rope.scaling == RopeScaling::kLinear) scaling = {{"rope_type", "linear"}, {"factor", rope.factor}};
  if (rope.scaling == RopeScaling::kLlama3)
    scaling = {{"rope_type", "llama3"},
               {"factor", rope.factor},
               {"low_freq_factor", rope.low_frequency_factor},
               {"high_freq_factor", rope.high_frequency_factor},
               {"original_max_position_embeddings", rope.original_context}};
  config["rope_theta"] = rope.theta;
  config["rope_scaling"] = scaling;
  if (scaling.is_null()) scaling = {{"rope_type", "default"}};
  scaling["rope_theta"] = rope.theta;
  config["rope_parameters"] = scaling;
}

Layout llama_layout(const Descriptor& d) {
  LayoutBuilder builder;
  TrunkOffsets offsets;
  offsets.embedding = builder.add("model.embed_tokens.weight", {d.vocabulary, d.hidden});
  for (int64_t i = 0; i < d.layers; ++i)
    offsets.layers.push_back(add_layer(builder, d, "model.layers." + std::to_string(i) + "."));
  offsets.final_norm = builder.add("model.norm.weight", {d.hidden});
  builder.layout().trunk_elements = builder.layout().elements;
  if (d.tied) offsets.lm_head = offsets.embedding;
  if (d.untied_head()) offsets.lm_head = builder.add("lm_head.weight", {d.vocabulary, d.hidden});
  builder.layout().offsets = std::move(offsets);
  return std::move(builder.layout());
}

bool llama_ignores(const std::string& name) { return name.ends_with(".rotary_emb.inv_freq"); }

}  // namespace px
