#include "model/families/qwen2.h"

#include "model/families/llama_shape.h"
#include "model/families/windows.h"

namespace px {
namespace {

constexpr ShapeDefaults kDefaults{.context = 32768, .kv_heads = 32, .head_size = 0};

Descriptor descriptor(const JsonReader& config) {
  Descriptor d = read_llama_shape(config, kQwen2.name, kDefaults);
  d.family = FamilyId::kQwen2;
  d.qkv_bias = true;
  d.windows = read_qwen_windows(config, d.layers);
  return d;
}

void write_config(const Descriptor& d, Json& config) {
  write_llama_shape(d, config);
  write_qwen_windows(d, config);
}

}  // namespace

constinit const Family kQwen2{
    .id = FamilyId::kQwen2,
    .name = "Qwen2",
    .model_type = "qwen2",
    .language_model = "Qwen2ForCausalLM",
    .classifier = "Qwen2ForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .descriptor = descriptor,
    .write_config = write_config,
    .layout = llama_layout,
    .modern_name = llama_name,
    .ignores = llama_ignores,
};

}  // namespace px
