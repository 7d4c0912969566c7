#include "base/error.h"
#include "fuzz_target.h"
#include "model/families/family.h"
#include "model/formats/huggingface.h"
#include "model/rope.h"

namespace px::fuzz {
namespace {

constexpr int64_t kFewLayers = 8;

// config.json of every family. What is accepted can be laid out and turned, and what is written from it is accepted.
void config(std::span<const std::byte> input, const std::string&) {
  const Descriptor d = read_config(as_text(input), "config.json").descriptor;
  if (d.layers > kFewLayers || d.head_size > 1024) return;
  expect(layout_of(d).elements > 0, "a model without parameters");
  if (d.position == PositionKind::kRotary)
    expect(static_cast<int64_t>(rope_frequencies(d.rope, d.head_size).size()) == d.head_size / 2, "frequencies");
  const Family& family = family_of(d.family);
  Json written{{"architectures", {family.language_model}}, {"model_type", family.model_type}};
  family.write_config(d, written);
  try {
    read_config(written.dump(), "written.json");
  } catch (const Error& error) {
    expect(false, "a written config is refused: " + error.message());
  }
}

const Registration registration(
    {"config",
     config,
     {"models/llama/config.json", "models/llama/config.v4.json", "models/llama3/config.json", "models/mistral/config.json",
      "models/qwen2/config.json", "models/qwen3/config.json", "models/gpt2/config.json", "models/smollm2/config.json",
      "models/llama-rope-yarn/config.json", "models/llama-rope-linear/config.json", "models/llama-seqcls/config.json",
      "models/gpt2-seqcls/config.json"}});

}  // namespace
}  // namespace px::fuzz
