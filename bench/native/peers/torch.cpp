// LibTorch's compositions of what the kernels compute: what one writes with its operators, gradients by its autograd
// where the kernel gives them.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/grad_mode.h>
#include <torch/optim/adamw.h>

#include <torch/nn/utils/clip_grad.h>  // NOLINT: takes names from the one before

#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "peer.h"

namespace px::bench {
namespace {

using at::Tensor;
using Tensors = std::vector<Tensor>;
using Numbers = std::vector<double>;

at::ScalarType type_of(Element element) {
  switch (element) {
    case Element::kF32: return at::kFloat;
    case Element::kBf16: return at::kBFloat16;
    case Element::kI32: return at::kInt;
    case Element::kI64: return at::kLong;
    default: return at::kByte;
  }
}

Tensors tensors_of(const std::vector<View>& views) {
  Tensors tensors;
  for (const View& view : views) tensors.push_back(at::from_blob(view.data, view.shape, type_of(view.element)));
  return tensors;
}

// A leaf of its own over a caller's array.
Tensor leaf(const Tensor& values) { return values.detach().requires_grad_(true); }

Run gemm(const Tensors& t, const Numbers&) {
  return [=] { at::linear(t[0], t[1]); };
}

// logprob, old, advantage, weight.
Run policy_loss(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor logprob = leaf(t[0]);
    const Tensor ratio = (logprob - t[1]).clamp(-20, 20).exp();
    const Tensor loss = at::max(-t[2] * ratio, -t[2] * ratio.clamp(0.8, 1.2));
    const Tensor dual = at::where(t[2] < 0, at::min(loss, -3 * t[2]), loss);
    (dual * t[3]).sum().div(static_cast<double>(t[0].numel())).backward();
  };
}

// value, old, returns, weight.
Run value_loss(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor value = leaf(t[0]);
    const Tensor clipped = at::max(at::min(value, t[1] + 0.2), t[1] - 0.2);
    const Tensor loss = at::max((value - t[2]).square(), (clipped - t[2]).square()) * 0.5;
    (loss * t[3]).sum().div(static_cast<double>(t[0].numel())).backward();
  };
}

// reward, value [S, T]: the loop over time.
Run gae(const Tensors& t, const Numbers& gamma_lambda) {
  return [=] {
    const double gamma = gamma_lambda[0], lambda = gamma_lambda[1];
    Tensors advantages;
    Tensor advantage = at::zeros({t[0].size(0)}), next = at::zeros({t[0].size(0)});
    for (int64_t step = t[0].size(1) - 1; step >= 0; --step) {
      const Tensor value = t[1].select(1, step);
      advantage = t[0].select(1, step) + gamma * next - value + gamma * lambda * advantage;
      next = value;
      advantages.push_back(advantage);
    }
    std::reverse(advantages.begin(), advantages.end());
    const Tensor all = at::stack(advantages, 1);
    const Tensor returns = all + t[1];
  };
}

// logprob, ref_logprob, estimate k3.
Run kl(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor logprob = leaf(t[0]);
    const Tensor d = (logprob - t[1]).clamp(-20, 20);
    const Tensor k3 = (at::expm1(-d) + d).clamp(-10, 10);
    k3.sum().backward();
  };
}

// hidden [n, H], head [V, H], the reference's of each, upstream [n]; whether gradients are wanted.
Run head_kl(const Tensors& t, const Numbers& n) {
  return [=] {
    const bool gradients = n[0] != 0;
    const Tensor hidden = gradients ? leaf(t[0]) : t[0], head = gradients ? leaf(t[1]) : t[1];
    const Tensor log_p = at::log_softmax(at::linear(hidden, head).to(at::kFloat), -1);
    const Tensor log_q = at::log_softmax(at::linear(t[2], t[3]).to(at::kFloat), -1);
    const Tensor kl = (log_p.exp() * (log_p - log_q)).sum(-1);
    if (gradients) (kl * t[4]).sum().backward();
  };
}

// logprob, ref_logprob, scores [S], offsets [S + 1].
Run reward_shape(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor k = (t[0] - t[1]).clamp(-20, 20).clamp(-10, 10);
    const Tensor reward = -0.1 * k;
    reward.index_add_(0, t[3].slice(0, 1) - 1, t[2].clamp(-10, 10));
  };
}

// x, mask.
Run whiten(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor mask = t[1].to(at::kFloat);
    const Tensor count = mask.sum();
    const Tensor mean = (t[0] * mask).sum() / count;
    const Tensor variance = ((t[0] - mean).square() * mask).sum() / (count - 1);
    const Tensor out = (t[0] - mean) * at::rsqrt(variance + 1e-8) * mask;
  };
}

