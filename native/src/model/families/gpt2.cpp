#include "model/families/gpt2.h"

#include <array>

#include "base/error.h"
#include "model/families/config_keys.h"

namespace px {
namespace {

constexpr std::array kTrunkNames = {"wte.", "wpe.", "h.", "ln_f."};

// Dropout is off, and reorder_and_upcast_attn only orders the arithmetic.
Descriptor descriptor(const JsonReader& config) {
  require_text(config, "activation_function", "gelu_new", {"gelu_new", "gelu_pytorch_tanh"});
  refuse_foreign_keys(config, kGpt2.name);
  check(config.boolean("scale_attn_weights", true), PX_UNSUPPORTED, config.where(),
        ": key 'scale_attn_weights': this version computes attention divided by the root of the head size, got false; "
        "take another model");
  Descriptor d;
  d.family = FamilyId::kGpt2;
  d.vocabulary = config.integer("vocab_size", 1, kMaxVocabulary);
  d.hidden = config.integer("n_embd", 1, kMaxHidden);
  d.intermediate = config.integer("n_inner", 1, kMaxIntermediate, 4 * d.hidden);
  d.layers = config.integer("n_layer", 1, kMaxLayers);
  d.heads = d.kv_heads = config.integer("n_head", 1, kMaxHeads);
  // Bounded like a vocabulary: the positions are an embedding.
  d.context = config.integer("n_positions", 1, kMaxVocabulary, 1024);
  check(d.hidden % d.heads == 0, PX_CORRUPT_DATA, config.where(), ": expected 'n_embd' (", d.hidden,
        ") to be a multiple of 'n_head', got ", d.heads, "; correct the wrong one");
  d.head_size = d.hidden / d.heads;
  d.norm = NormKind::kLayer;
  d.norm_epsilon = config.number("layer_norm_epsilon", 0.0, 1.0, 1e-5);
  d.feed_forward = FeedForward::kGelu;
  d.position = PositionKind::kLearned;
  d.tied = config.boolean("tie_word_embeddings", true);
  d.qkv_bias = d.output_bias = d.mlp_bias = true;
  d.transposed = true;
  return d;
}

void write_config(const Descriptor& d, Json& config) {
  config["vocab_size"] = d.vocabulary;
  config["n_embd"] = d.hidden;
  config["n_inner"] = d.intermediate == 4 * d.hidden ? Json() : Json(d.intermediate);
  config["n_layer"] = d.layers;
  config["n_head"] = d.heads;
  config["n_positions"] = d.context;
  config["layer_norm_epsilon"] = d.norm_epsilon;
  config["activation_function"] = "gelu_new";
  config["tie_word_embeddings"] = d.tied;
}

void add_norm(LayoutBuilder& builder, const std::string& name, int64_t hidden, int64_t& weight, int64_t& bias) {
  weight = builder.add(name + ".weight", {hidden});
  bias = builder.add(name + ".bias", {hidden});
}

LayerOffsets add_layer(LayoutBuilder& builder, const Descriptor& d, const std::string& prefix) {
  const int64_t projected = (d.heads + 2 * d.kv_heads) * d.head_size;
  LayerOffsets l;
  add_norm(builder, prefix + "ln_1", d.hidden, l.input_norm, l.input_norm_bias);
  builder.add_linear(prefix + "attn.c_attn", projected, d.hidden, true, l.query_key_value, l.query_key_value_bias);
  builder.add_linear(prefix + "attn.c_proj", d.hidden, d.heads * d.head_size, true, l.output, l.output_bias);
  add_norm(builder, prefix + "ln_2", d.hidden, l.post_norm, l.post_norm_bias);
  builder.add_linear(prefix + "mlp.c_fc", d.intermediate, d.hidden, true, l.up, l.up_bias);
  builder.add_linear(prefix + "mlp.c_proj", d.hidden, d.intermediate, true, l.down, l.down_bias);
  return l;
}

Layout layout(const Descriptor& d) {
  LayoutBuilder builder(d.transposed);
  TrunkOffsets offsets;
  offsets.embedding = builder.add("transformer.wte.weight", {d.vocabulary, d.hidden});
  offsets.position_embedding = builder.add("transformer.wpe.weight", {d.context, d.hidden});
  for (int64_t i = 0; i < d.layers; ++i)
    offsets.layers.push_back(add_layer(builder, d, "transformer.h." + std::to_string(i) + "."));
  add_norm(builder, "transformer.ln_f", d.hidden, offsets.final_norm, offsets.final_norm_bias);
  return builder.finish(d, std::move(offsets));
}

// The published files hold the trunk's tensors without "transformer.".
std::string modern_name(const std::string& name) {
  for (const char* trunk : kTrunkNames)
    if (name.starts_with(trunk)) return "transformer." + name;
  return name;
}

// Causal masks, and the number that stands for minus infinity.
bool ignores(const std::string& name) { return name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias"); }

}  // namespace

constinit const Family kGpt2{
    .id = FamilyId::kGpt2,
    .name = "GPT-2",
    .model_type = "gpt2",
    .language_model = "GPT2LMHeadModel",
    .classifier = "GPT2ForSequenceClassification",
    .embedding = "transformer.wte.weight",
    .descriptor = descriptor,
    .write_config = write_config,
    .layout = layout,
    .modern_name = modern_name,
    .ignores = ignores,
};

}  // namespace px
