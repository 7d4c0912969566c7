// adapter_config.json: what PEFT's LoraConfig says of an adapter that is trained.
#pragma once

#include <regex>
#include <string>
#include <vector>

#include "model/formats/json.h"

namespace px {

// A regular expression of a model file, matched in time linear in the name.
class ModulePattern {
 public:
  // `key` is where it stands, for messages. Throws PX_UNSUPPORTED when it is too long or beyond this version's syntax.
  ModulePattern(const std::string& pattern, const std::string& key);
  bool matches(const std::string& module) const { return std::regex_match(module, expression_); }

 private:
  std::regex expression_;
};

class AdapterConfig {
 public:
  // Throws PX_UNSUPPORTED for what plain LoRA does not have, PX_CORRUPT_DATA for values that make no sense.
  AdapterConfig(std::string_view text, const std::string& where);

  const std::string& base() const { return base_; }

  // Of a module, e.g. model.layers.0.self_attn.q_proj.
  int64_t rank(const std::string& module) const;
  double scale(const std::string& module) const;  // alpha / rank, or alpha / sqrt(rank) with rsLoRA
  bool targets(const std::string& module) const;

  // Every module that targets() names has an adapter; false when the config excludes some of them.
  bool complete() const { return complete_; }

 private:
  // A rank or alpha for modules whose name, or the end of whose name, matches.
  struct Override {
    std::string key;
    ModulePattern pattern;
    double value;
  };

  std::vector<Override> read_overrides(const JsonReader& config, const char* key) const;
  double overridden(const std::vector<Override>& overrides, const std::string& module, double otherwise) const;
  void read_targets(const JsonReader& config);

  std::string where_;
  std::string base_;
  int64_t rank_ = 0;
  double alpha_ = 0.0;
  bool rank_stabilised_ = false;
  bool complete_ = true;
  bool all_linear_ = false;
  std::vector<std::string> target_names_;      // a module, or the end of its name after a dot
  std::vector<ModulePattern> target_pattern_;  // instead; at most one
  std::vector<Override> ranks_;
  std::vector<Override> alphas_;
};

}  // namespace px