// parameters, gradients, shadow, in `pieces` tensors.
Run adamw(const Tensors& t, const Numbers& numbers) {
  struct State {
    Tensors parameters, shadows;
    std::unique_ptr<torch::optim::AdamW> optimizer;
  };
  const auto state = std::make_shared<State>();
  const auto pieces = static_cast<int64_t>(numbers[0]);
  for (const Tensor& piece : t[0].chunk(pieces)) state->parameters.push_back(piece.detach().requires_grad_(true));
  const Tensors gradients = t[1].chunk(pieces);
  for (size_t i = 0; i < gradients.size(); ++i) state->parameters[i].mutable_grad() = gradients[i];
  state->shadows = t[2].chunk(pieces);
  state->optimizer = std::make_unique<torch::optim::AdamW>(
      state->parameters, torch::optim::AdamWOptions(1e-6).betas({0.9, 0.95}).eps(1e-5).weight_decay(0.01));
  return [=] {
    torch::nn::utils::clip_grad_norm_(state->parameters, 1.0);
    state->optimizer->step();
    const torch::NoGradGuard none;
    for (size_t i = 0; i < state->parameters.size(); ++i) state->shadows[i].copy_(state->parameters[i]);
  };
}

// Log-probs and entropies of logits, which are bf16 as the product gives them.
std::pair<Tensor, Tensor> logprob_and_entropy(const Tensor& hidden, const Tensor& head, const Tensor& target) {
  const Tensor logprobs = at::log_softmax(at::linear(hidden, head).to(at::kFloat), -1);
  return {logprobs.gather(1, target.unsqueeze(1)).squeeze(1), -(logprobs.exp() * logprobs).sum(-1)};
}

// hidden [N, H], head [V, H], target [N]: log-prob and entropy, both with an upstream gradient; chunks of rows.
Run token_logprob(const Tensors& t, const Numbers& numbers) {
  return [=] {
    const auto rows = static_cast<int64_t>(numbers[0]);
    const Tensor hidden = leaf(t[0]), head = leaf(t[1]);
    for (int64_t first = 0; first < t[0].size(0); first += rows) {
      const int64_t end = std::min(t[0].size(0), first + rows);
      const auto [logprob, entropy] = logprob_and_entropy(hidden.slice(0, first, end), head, t[2].slice(0, first, end));
      (logprob.sum() + 0.01 * entropy.sum()).backward();
    }
  };
}

// The same with the policy loss: + old_logprob [N], advantage [N].
Run fused_policy_loss(const Tensors& t, const Numbers& numbers) {
  return [=] {
    const auto rows = static_cast<int64_t>(numbers[0]);
    const Tensor hidden = leaf(t[0]), head = leaf(t[1]);
    for (int64_t first = 0; first < t[0].size(0); first += rows) {
      const int64_t end = std::min(t[0].size(0), first + rows);
      const auto [logprob, entropy] = logprob_and_entropy(hidden.slice(0, first, end), head, t[2].slice(0, first, end));
      const Tensor ratio = (logprob - t[3].slice(0, first, end)).clamp(-20, 20).exp();
      const Tensor advantage = t[4].slice(0, first, end);
      const Tensor loss = at::max(-advantage * ratio, -advantage * ratio.clamp(0.8, 1.2));
      (loss - 0.01 * entropy).sum().div(static_cast<double>(t[0].size(0))).backward();
    }
  };
}

// qkv [S, T, heads + 2 kv_heads, D], upstream [S, T, heads, D]; numbers: heads, kv_heads, backward?
Run attention(const Tensors& t, const Numbers& numbers) {
  const auto heads = static_cast<int64_t>(numbers[0]), kv_heads = static_cast<int64_t>(numbers[1]);
  const bool backward = numbers[2] != 0;
  const int64_t tokens = t[0].size(1);
  const Tensor later = at::ones({tokens, tokens}, at::kBool).triu(1);
  return [=] {
    const torch::autograd::AutoGradMode mode(backward);
    const Tensor qkv = backward ? leaf(t[0]) : t[0];
    const Tensor all = qkv.transpose(1, 2);
    const auto shared = [&](int64_t first) {
      return all.slice(1, first, first + kv_heads).repeat_interleave(heads / kv_heads, 1);
    };
    const Tensor scores = at::matmul(all.slice(1, 0, heads), shared(heads).transpose(2, 3)) /
                          std::sqrt(static_cast<double>(qkv.size(3)));
    const Tensor p = at::softmax(scores.masked_fill(later, -INFINITY), -1);
    const Tensor out = at::matmul(p, shared(heads + kv_heads)).transpose(1, 2);
    if (backward) out.backward(t[1]);
  };
}

