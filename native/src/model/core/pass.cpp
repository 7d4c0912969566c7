#include "model/core/pass.h"

#include <algorithm>

#include "base/error.h"
#include "model/core/attention_contexts.h"
#include "model/core/backward.h"

namespace px::core {
namespace {

// Gradients of log-probs and entropies that are known for all rows.
class GivenSlopes final : public kernels::HeadObjective {
 public:
  GivenSlopes(const OutputGradients& upstream, const std::vector<int64_t>& entries)
      : d_logprob_(entries.size()), d_entropy_(entries.size()) {
    gather(upstream.logprob, entries, d_logprob_.data());
    gather(upstream.entropy, entries, d_entropy_.data());
  }

  void operator()(int64_t first, int64_t count, const float*, const float*, float* d_logprob,
                  float* d_entropy) override {
    std::copy_n(d_logprob_.data() + first, count, d_logprob);
    std::copy_n(d_entropy_.data() + first, count, d_entropy);
  }

 private:
  std::vector<float> d_logprob_;
  std::vector<float> d_entropy_;
};

// All rows are one block: its outputs are everybody's, and the caller says the gradients while the logits are there.
class WholeObjective final : public kernels::HeadObjective {
 public:
  using Ask = std::function<GivenSlopes(std::span<const float> logprob, std::span<const float> entropy)>;
  explicit WholeObjective(Ask ask) : ask_(std::move(ask)) {}

  void operator()(int64_t first, int64_t count, const float* logprob, const float* entropy, float* d_logprob,
                  float* d_entropy) override {
    const auto n = static_cast<size_t>(count);
    GivenSlopes given = ask_({logprob, n}, {entropy, n});
    given(first, count, logprob, entropy, d_logprob, d_entropy);
  }

 private:
  Ask ask_;
};

bool any(const OutputGradients& g) {
  return g.logprob != nullptr || g.entropy != nullptr || g.value != nullptr || g.score != nullptr;
}

}  // namespace

Pass::Pass(const Cpu& cpu, const Model& model, const PackedModel& packed, const PositionTable& positions,
           PassMemory& memory, const Batch& batch, double temperature)
    : cpu_(cpu),
      model_(model),
      d_(model.descriptor()),
      packed_(packed),
      positions_(positions),
      memory_(memory),
      batch_(batch),
      temperature_(temperature),
      targets_(batch, model.head() == PX_HEAD_SCALAR),
      transformer_(cpu_, model.weights(), packed, positions) {}

void Pass::forward(const ForwardOutputs& outputs) {
  run_rows(false, outputs);
  model_.head() == PX_HEAD_LM ? language_forward(outputs) : scalar_forward(outputs);
}

void Pass::forward_backward(const ForwardOutputs& outputs, const std::function<OutputGradients()>& upstream,
                            GradientArena& gradients) {
  run_rows(true, outputs);
  if (model_.head() == PX_HEAD_LM) return language_backward(outputs, upstream, gradients);
  scalar_forward(outputs);
  const OutputGradients slopes = upstream();
  if (any(slopes) && !targets_.rows.empty()) scalar_backward(slopes, gradients);
}

// The trunk, the final norm, and the rows that the head takes.
void Pass::run_rows(bool for_backward, const ForwardOutputs& outputs) {
  const int64_t n = batch_.count();
  const auto heads = static_cast<int64_t>(targets_.rows.size());
  const bool language = model_.head() == PX_HEAD_LM;
  const px_dtype dtype = packed_.dtype();
  const auto plan = [&](Plan& p) {
    rows_ = plan_rows(p, d_, n, dtype, for_backward);
    hidden_ = p.take<float>(n * d_.hidden);
    target_rows_ = language ? take_values(p, heads * d_.hidden, dtype) : Values{};
    if (!for_backward) return;
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
  args.head = packed_.head().forward;
  args.head_transposed = packed_.head().backward;
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

void Pass::language_backward(const ForwardOutputs& outputs, const std::function<OutputGradients()>& upstream,
                             GradientArena& gradients) {
  const auto n = static_cast<int64_t>(targets_.rows.size());
  if (n == 0) {
    scatter({}, targets_.entries, batch_.count(), outputs.logprob);
    scatter({}, targets_.entries, batch_.count(), outputs.entropy);
    static_cast<void>(upstream());
    return;
  }
  const kernels::HeadGradients to{d_target_rows_, gradients.data() + model_.weights().offsets().lm_head, false, true};
  if (n <= kernels::head_block(packed_.head().forward)) {
    WholeObjective objective([&](std::span<const float> logprob, std::span<const float> entropy) {
      scatter(logprob, targets_.entries, batch_.count(), outputs.logprob);
      scatter(entropy, targets_.entries, batch_.count(), outputs.entropy);
      return GivenSlopes(upstream(), targets_.entries);
    });
    kernels::head_gradient(cpu_, head_args(true), {}, objective, to);
  } else {
    language_forward(outputs);
    GivenSlopes objective(upstream(), targets_.entries);
    kernels::head_gradient(cpu_, head_args(true), {}, objective, to);
  }
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
  const Backward backward(cpu_, model_.weights(), packed_, positions_, transformer_, gradients);
  std::byte* workspace = memory_.workspace.reserve(backward.bytes(batch_.count(), batch_.offsets));
  backward.run(batch_.tokens, batch_.positions, batch_.offsets, rows_, d_hidden_, workspace);
}

}  // namespace px::core
