#include "model/formats/peft_config.h"

#include <array>
#include <cmath>
#include <set>

#include "base/error.h"

namespace px {
namespace {

constexpr size_t kMaxPattern = 1000;  // bytes
constexpr int64_t kMaxRank = 1 << 16;
constexpr double kMaxAlpha = 1e6;

// Keys of LoraConfig and of its relatives that change what an adapter computes, where they are neither missing, null,
// false nor empty.
constexpr std::array kForeignKeys = {
    "modules_to_save", "use_dora",          "lora_bias",       "layer_replication",   "target_parameters",
    "use_qalora",      "use_bdlora",        "megatron_config", "arrow_config",        "trainable_token_indices",
    "kasa_config",     "monteclora_config", "velora_config",   "ensure_weight_tying", "alora_invocation_tokens",
};

// Ways to start that leave the base model as it is; others (PiSSA, OLoRA, LoftQ...) move part of it into the adapter.
const std::set<std::string> kPlainStarts = {"gaussian", "orthogonal", "eva"};

bool in_use(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  return !value.is_structured() || !value.empty();
}

[[noreturn]] void fail_key(const JsonReader& config, const char* key, const std::string& expected) {
  fail(PX_UNSUPPORTED, config.where(), ": key '", key, "': this version applies plain LoRA: expected ", expected,
       ", got ", shown(config.object().at(key)),
       "; merge the adapter with PEFT (merge_and_unload) and load the merged model");
}

void refuse_foreign_keys(const JsonReader& config) {
  const std::string type = config.string("peft_type", "");
  check(!type.empty(), PX_CORRUPT_DATA, config.where(),
        ": key 'peft_type' is missing: expected 'LORA'; copy the original file again");
  if (type != "LORA") fail_key(config, "peft_type", "'LORA'");
  for (const char* key : kForeignKeys) {
    const Json* value = config.find(key);
    if (value != nullptr && in_use(*value)) fail_key(config, key, "none");
  }
  if (config.string("bias", "none") != "none") fail_key(config, "bias", "'none'");
  const Json* start = config.find("init_lora_weights");
  if (start != nullptr && !start->is_boolean() && !(start->is_string() && kPlainStarts.contains(*start)))
    fail_key(config, "init_lora_weights", "true, false, 'gaussian', 'orthogonal' or 'eva'");
}

}  // namespace

// libstdc++'s polynomial mode searches breadth first: no pattern makes it back up without end.
ModulePattern::ModulePattern(const std::string& pattern, const std::string& key) try {
  check(pattern.size() <= kMaxPattern, PX_UNSUPPORTED, key, ": expected a pattern of at most ", kMaxPattern,
        " bytes, got ", pattern.size(), "; list the modules' names");
  expression_ = std::regex(pattern, std::regex::ECMAScript | std::regex_constants::__polynomial);
} catch (const std::regex_error&) {
  fail(PX_UNSUPPORTED, key, ": the pattern ", in_quotes(pattern),
       " is beyond this version's regular expressions; list the modules' names");
}

AdapterConfig::AdapterConfig(std::string_view text, const std::string& where) : where_(where) {
  const Json object = parse_object(text, where);
  const JsonReader config(object, where);
  refuse_foreign_keys(config);
  base_ = config.string("base_model_name_or_path", "");
  check(!base_.empty(), PX_CORRUPT_DATA, where,
        ": key 'base_model_name_or_path' is missing: expected the base model's folder; add it");
  rank_ = config.integer("r", 1, kMaxRank, 8);
  alpha_ = config.number("lora_alpha", 0.0, kMaxAlpha, 8.0);
  rank_stabilised_ = config.boolean("use_rslora", false);
  config.boolean("fan_in_fan_out", false);  // PEFT goes by the layer, too, and corrects the key
  read_targets(config);
  ranks_ = read_overrides(config, "rank_pattern");
  alphas_ = read_overrides(config, "alpha_pattern");
}

void AdapterConfig::read_targets(const JsonReader& config) {
  const Json* targets = config.find("target_modules");
  check(targets != nullptr && (targets->is_string() || targets->is_array()), PX_CORRUPT_DATA, where_,
        ": key 'target_modules': expected a list of names or a pattern, got ",
        targets == nullptr ? "nothing" : shown(*targets), "; copy the original file again");
  for (const char* key : {"exclude_modules", "layers_to_transform"}) {
    const Json* value = config.find(key);
    complete_ = complete_ && (value == nullptr || (value->is_array() && value->empty()));
  }
  if (targets->is_string()) {
    all_linear_ = *targets == "all-linear";
    if (!all_linear_) target_pattern_.emplace_back(targets->get<std::string>(), where_ + ": key 'target_modules'");
    return;
  }
  for (const Json& name : *targets) {
    check(name.is_string(), PX_CORRUPT_DATA, where_, ": key 'target_modules': expected names, got ", shown(name),
          "; copy the original file again");
    target_names_.push_back(name);
  }
}

std::vector<AdapterConfig::Override> AdapterConfig::read_overrides(const JsonReader& config, const char* key) const {
  std::vector<Override> overrides;
  if (config.find(key) == nullptr) return overrides;
  const JsonReader reader(config.nested(key), where_ + ": " + key);
  for (const auto& [name, value] : reader.object().items())
    // As PEFT reads it: at the end of a module's name, after a dot or from its start.
    overrides.push_back({name, ModulePattern("(?:.*\\.)?(?:" + name + ")", where_ + ": key '" + key + "'"),
                         reader.number(name.c_str(), 0.0, kMaxAlpha)});
  return overrides;
}

// PEFT takes the first that matches in the file's order; where two say the same the order does not matter.
double AdapterConfig::overridden(const std::vector<Override>& overrides, const std::string& module,
                                 double otherwise) const {
  const Override* found = nullptr;
  for (const Override& one : overrides) {
    if (!one.pattern.matches(module)) continue;
    check(found == nullptr || found->value == one.value, PX_UNSUPPORTED, where_, ": the patterns ",
          found == nullptr ? "" : in_quotes(found->key), " and ", in_quotes(one.key), " both match module ",
          in_quotes(module), " and say different things; keep one");
    found = &one;
  }
  return found == nullptr ? otherwise : found->value;
}

int64_t AdapterConfig::rank(const std::string& module) const {
  const double rank = overridden(ranks_, module, static_cast<double>(rank_));
  check(rank == std::floor(rank) && rank >= 1.0 && rank <= kMaxRank, PX_CORRUPT_DATA, where_,
        ": key 'rank_pattern': expected an integer from 1 to ", kMaxRank, ", got ", rank, "; correct it");
  return static_cast<int64_t>(rank);
}

double AdapterConfig::scale(const std::string& module) const {
  const auto r = static_cast<double>(rank(module));
  return overridden(alphas_, module, alpha_) / (rank_stabilised_ ? std::sqrt(r) : r);
}

bool AdapterConfig::targets(const std::string& module) const {
  if (all_linear_) return module != "lm_head";
  if (!target_pattern_.empty()) return target_pattern_.front().matches(module);
  for (const std::string& name : target_names_)
    if (module == name || module.ends_with("." + name)) return true;
  return false;
}

}  // namespace px
