#include "model/families/llama.h"

#include "model/families/llama_shape.h"
#include "model/families/windows.h"

namespace px {
namespace {

constexpr ShapeDefaults kDefaults{.context = 2048, .kv_heads = 0, .head_size = 0};

Descriptor descriptor(const JsonReader& config) {
  Descriptor d = read_llama_shape(config, kLlama.name, kDefaults);
  d.family = FamilyId::kLlama;
  d.qkv_bias = d.output_bias = config.boolean("attention_bias", false);
  d.mlp_bias = config.boolean("mlp_bias", false);
  refuse_windows(config, d.context);
  return d;
}

void write_config(const Descriptor& d, Json& config) {
  write_llama_shape(d, config);
  config["attention_bias"] = d.qkv_bias;
  config["mlp_bias"] = d.mlp_bias;
}

}  // namespace

constinit const Family kLlama{
    .id = FamilyId::kLlama,
    .name = "Llama",
    .model_type = "llama",
    .language_model = "LlamaForCausalLM",
    .classifier = "LlamaForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .descriptor = descriptor,
    .write_config = write_config,
    .layout = llama_layout,
    .modern_name = llama_name,
    .ignores = llama_ignores,
};

}  // namespace px