// x [N, H], delta, weight.
Run rmsnorm(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor sum = t[0] + t[1];
    const Tensor out = (sum * at::rsqrt(sum.square().mean(-1, true) + 1e-5) * t[2]).to(at::kBFloat16);
  };
}

// x [N, H], delta, weight, bias.
Run layernorm(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor out = at::layer_norm(t[0] + t[1], {t[0].size(1)}, t[2], t[3], 1e-5).to(at::kBFloat16);
  };
}

Run swiglu(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensors halves = t[0].chunk(2, -1);
    const Tensor out = (at::silu(halves[0]) * halves[1]).to(at::kBFloat16);
  };
}

Run gelu(const Tensors& t, const Numbers&) {
  return [=] { const Tensor out = at::gelu(t[0], "tanh").to(at::kBFloat16); };
}

Run cast(const Tensors& t, const Numbers&) {
  return [=] { const Tensor out = t[0].to(at::kBFloat16); };
}

// token [N], table [V, H].
Run embedding(const Tensors& t, const Numbers&) {
  return [=] { const Tensor out = at::embedding(t[1], t[0]); };
}

// qk [N, heads, D], cos, sin [N, D / 2].
Run rope(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensors halves = t[0].chunk(2, -1);
    const Tensor cos = t[1].unsqueeze(1), sin = t[2].unsqueeze(1);
    const Tensor out = at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, -1);
  };
}

// chosen, rejected.
Run bradley_terry(const Tensors& t, const Numbers&) {
  return [=] {
    const Tensor chosen = leaf(t[0]), rejected = leaf(t[1]);
    (-at::log_sigmoid(chosen - rejected)).mean().backward();
  };
}

// logprob, ref_logprob [pairs, 2, T]; beta.
Run preference_loss(const Tensors& t, const Numbers& n) {
  return [=] {
    const Tensor logprob = leaf(t[0]);
    const Tensor ratios = (logprob - t[1]).sum(-1);
    (-at::log_sigmoid(n[0] * (ratios.select(1, 0) - ratios.select(1, 1)))).mean().backward();
  };
}

// score [groups, rows]; epsilon.
Run group_advantage(const Tensors& t, const Numbers& n) {
  return [=] { const Tensor out = (t[0] - t[0].mean(1, true)) / (t[0].std(1, true, true) + n[0]); };
}

// logits [V]; temperature 1, top-k 50, top-p 0.95.
Run sample(const Tensors& t, const Numbers&) {
  return [=] {
    const auto [largest, places] = at::topk(t[0], 50);
    const Tensor p = at::softmax(largest, -1);
    const Tensor kept = at::where(p.cumsum(-1) - p < 0.95, p, at::zeros_like(p));
    places.index({at::multinomial(kept, 1)}).item<int64_t>();
  };
}

using Make = Run (*)(const Tensors&, const Numbers&);

// Those that take gradients switch autograd on for themselves by their leaves.
const std::map<std::string, Make> kRuns{
    {"adamw", adamw},       {"attention", attention},     {"bradley_terry", bradley_terry},
    {"cast", cast},         {"embedding", embedding},     {"fused_policy_loss", fused_policy_loss},
    {"gae", gae},           {"gelu", gelu},               {"gemm", gemm},
    {"group_advantage", group_advantage},
    {"head_kl", head_kl},   {"kl", kl},                   {"layernorm", layernorm},     {"policy_loss", policy_loss},
    {"preference_loss", preference_loss},
    {"reward_shape", reward_shape}, {"rmsnorm", rmsnorm}, {"rope", rope},
    {"sample", sample},     {"swiglu", swiglu},           {"token_logprob", token_logprob},
    {"value_loss", value_loss},     {"whiten", whiten},
};

}  // namespace
}  // namespace px::bench

extern "C" __attribute__((visibility("default"))) void px_bench_peer(const char* kernel, const px::bench::PeerInput& input,
                                                                     px::bench::Run& run) {
  using namespace px::bench;
  const auto found = kRuns.find(kernel);
  if (found == kRuns.end()) return;
  at::set_num_threads(input.threads);
  run = found->second(tensors_of(input.views), input.numbers);
}
