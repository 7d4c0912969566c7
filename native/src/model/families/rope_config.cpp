#include "model/families/rope_config.h"

#include <cmath>
#include <string>

#include "base/error.h"
#include "model/families/config_keys.h"

namespace px {
namespace {

constexpr double kMaxTheta = 1e15;
constexpr double kMaxFactor = 1e6;
constexpr const char* kOriginalContext = "original_max_position_embeddings";

// Where a config is read that may say the original context beside the rope's own keys.
struct Source {
  const JsonReader& config;
  int64_t context;
};

void read_llama3(const JsonReader& reader, Rope& rope) {
  rope.scaling = RopeScaling::kLlama3;
  rope.factor = reader.number("factor", 0.0, kMaxFactor);
  rope.low_frequency_factor = reader.number("low_freq_factor", 0.0, kMaxFactor);
  rope.high_frequency_factor = reader.number("high_freq_factor", 0.0, kMaxFactor);
  rope.original_context = reader.integer(kOriginalContext, 1, kMaxContext);
  check(rope.low_frequency_factor < rope.high_frequency_factor, PX_CORRUPT_DATA, reader.where(),
        ": expected 'low_freq_factor' below 'high_freq_factor', got ", rope.low_frequency_factor, " and ",
        rope.high_frequency_factor, "; correct them");
}

// How much attention's logits are sharpened for a factor: 0.1 mscale ln(factor) + 1 (arXiv 2309.00071, equation 22).
double sharpening(double factor, double scale) { return factor <= 1.0 ? 1.0 : 0.1 * scale * std::log(factor) + 1.0; }

double read_attention_factor(const JsonReader& reader, double factor) {
  if (reader.find("attention_factor") != nullptr) return reader.number("attention_factor", 0.0, kMaxFactor);
  // A scale of 0 is none, as transformers takes it.
  const auto scale = [&](const char* key) {
    const Json* value = reader.find(key);
    return value == nullptr || *value == 0 ? 0.0 : reader.number(key, 0.0, kMaxFactor);
  };
  const double scale_all = scale("mscale_all_dim");
  const double scale_one = scale("mscale");
  if (scale_one == 0.0 || scale_all == 0.0) return sharpening(factor, 1.0);
  return sharpening(factor, scale_one) / sharpening(factor, scale_all);
}

void read_yarn(const JsonReader& reader, const Source& source, Rope& rope) {
  check(rope.theta > 1.0, PX_CORRUPT_DATA, reader.where(), ": 'rope_theta': expected above 1 with yarn, got ",
        rope.theta, "; correct it");
  rope.scaling = RopeScaling::kYarn;
  // A value beside the rope's keys comes first (transformers' standardize_rope_params).
  rope.original_context = source.config.integer(kOriginalContext, 1, kMaxContext,
                                                reader.integer(kOriginalContext, 1, kMaxContext, source.context));
  const double ratio = static_cast<double>(source.context) / static_cast<double>(rope.original_context);
  rope.factor = reader.number("factor", 0.0, kMaxFactor, ratio);
  rope.beta_fast = reader.number("beta_fast", 0.0, kMaxFactor, rope.beta_fast);
  rope.beta_slow = reader.number("beta_slow", 0.0, kMaxFactor, rope.beta_slow);
  rope.truncate = reader.boolean("truncate", true);
  rope.attention_factor = read_attention_factor(reader, rope.factor);
}

constexpr const char* kShortFactor = "short_factor";
constexpr const char* kLongFactor = "long_factor";

// longrope whose factors do not depend on the length, and whose attention is not sharpened: GGUF files with rotary
// factors are such models.
void read_divisors(const JsonReader& reader, const char* key, Rope& rope) {
  const Json* factors = reader.find(kShortFactor);
  const Json* long_factors = reader.find(kLongFactor);
  const Json* attention = reader.find("attention_factor");
  if (factors == nullptr || long_factors == nullptr || *factors != *long_factors || attention == nullptr ||
      *attention != 1.0)
    fail_unsupported(reader, key, "longrope",
                     "'longrope' only with equal 'short_factor' and 'long_factor' and with an 'attention_factor' of 1");
  check(factors->is_array(), PX_CORRUPT_DATA, reader.where(), ": key '", kShortFactor, "': expected a list, got ",
        shown(*factors), "; correct it");
  rope.scaling = RopeScaling::kDivisors;
  for (const Json& factor : *factors) {
    check(factor.is_number() && factor.get<double>() > 0.0 && factor.get<double>() <= kMaxFactor, PX_CORRUPT_DATA,
          reader.where(), ": key '", kShortFactor, "': expected numbers above 0, got ", shown(factor), "; correct it");
    rope.divisors.push_back(factor.get<double>());
  }
}

// The keys under rope_parameters (transformers 5) or rope_scaling (4).
Rope read_scaling(const JsonReader& reader, const Source& source, double theta) {
  Rope rope;
  rope.theta = reader.number("rope_theta", 0.0, kMaxTheta, theta);
  const Json* partial = reader.find("partial_rotary_factor");
  if (partial != nullptr && *partial != 1.0) fail_unsupported(reader, "partial_rotary_factor", *partial, "1");
  const char* key = reader.find("rope_type") != nullptr ? "rope_type" : "type";
  const std::string type = reader.string(key, "default");
  const auto is_divisors = [&](const std::string& name) {
    return type == "longrope" && (name == kShortFactor || name == kLongFactor);
  };
  for (const auto& [name, value] : reader.object().items())
    if (value.is_structured() && !is_divisors(name))
      fail_unsupported(reader, name.c_str(), value, "one rotation for all layers and places");
  if (type == "default") return rope;
  if (type == "linear" || type == "dynamic") {
    rope.scaling = type == "linear" ? RopeScaling::kLinear : RopeScaling::kDynamic;
    rope.factor = reader.number("factor", 0.0, kMaxFactor);
  } else if (type == "llama3") {
    read_llama3(reader, rope);
  } else if (type == "yarn") {
    read_yarn(reader, source, rope);
  } else if (type == "longrope") {
    read_divisors(reader, key, rope);
  } else {
    fail_unsupported(reader, key, type, "'default', 'linear', 'dynamic', 'llama3', 'yarn' and 'longrope'");
  }
  return rope;
}

Json scaling_keys(const Rope& rope, const Json& context) {
  switch (rope.scaling) {
    case RopeScaling::kNone:
      return nullptr;
    case RopeScaling::kLinear:
      return {{"rope_type", "linear"}, {"factor", rope.factor}};
    case RopeScaling::kDynamic:
      return {{"rope_type", "dynamic"}, {"factor", rope.factor}};
    case RopeScaling::kLlama3:
      return {{"rope_type", "llama3"},
              {"factor", rope.factor},
              {"low_freq_factor", rope.low_frequency_factor},
              {"high_freq_factor", rope.high_frequency_factor},
              {kOriginalContext, rope.original_context}};
    case RopeScaling::kDivisors:
      return {{"rope_type", "longrope"},     {kShortFactor, rope.divisors}, {kLongFactor, rope.divisors},
              {"attention_factor", 1.0},     {"factor", 1.0},               {kOriginalContext, context}};
    case RopeScaling::kYarn:
      break;
  }
  Json yarn{{"rope_type", "yarn"},         {"factor", rope.factor},       {kOriginalContext, rope.original_context},
            {"beta_fast", rope.beta_fast}, {"beta_slow", rope.beta_slow}, {"attention_factor", rope.attention_factor}};
  if (!rope.truncate) yarn["truncate"] = false;
  return yarn;
}

}  // namespace

Rope read_rope(const JsonReader& config, int64_t context) {
  const Source source{config, context};
  const bool has_theta = config.find("rope_theta") != nullptr;
  const bool old_keys = has_theta || config.find("rope_scaling") != nullptr;
  Rope old;
  old.theta = config.number("rope_theta", 0.0, kMaxTheta, old.theta);
  if (config.find("rope_scaling") != nullptr)
    old = read_scaling({config.nested("rope_scaling"), config.where() + ": rope_scaling"}, source, old.theta);
  if (config.find("rope_parameters") == nullptr) return old;

  const Rope rope =
      read_scaling({config.nested("rope_parameters"), config.where() + ": rope_parameters"}, source, old.theta);
  check(!old_keys || (has_theta && config.find("rope_scaling") == nullptr ? rope.theta == old.theta : rope == old),
        PX_CORRUPT_DATA, config.where(),
        ": 'rope_parameters' and the older 'rope_theta'/'rope_scaling' say different things; remove the wrong ones");
  return rope;
}

void write_rope(const Rope& rope, Json& config) {
  Json scaling = scaling_keys(rope, config["max_position_embeddings"]);
  config["rope_theta"] = rope.theta;
  config["rope_scaling"] = scaling;
  if (scaling.is_null()) scaling = {{"rope_type", "default"}};
  scaling["rope_theta"] = rope.theta;
  config["rope_parameters"] = scaling;
  config.erase(kOriginalContext);  // said with the rope
}

}  // namespace px
