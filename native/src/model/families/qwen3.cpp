#include "model/families/qwen3.h"

#include "model/families/llama_shape.h"
#include "model/families/windows.h"

namespace px {
namespace {

constexpr ShapeDefaults kDefaults{.context = 32768, .kv_heads = 32, .head_size = 128};

Descriptor descriptor(const JsonReader& config) {
  Descriptor d = read_llama_shape(config, kQwen3.name, kDefaults);
  d.family = FamilyId::kQwen3;
  d.head_norm = true;
  d.qkv_bias = d.output_bias = config.boolean("attention_bias", false);
  d.windows = read_qwen_windows(config, d.layers);
  return d;
}

void write_config(const Descriptor& d, Json& config) {
  write_llama_shape(d, config);
  write_qwen_windows(d, config);
  config["attention_bias"] = d.qkv_bias;
}

}  // namespace

constinit const Family kQwen3{
    .id = FamilyId::kQwen3,
    .name = "Qwen3",
    .model_type = "qwen3",
    .language_model = "Qwen3ForCausalLM",
    .classifier = "Qwen3ForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .descriptor = descriptor,
    .write_config = write_config,
    .layout = llama_layout,
    .modern_name = llama_name,
    .ignores = llama_ignores,
};

}  // namespace px
