// A reward or value head among a folder's tensors, under the names that its makers give it.
#pragma once

#include <string>
#include <vector>

#include "model/formats/json.h"
#include "model/formats/tensor_files.h"
#include "model/weights.h"

namespace px {

// The key under which OpenRLHF's config.json says what it calls the head.
constexpr const char* kHeadPrefixKey = "value_head_prefix";

// transformers' ...ForSequenceClassification: score; OpenRLHF: score, value_head, or what its config says; TRL's value
// head beside a language model: v_head.summary. Each with .weight [1, H] and, from TRL, .bias [1].
std::vector<std::string> scalar_head_names(const JsonReader& config);

// The name of those that the files hold; empty: none. Throws PX_UNSUPPORTED when they hold two.
std::string find_scalar_head(const TensorFiles& files, const std::vector<std::string>& names);

// Puts it on weights of the files' model.
void read_scalar_head(const TensorFiles& files, const std::string& name, Weights& weights);

}  // namespace px
