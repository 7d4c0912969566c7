#include <cmath>

#include "fuzz_target.h"
#include "model/formats/peft_config.h"

namespace px::fuzz {
namespace {

// adapter_config.json, asked about modules of both kinds of families.
void adapter_config(std::span<const std::byte> input, const std::string&) {
  const AdapterConfig config(as_text(input), "adapter_config.json");
  expect(!config.base().empty(), "no base");
  for (const char* module : {"model.layers.0.self_attn.q_proj", "model.layers.11.mlp.down_proj", "transformer.h.3.attn.c_attn",
                             "lm_head", ""}) {
    config.targets(module);
    expect(config.rank(module) >= 1, "a rank below 1");
    expect(std::isfinite(config.scale(module)), "a scale that is not finite");
  }
}

const Registration registration({"adapter_config",
                                 adapter_config,
                                 {"models/llama-lora/adapter_config.json", "models/qwen3-lora-rslora/adapter_config.json",
                                  "models/gpt2-lora/adapter_config.json"}});

}  // namespace
}  // namespace px::fuzz
