#include "model/formats/gguf_describe.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "model/formats/gguf_architecture.h"
#include "model/rope.h"

namespace px {
namespace {

// Writes the keys of one architecture: "context_length" becomes "llama.context_length".
class Keys {
 public:
  Keys(std::string architecture, GgufMetadata& metadata) : prefix_(std::move(architecture) + "."), metadata_(metadata) {}

  void integer(const char* key, int64_t value) { metadata_.integer(prefix_ + key, value); }
  void real(const char* key, double value) { metadata_.real(prefix_ + key, value); }
  void text(const char* key, std::string_view value) { metadata_.text(prefix_ + key, value); }
  void boolean(const char* key, bool value) { metadata_.boolean(prefix_ + key, value); }

 private:
  std::string prefix_;
  GgufMetadata& metadata_;
};

[[noreturn]] void fail_gguf(const std::string& what, const std::string& instead) {
  fail(PX_UNSUPPORTED, "GGUF: llama.cpp's architecture has no key for ", what, "; ", instead);
}

// llama.cpp sharpens attention by 0.1 ln(factor) + 1, has fixed bounds of the ramp, and takes whole dimensions.
bool is_usual_yarn(const Rope& rope) {
  const double usual = rope.factor <= 1.0 ? 1.0 : 0.1 * std::log(rope.factor) + 1.0;
  return std::fabs(rope.attention_factor - usual) < 1e-6 && rope.beta_fast == 32.0 && rope.beta_slow == 1.0 &&
         rope.truncate;
}

void describe_yarn(const Rope& rope, Keys& keys) {
  if (!is_usual_yarn(rope))
    fail_gguf("yarn with an attention factor, 'beta_fast', 'beta_slow' or 'truncate' of its own",
              "write a Hugging Face folder");
  keys.text("rope.scaling.type", "yarn");
  keys.real("rope.scaling.factor", rope.factor);
  keys.integer("rope.scaling.original_context_length", rope.original_context);
  keys.boolean("rope.scaling.finetuned", true);
}

void describe_rope(const Descriptor& d, Keys& keys) {
  keys.integer("rope.dimension_count", d.head_size);
  keys.real("rope.freq_base", d.rope.theta);
  switch (d.rope.scaling) {
    case RopeScaling::kNone:
    case RopeScaling::kDynamic:   // none, within the context
    case RopeScaling::kLlama3:    // by rope_freqs.weight
    case RopeScaling::kDivisors:  // likewise
      return;
    case RopeScaling::kLinear:
      keys.text("rope.scaling.type", "linear");
      keys.real("rope.scaling.factor", d.rope.factor);
      return;
    case RopeScaling::kYarn:
      return describe_yarn(d.rope, keys);
  }
}

// A window that no text outgrows changes nothing.
void describe_windows(const Descriptor& d, Keys& keys) {
  const auto narrow = [&](int64_t window) { return window > 0 && window < d.context; };
  if (std::ranges::none_of(d.windows, narrow)) return;
  if (d.family != FamilyId::kMistral)
    fail_gguf("sliding windows of " + gguf_name(gguf_architecture_of(d.family)), "write a Hugging Face folder");
  keys.integer("attention.sliding_window", d.windows.front());
}

void describe_decoder(const Descriptor& d, Keys& keys) {
  if (d.family == FamilyId::kQwen3 && d.qkv_bias) fail_gguf("biases of Qwen3's attention", "write a Hugging Face folder");
  keys.real("attention.layer_norm_rms_epsilon", d.norm_epsilon);
  keys.integer("attention.head_count_kv", d.kv_heads);
  if (d.head_size * d.heads != d.hidden || d.family == FamilyId::kQwen3) {
    keys.integer("attention.key_length", d.head_size);
    keys.integer("attention.value_length", d.head_size);
  }
  describe_rope(d, keys);
  describe_windows(d, keys);
}

}  // namespace

void describe_gguf(const Descriptor& d, GgufMetadata& metadata) {
  const std::string name = gguf_name(gguf_architecture_of(d.family));
  metadata.text("general.architecture", name);
  Keys keys(name, metadata);
  keys.integer("context_length", d.context);
  keys.integer("embedding_length", d.hidden);
  keys.integer("block_count", d.layers);
  keys.integer("feed_forward_length", d.intermediate);
  keys.integer("attention.head_count", d.heads);
  keys.integer("vocab_size", d.vocabulary);
  if (d.family == FamilyId::kGpt2) {
    keys.real("attention.layer_norm_epsilon", d.norm_epsilon);
  } else {
    describe_decoder(d, keys);
  }
}

std::vector<float> gguf_rope_factors(const Descriptor& d) {
  std::vector<float> factors;
  if (d.rope.scaling == RopeScaling::kDivisors)
    for (const double divisor : d.rope.divisors) factors.push_back(static_cast<float>(divisor));
  if (d.rope.scaling != RopeScaling::kLlama3) return factors;
  Rope plain = d.rope;
  plain.scaling = RopeScaling::kNone;
  const std::vector<double> kept = rope_frequencies(plain, d.head_size);
  const std::vector<double> scaled = rope_frequencies(d.rope, d.head_size);
  for (size_t i = 0; i < kept.size(); ++i) factors.push_back(static_cast<float>(kept[i] / scaled[i]));
  return factors;
}

}  // namespace px
