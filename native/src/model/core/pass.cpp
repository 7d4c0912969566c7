#include "model/core/pass.h"

#include <algorithm>

#include "base/error.h"
#include "model/core/attention_contexts.h"
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

bool any(const OutputGradients& g) {
  return g.logprob != nullptr || g.entropy != nullptr || g.value != nullptr || g.score != nullptr;
}

}  // namespace

Pass::Pass(const Cpu& cpu, const Model& model, const PackedModel& packed, const PositionTable& positions,
           PassMemory& memory, const Batch& batch, double temperature, Keep keep)
    : cpu_(cpu),
      model_(model),
      d_(model.descriptor()),
      packed_(packed),
      positions_(positions),
      memory_(memory),
      batch_(batch),
      temperature_(temperature),
      keep_(keep),
      targets_(batch, model.head() == PX_HEAD_SCALAR),
      transformer_(cpu_, model.weights(), packed, positions) {}

void Pass::forward(const ForwardOutputs& outputs) {
  run_rows(outputs);
  model_.head() == PX_HEAD_LM ? language_forward(outputs) : scalar_forward(outputs);
}

void Pass::forward_backward(const ForwardOutputs& outputs, const Upstream& upstream,
                            GradientArena& gradients) {
  run_rows(outputs);
  if (model_.head() == PX_HEAD_LM) return language_backward(outputs, upstream, gradients);
  scalar_forward(outputs);
  const OutputGradients slopes = upstream(0, batch_.count());
  if (any(slopes) && !targets_.rows.empty()) scalar_backward(slopes, gradients);
}

// The trunk, the final norm, and the rows that the head takes.
void Pass::run_rows(const ForwardOutputs& outputs) {
  const int64_t n = batch_.count();
  const auto heads = static_cast<int64_t>(targets_.rows.size());
  const bool language = model_.head() == PX_HEAD_LM;
  const px_dtype dtype = packed_.dtype();
  const auto plan = [&](Plan& p) {
    rows_ = plan_rows(p, d_, n, dtype, keep_);
    hidden_ = p.take<float>(n * d_.hidden);
    target_rows_ = language ? take_values(p, heads * d_.hidden, dtype) : Values{};
    if (keep_ == Keep::kNothing) return;
    d_hidden_ = p.take<float>(n * d_.hidden);
    d_target_rows_ = p.take<float>(heads * d_.hidden);
  };
  Plan sizes;
  plan(sizes);
  Plan memory(memory_.rows.reserve(sizes.bytes()));
  plan(memory);

  PackedContext attention(cpu_, d_, dtype, batch_.offsets);
  attention.set_workspace(memory_.workspace.reserve(attention.bytes()));
  transformer_.forward(batch_.tokens, batch_.positions, rows_, attention);
  transformer_.final_norm(rows_.final_input, n, {hidden_, rows_.normed.bf16}, rows_.final_statistics);
  if (outputs.hidden != nullptr) std::copy_n(hidden_, n * d_.hidden, outputs.hidden);
  for (int64_t i = 0; language && i < heads; ++i) {
    const int64_t row = targets_.rows[static_cast<size_t>(i)];
    if (dtype == PX_DTYPE_F32)
      std::copy_n(hidden_ + row * d_.hidden, d_.hidden, target_rows_.f32 + i * d_.hidden);
    else
      std::copy_n(rows_.normed.bf16 + row * d_.hidden, d_.hidden, target_rows_.bf16 + i * d_.hidden);
  }
}

kernels::HeadArgs Pass::head_args(bool gradients) {
  kernels::HeadArgs args;
  args.n = static_cast<int64_t>(targets_.rows.size());
  args.hidden = target_rows_.data();
  args.hidden_stride = d_.hidden;
  args.head = packed_.head().packed;
  args.head_transposed = packed_.head_transposed();
  args.target = targets_.tokens.data();
  args.temperature = temperature_;
  args.workspace = memory_.head.reserve(kernels::head_workspace(args.head, args.n, gradients));
  return args;
}

void Pass::language_forward(const ForwardOutputs& outputs) {
  if (outputs.logprob == nullptr && outputs.entropy == nullptr) return;
  std::vector<float> logprob(targets_.rows.size()), entropy(targets_.rows.size());
  kernels::head_logprob(cpu_, head_args(false), {logprob.data(), entropy.data(), nullptr});
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
  kernels::head_gradient(cpu_, head_args(true), {}, objective,
                         {.hidden = d_target_rows_,
                          .head = gradients.data() + model_.weights().offsets().lm_head,
                          .add_head = true});
  scatter_rows(d_target_rows_);
  backward(gradients);
}

// NUMERICS: a row times the head is added in double, from the first dimension to the last.
void Pass::scalar_forward(const ForwardOutputs& outputs) {
  const float* head = model_.head_range().data();
  std::vector<float> values(targets_.rows.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float* row = hidden_ + targets_.rows[i] * d_.hidden;
    double sum = 0.0;
    for (int64_t k = 0; k < d_.hidden; ++k) sum += double{row[k]} * double{head[k]};
    values[i] = static_cast<float>(sum);
  }
  const std::span<const float> all(values);
  scatter(all, targets_.entries, batch_.count(), outputs.value);
  scatter(all.subspan(targets_.entries.size()), targets_.sequences, batch_.sequences(), outputs.score);
}

void Pass::scalar_backward(const OutputGradients& upstream, GradientArena& gradients) {
  std::vector<float> slopes(targets_.rows.size());
  gather(upstream.value, targets_.entries, slopes.data());
  gather(upstream.score, targets_.sequences, slopes.data() + targets_.entries.size());
  const float* head = model_.head_range().data();
  float* d_head = gradients.data() + model_.weights().trunk_elements();
  gradients.partial = true;
  std::vector<double> sum(static_cast<size_t>(d_.hidden));
  for (size_t i = 0; i < slopes.size(); ++i) {
    const float* row = hidden_ + targets_.rows[i] * d_.hidden;
    float* d_row = d_target_rows_ + static_cast<int64_t>(i) * d_.hidden;
    for (int64_t k = 0; k < d_.hidden; ++k) {
      d_row[k] = slopes[i] * head[k];
      sum[static_cast<size_t>(k)] += double{slopes[i]} * double{row[k]};
    }
  }
  for (int64_t k = 0; k < d_.hidden; ++k) d_head[k] = static_cast<float>(d_head[k] + sum[static_cast<size_t>(k)]);
  scatter_rows(d_target_rows_);
  backward(gradients);
}

// d_hidden = the gradients of the target rows at their places; a row may be a token's and a score's.
void Pass::scatter_rows(float* d_rows) {
  std::fill_n(d_hidden_, batch_.count() * d_.hidden, 0.0f);
  for (size_t i = 0; i < targets_.rows.size(); ++i) {
    float* to = d_hidden_ + targets_.rows[i] * d_.hidden;
    for (int64_t k = 0; k < d_.hidden; ++k) to[k] += d_rows[static_cast<int64_t>(i) * d_.hidden + k];
  }
}

void Pass::backward(GradientArena& gradients) {
  const Backward backward(cpu_, model_.weights(), packed_, positions_, transformer_, keep_, gradients);
  std::byte* workspace = memory_.workspace.reserve(backward.bytes(batch_.count(), batch_.offsets));
  backward.run(batch_.tokens, batch_.positions, batch_.offsets, rows_, d_hidden_, workspace);
  gradients.partial = false;
}

}  // namespace px::core
