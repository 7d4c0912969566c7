#include "model/families/llama_shape.h"

#include "base/error.h"
#include "model/families/config_keys.h"
#include "model/families/rope_config.h"

namespace px {
namespace {

// null means as many as query heads; a missing key has the family's default.
int64_t read_kv_heads(const JsonReader& config, int64_t heads, int64_t otherwise) {
  const bool missing = !config.object().contains("num_key_value_heads");
  return config.integer("num_key_value_heads", 1, kMaxHeads, missing && otherwise > 0 ? otherwise : heads);
}

int64_t read_head_size(const JsonReader& config, const Descriptor& d, int64_t otherwise) {
  check(config.find("head_dim") != nullptr || otherwise > 0 || d.hidden % d.heads == 0, PX_CORRUPT_DATA, config.where(),
        ": without 'head_dim', expected 'hidden_size' (", d.hidden, ") to be a multiple of 'num_attention_heads', got ",
        d.heads, "; correct the wrong one or add 'head_dim'");
  const int64_t size = config.integer("head_dim", 1, kMaxHeadSize, otherwise > 0 ? otherwise : d.hidden / d.heads);
  check(size % 2 == 0, PX_CORRUPT_DATA, config.where(),
        ": 'head_dim': rotary embedding turns pairs: expected an even number, got ", size);
  return size;
}

LayerOffsets add_layer(LayoutBuilder& builder, const Descriptor& d, const std::string& prefix) {
  const int64_t query = d.heads * d.head_size;
  const int64_t key = d.kv_heads * d.head_size;
  LayerOffsets l;
  builder.add_linear(prefix + "self_attn.q_proj", query, d.hidden, d.qkv_bias, l.query, l.query_bias);
  builder.add_linear(prefix + "self_attn.k_proj", key, d.hidden, d.qkv_bias, l.key, l.key_bias);
  builder.add_linear(prefix + "self_attn.v_proj", key, d.hidden, d.qkv_bias, l.value, l.value_bias);
  builder.add_linear(prefix + "self_attn.o_proj", d.hidden, query, d.output_bias, l.output, l.output_bias);
  if (d.head_norm) {
    l.query_norm = builder.add(prefix + "self_attn.q_norm.weight", {d.head_size});
    l.key_norm = builder.add(prefix + "self_attn.k_norm.weight", {d.head_size});
  }
  builder.add_linear(prefix + "mlp.gate_proj", d.intermediate, d.hidden, d.mlp_bias, l.gate, l.gate_bias);
  builder.add_linear(prefix + "mlp.up_proj", d.intermediate, d.hidden, d.mlp_bias, l.up, l.up_bias);
  builder.add_linear(prefix + "mlp.down_proj", d.hidden, d.intermediate, d.mlp_bias, l.down, l.down_bias);
  l.input_norm = builder.add(prefix + "input_layernorm.weight", {d.hidden});
  l.post_norm = builder.add(prefix + "post_attention_layernorm.weight", {d.hidden});
  return l;
}

}  // namespace

Descriptor read_llama_shape(const JsonReader& config, const std::string& family, const ShapeDefaults& defaults) {
  require_text(config, "hidden_act", "silu", {"silu", "swish"});
  refuse_foreign_keys(config, family);
  Descriptor d;
  d.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary);
  d.hidden = config.integer("hidden_size", 1, kMaxHidden);
  d.intermediate = config.integer("intermediate_size", 1, kMaxIntermediate);
  d.layers = config.integer("num_hidden_layers", 1, kMaxLayers);
  d.heads = config.integer("num_attention_heads", 1, kMaxHeads);
  d.kv_heads = read_kv_heads(config, d.heads, defaults.kv_heads);
  d.context = config.integer("max_position_embeddings", 1, kMaxContext, defaults.context);
  d.norm_epsilon = config.number("rms_norm_eps", 0.0, 1.0, 1e-6);
  d.tied = config.boolean("tie_word_embeddings", false);
  check(d.heads % d.kv_heads == 0, PX_CORRUPT_DATA, config.where(), ": expected 'num_attention_heads' (", d.heads,
        ") to be a multiple of 'num_key_value_heads', got ", d.kv_heads, "; correct the wrong one");
  d.head_size = read_head_size(config, d, defaults.head_size);
  d.rope = read_rope(config, d.context);
  check(d.rope.divisors.empty() || static_cast<int64_t>(d.rope.divisors.size()) == d.head_size / 2, PX_CORRUPT_DATA,
        config.where(), ": key 'short_factor': expected one number for each of ", d.head_size / 2,
        " frequencies, got ", d.rope.divisors.size(), "; correct it");
  return d;
}

void write_llama_shape(const Descriptor& d, Json& config) {
  config["vocab_size"] = d.vocabulary;
  config["hidden_size"] = d.hidden;
  config["intermediate_size"] = d.intermediate;
  config["num_hidden_layers"] = d.layers;
  config["num_attention_heads"] = d.heads;
  config["num_key_value_heads"] = d.kv_heads;
  config["head_dim"] = d.head_size;
  config["max_position_embeddings"] = d.context;
  config["rms_norm_eps"] = d.norm_epsilon;
  config["hidden_act"] = "silu";
  config["tie_word_embeddings"] = d.tied;
  write_rope(d.rope, config);
}

Layout llama_layout(const Descriptor& d) {
  LayoutBuilder builder;
  TrunkOffsets offsets;
  offsets.embedding = builder.add("model.embed_tokens.weight", {d.vocabulary, d.hidden});
  for (int64_t i = 0; i < d.layers; ++i)
    offsets.layers.push_back(add_layer(builder, d, "model.layers." + std::to_string(i) + "."));
  offsets.final_norm = builder.add("model.norm.weight", {d.hidden});
  return builder.finish(d, std::move(offsets));
}

std::string llama_name(const std::string& name) { return name; }

bool llama_ignores(const std::string& name) { return name.ends_with(".rotary_emb.inv_freq"); }

}  // namespace px
