#include "model/core/pass.h"

#include <algorithm>

#include "base/error.h"
#include "model/core/backward.h"

namespace px::core {
namespace {

// A block of target rows is known: its outputs go to their entries, and the gradients come from the caller.
class BlockObjective final : public kernels::HeadObjective {
 public:
  BlockObjective(const std::vector<int64_t>& entries, int64_t count, const ForwardOutputs& outputs,
                 const Upstream& upstream, GradientArena& gradients)
      : entries_(entries), count_(count), outputs_(outputs), upstream_(upstream), gradients_(gradients) {}

  void operator()(int64_t first, int64_t count, const float* logprob, const float* entropy, float* d_logprob,
                  float* d_entropy) override {
    const auto entries = std::span(entries_).subspan(static_cast<size_t>(first), static_cast<size_t>(count));
    put(logprob, entries, outputs_.logprob);
    put(entropy, entries, outputs_.entropy);
    const OutputGradients slopes = upstream_(entry_of(first), entry_of(first + count));
    gather(slopes.logprob, entries, d_logprob);
    gather(slopes.entropy, entries, d_entropy);
    gradients_.partial = true;
  }

 private:
  // Where the entries of a block begin: those without a target lie in the block before.
  int64_t entry_of(int64_t row) const {
    if (row == 0) return 0;
    return row < static_cast<int64_t>(entries_.size()) ? entries_[static_cast<size_t>(row)] : count_;
  }

