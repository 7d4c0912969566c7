#include "model/families/config_keys.h"

#include <array>

#include "base/error.h"

namespace px {
namespace {

// A key that changes the mathematics, and the value that means "not in use" besides a missing key, null and false.
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
    ForeignKey{"use_mrope", 0},
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
    ForeignKey{"scale_attn_by_inverse_layer_idx", 0},
    ForeignKey{"add_cross_attention", 0},
    ForeignKey{"is_encoder_decoder", 0},
    ForeignKey{"quantization_config", kNone},
};

bool in_use(const Json& value, double neutral) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != neutral;
  return !(value.is_array() || value.is_object()) || !value.empty();
}

}  // namespace

void fail_unsupported(const JsonReader& config, const char* key, const Json& value, const std::string& supported) {
  fail(PX_UNSUPPORTED, config.where(), ": key '", key, "': this version computes ", supported, ", got ", shown(value),
       "; take another model");
}

void refuse_foreign_keys(const JsonReader& config, const std::string& family) {
  for (const ForeignKey& foreign : kForeignKeys) {
    const Json* value = config.find(foreign.key);
    if (value != nullptr && in_use(*value, foreign.neutral))
      fail_unsupported(config, foreign.key, *value, family + " models without it");
  }
}

void require_text(const JsonReader& config, const char* key, const std::string& otherwise,
                  const std::set<std::string>& accepted) {
  const std::string value = config.string(key, otherwise);
  if (!accepted.contains(value)) fail_unsupported(config, key, value, "'" + *accepted.begin() + "'");
}

}  // namespace px
