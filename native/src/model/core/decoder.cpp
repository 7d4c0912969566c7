#include "model/core/decoder.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/token_logprob/head.h"
#include "model/core/attention_contexts.h"
#include "model/targets.h"

namespace px::core {
namespace {

// The tokens of a step, packed.
struct Step {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<int64_t> last_rows;  // by extension
  std::vector<kernels::AttentionSequence> sequences;
};

}  // namespace

CoreDecoder::CoreDecoder(const Cpu& cpu, const Model& model, std::shared_ptr<PackedModel> packed, int64_t slots)
    : cpu_(cpu),
      model_(model),
      packed_(std::move(packed)),
      positions_(model.descriptor()),
      pool_(model.descriptor(), packed_->dtype()),
      slots_(static_cast<size_t>(slots)) {
  check(model.head() == PX_HEAD_LM, PX_INVALID_ARGUMENT, "model: expected a language-model head, got a scalar head");
}

void CoreDecoder::extend(std::span<const Extension> extensions, float* logits) {
  check_extensions(extensions, slots_.size(), model_.descriptor().context,
                   [&](size_t slot) { return slots_[slot].length; });
  const Descriptor& d = model_.descriptor();
  packed_->refresh(cpu_, model_.weights(), {.head = true});

  Step step;
  for (const Extension& extension : extensions) {
    PageTable& table = slots_[static_cast<size_t>(extension.slot)];
    const auto count = static_cast<int64_t>(extension.tokens.size());
    table.reserve(pool_, table.length + count);
    step.sequences.push_back({static_cast<int64_t>(step.tokens.size()), count, table.length, table.pages.data()});
    for (int64_t t = 0; t < count; ++t) {
      step.tokens.push_back(extension.tokens[static_cast<size_t>(t)]);
      step.positions.push_back(static_cast<int32_t>(table.length + t));
    }
    step.last_rows.push_back(static_cast<int64_t>(step.tokens.size()) - 1);
  }
  positions_.prepare(step.positions);

  const auto count = static_cast<int64_t>(step.tokens.size());
  const auto rows_out = static_cast<int64_t>(extensions.size());
  const auto plan = [&](Plan& p) {
    TransformerRows rows = plan_rows(p, d, count, packed_->dtype(), false);
    float* last = p.take<float>(rows_out * d.hidden);
    return std::tuple(std::move(rows), last, take_values(p, rows_out * d.hidden, packed_->dtype()));
  };
  Plan sizes;
  plan(sizes);
  Plan memory(rows_.reserve(sizes.bytes()));
  const auto [rows, last, hidden] = plan(memory);

  CachedContext attention(cpu_, d, packed_->dtype(), step.sequences);
  attention.set_workspace(workspace_.reserve(attention.bytes()));
  const Transformer transformer(cpu_, model_.weights(), *packed_, positions_);
  transformer.forward(step.tokens, step.positions, rows, attention);
  for (int64_t i = 0; i < rows_out; ++i)
    std::copy_n(rows.final_input + step.last_rows[static_cast<size_t>(i)] * d.hidden, d.hidden, last + i * d.hidden);
  transformer.final_norm(last, rows_out, hidden, {});

  kernels::GemmArgs head;
  head.x = kernels::rows_of(hidden.data(), rows_out, d.hidden, packed_->dtype());
  head.weights = packed_->head().forward;
  head.out = logits;
  head.out_stride = d.vocabulary;
  kernels::gemm(cpu_, head);

  for (const Extension& extension : extensions)
    slots_[static_cast<size_t>(extension.slot)].length += static_cast<int64_t>(extension.tokens.size());
}

float CoreDecoder::logprob(const float* logits, double temperature, int32_t token) const {
  return kernels::logprob_of_logits(cpu_.isa, logits, model_.descriptor().vocabulary, temperature, token);
}

void CoreDecoder::drop(int64_t slot) {
  check(slot >= 0 && slot < static_cast<int64_t>(slots_.size()), PX_INVALID_ARGUMENT, "slot: expected 0 to ",
        slots_.size() - 1, ", got ", slot);
  slots_[static_cast<size_t>(slot)].clear(pool_);
}

}  // namespace px::core