  const std::vector<int64_t>& entries_;
  const int64_t count_;
  const ForwardOutputs& outputs_;
  const Upstream& upstream_;
  GradientArena& gradients_;
};

// With the rows of the pass instead of the batch's.
Targets targets_of(const Batch& batch, bool with_scores, const PackedRows& rows) {
  Targets targets(batch, with_scores);
  for (int64_t& row : targets.rows) row = rows.row_of(row);
  return targets;
}

bool any(const OutputGradients& g) {
  return g.logprob != nullptr || g.entropy != nullptr || g.value != nullptr || g.score != nullptr;
}

}  // namespace

Pass::Pass(Ops& ops, const Model& model, const PackedModel& packed, const PositionTable& positions, PassMemory& memory,
           const Batch& batch, double temperature, Keep keep)
    : ops_(ops),
      model_(model),
      d_(model.descriptor()),
      packed_(packed),
      positions_(positions),
      memory_(memory),
      batch_(batch),
      temperature_(temperature),
      keep_(keep),
      packed_rows_(batch),
      targets_(targets_of(batch, model.head() == PX_HEAD_SCALAR, packed_rows_)),
      transformer_(ops, model.weights(), packed, positions),
      attention_(ops.packed_attention(attention_shape(d_, packed.dtype()), packed_rows_.sequences())),
      arrivals_(ops) {}

void Pass::forward(const ForwardOutputs& outputs) {
  run_rows(outputs);
  model_.head() == PX_HEAD_LM ? language_forward(outputs) : scalar_forward(outputs);
  ops_.finish();
}

void Pass::forward_backward(const ForwardOutputs& outputs, const Upstream& upstream, GradientArena& gradients) {
  run_rows(outputs);
  if (model_.head() == PX_HEAD_LM) return language_backward(outputs, upstream, gradients);
  scalar_forward(outputs);
  const OutputGradients slopes = upstream(0, batch_.count());
  if (any(slopes) && !targets_.rows.empty()) scalar_backward(slopes, gradients);
}

// The trunk, the final norm, and the rows that the head takes.
void Pass::run_rows(const ForwardOutputs& outputs) {
  const int64_t n = packed_rows_.count();
  const auto heads = static_cast<int64_t>(targets_.rows.size());
  const bool language = model_.head() == PX_HEAD_LM;
  const px_dtype dtype = packed_.dtype();
  int32_t* tokens = nullptr;
  int32_t* positions = nullptr;
  int64_t* target_rows = nullptr;
  int32_t* target_tokens = nullptr;
  const auto plan = [&](Plan& p) {
    tokens = p.take<int32_t>(n);
    positions = p.take<int32_t>(n);
    target_rows = p.take<int64_t>(heads);
    if (language) target_tokens = p.take<int32_t>(heads);
    rows_ = plan_rows(p, d_, n, dtype, keep_, *attention_);
    hidden_ = p.take<float>(n * d_.hidden);
    target_rows_ = language ? p.take_values(heads * d_.hidden, dtype) : Values{};
    if (keep_ == Keep::kNothing) return;
    d_hidden_ = p.take<float>(n * d_.hidden);
    d_target_rows_ = p.take<float>(heads * d_.hidden);
  };
  Plan sizes;
  plan(sizes);
  Plan memory(memory_.rows.reserve(sizes.bytes()));
  plan(memory);

  tokens_ = {n, copied<int32_t>(ops_, packed_rows_.tokens(), tokens),
             copied<int32_t>(ops_, packed_rows_.positions(), positions)};
  target_rows_of_ = copied<int64_t>(ops_, targets_.rows, target_rows);
  if (language) target_tokens_ = copied<int32_t>(ops_, targets_.tokens, target_tokens);
  transformer_.forward(tokens_, rows_, *attention_);
  transformer_.final_norm(rows_.final_input, n, {hidden_, rows_.normed.bf16}, rows_.final_statistics);
  const int64_t row_bytes = d_.hidden * static_cast<int64_t>(sizeof(float));
  if (outputs.hidden != nullptr)
    packed_rows_.for_runs([&](int64_t entry, int64_t row, int64_t count) {
      ops_.copy_out(outputs.hidden + entry * d_.hidden, hidden_ + row * d_.hidden, static_cast<uint64_t>(count * row_bytes));
    });
  if (!language) return;
  if (dtype == PX_DTYPE_F32)
    ops_.gather_rows(hidden_, row_bytes, target_rows_of_, heads, target_rows_.f32);
  else
    ops_.gather_rows(rows_.normed.bf16, row_bytes / 2, target_rows_of_, heads, target_rows_.bf16);
}

HeadRows Pass::head_rows() const {
  return {packed_.head(), static_cast<int64_t>(targets_.rows.size()), target_rows_, target_tokens_, temperature_};
}

kernels::ScalarRows Pass::scalar_rows() const {
  return {hidden_, target_rows_of_, static_cast<int64_t>(targets_.rows.size()), d_.hidden, model_.head_range().data()};
}

void Pass::language_forward(const ForwardOutputs& outputs) {
  if (outputs.logprob == nullptr && outputs.entropy == nullptr) return;
  std::vector<float> logprob(targets_.rows.size()), entropy(targets_.rows.size());
  const HeadRows rows = head_rows();
  ops_.head_logprob(rows, logprob.data(), entropy.data(),
                    memory_.head.reserve(ops_.head_bytes(rows.head, rows.n, false)));
  scatter(logprob, targets_.entries, batch_.count(), outputs.logprob);
  scatter(entropy, targets_.entries, batch_.count(), outputs.entropy);
}

void Pass::language_backward(const ForwardOutputs& outputs, const Upstream& upstream, GradientArena& gradients) {
  for (float* output : {outputs.logprob, outputs.entropy})
    if (output != nullptr) std::fill_n(output, batch_.count(), 0.0f);
  if (targets_.rows.empty()) {
    upstream(0, batch_.count());
    return;
  }
  BlockObjective objective(targets_.entries, batch_.count(), outputs, upstream, gradients);
  const HeadRows rows = head_rows();
  ops_.head_gradient(rows, objective, d_target_rows_, gradients.data() + model_.weights().offsets().lm_head,
                     memory_.head.reserve(ops_.head_bytes(rows.head, rows.n, true)));
  scatter_rows();
  backward(gradients);
}

void Pass::scalar_forward(const ForwardOutputs& outputs) {
  std::vector<float> values(targets_.rows.size());
  ops_.scalar_head(scalar_rows(), values.data());
  const std::span<const float> all(values);
  scatter(all, targets_.entries, batch_.count(), outputs.value);
  scatter(all.subspan(targets_.entries.size()), targets_.sequences, batch_.sequences(), outputs.score);
}

void Pass::scalar_backward(const OutputGradients& upstream, GradientArena& gradients) {
  std::vector<float> slopes(targets_.rows.size());
  gather(upstream.value, targets_.entries, slopes.data());
  gather(upstream.score, targets_.sequences, slopes.data() + targets_.entries.size());
  gradients.partial = true;
  ops_.scalar_head_backward(scalar_rows(), slopes.data(), d_target_rows_,
                            gradients.data() + model_.weights().trunk_elements());
  scatter_rows();
  backward(gradients);
}

// d_hidden = the gradients of the target rows at their places; a row may be a token's of several sequences, and a score's.
void Pass::scatter_rows() {
  ops_.zero(d_hidden_, static_cast<uint64_t>(rows_.count * d_.hidden) * sizeof(float));
  int64_t begin = 0;
  const auto add_up_to = [&](int64_t end) {
    if (end == begin) return;
    ops_.add_rows(d_target_rows_ + begin * d_.hidden, d_.hidden, target_rows_of_ + begin, end - begin, d_hidden_);
    begin = end;
  };
  // Sequences that share rows go one after the other: no row comes twice in a call.
  int64_t end = 0;
  for (int64_t s = 0; s < batch_.sequences(); ++s) {
    if (packed_rows_.shares(s)) add_up_to(end);
    for (const auto tokens = static_cast<int64_t>(targets_.entries.size()); end < tokens; ++end)
      if (targets_.entries[static_cast<size_t>(end)] >= batch_.offsets[static_cast<size_t>(s) + 1]) break;
  }
  add_up_to(end);
  add_up_to(static_cast<int64_t>(targets_.rows.size()));
}

void Pass::backward(GradientArena& gradients) {
  const Backward backward(ops_, model_.weights(), packed_, positions_, transformer_, *attention_, keep_, gradients);
  backward.run(tokens_, rows_, d_hidden_, memory_.workspace.reserve(backward.bytes(rows_.count)));
  ops_.finish();
  gradients.partial = false;
}

}  // namespace px::core
