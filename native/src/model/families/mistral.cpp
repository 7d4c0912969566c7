#include "model/families/mistral.h"

#include "model/families/llama_shape.h"
#include "model/families/windows.h"

namespace px {
namespace {

constexpr ShapeDefaults kDefaults{.context = 131072, .kv_heads = 8, .head_size = 0};

Descriptor descriptor(const JsonReader& config) {
  Descriptor d = read_llama_shape(config, kMistral.name, kDefaults);
  d.family = FamilyId::kMistral;
  d.windows = read_mistral_windows(config, d.layers);
  return d;
}

void write_config(const Descriptor& d, Json& config) {
  write_llama_shape(d, config);
  write_mistral_windows(d, config);
}

}  // namespace

constinit const Family kMistral{
    .id = FamilyId::kMistral,
    .name = "Mistral",
    .model_type = "mistral",
    .language_model = "MistralForCausalLM",
    .classifier = "MistralForSequenceClassification",
    .embedding = "model.embed_tokens.weight",
    .descriptor = descriptor,
    .write_config = write_config,
    .layout = llama_layout,
    .modern_name = llama_name,
    .ignores = llama_ignores,
};

}  // namespace px
