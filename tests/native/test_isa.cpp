// Every level of every vector kernel: close to the references, and the same bits for any number of threads, whatever
// stands around an element.
#include <cstdlib>
#include <cstring>
#include <functional>

#include "kernel_test.h"

using namespace px::test;

namespace {

// What a kernel made of one input: its arrays and its sums.
struct Result {
  std::vector<std::vector<float>> arrays;
  std::vector<double> sums;
};

// Inputs of n tokens; masked ones hold what must not matter: NaN where n is odd, else a number.
struct Inputs {
  explicit Inputs(int64_t n) : count(n), a(random_floats(n, 1, -5, 0)), b(random_floats(n, 2, -5, 0)),
        c(random_floats(n, 3, -5, 0)), advantage(random_floats(n, 4, -2, 2)), weight(random_floats(n, 5, 0.25, 2)),
        mask(static_cast<size_t>(n), 1) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (i % 97 == 11) b[i] = a[i] + (i % 2 == 0 ? 25.f : -25.f);  // beyond every clamp
      if (i % 7 != 3 && i % 64 < 60) continue;
      weight[i] = 0;
      mask[i] = 0;
      a[i] = n % 2 == 1 ? kNan : 3.f;
      b[i] = c[i] = advantage[i] = n % 2 == 1 ? kNan : -7.f;
    }
  }

  // The tokens begin..end-1.
  Inputs part(int64_t begin, int64_t end) const {
    Inputs part = *this;
    part.count = end - begin;
    const auto cut = [&](auto& array) { array = {array.begin() + begin, array.begin() + end}; };
    for (auto* array : {&part.a, &part.b, &part.c, &part.advantage, &part.weight}) cut(*array);
    cut(part.mask);
    return part;
  }

  int64_t count;
  std::vector<float> a, b, c, advantage, weight;
  std::vector<uint8_t> mask;
};

// Sequences of all lengths from 0 up that fill n tokens.
std::vector<int64_t> offsets_over(int64_t n) {
  std::vector<int64_t> offsets{0};
  for (int64_t length = 0; offsets.back() < n; ++length) offsets.push_back(std::min(n, offsets.back() + length));
  return offsets;
}

std::vector<float> zeros(const Inputs& in) { return std::vector<float>(static_cast<size_t>(in.count), kNan); }

Result run_policy_loss(px_engine* engine, const Inputs& in, double kl_coefficient) {
  Result result{{zeros(in), zeros(in)}, {}};
  auto args = make_args<px_policy_loss_args>();
  args.count = in.count;
  args.logprob = in.a.data();
  args.old_logprob = in.b.data();
  args.ref_logprob = in.c.data();
  args.advantage = in.advantage.data();
  args.weight = in.weight.data();
  args.normalizer = 3;
  args.clip_low = 0.15;
  args.clip_high = 0.28;
  args.kl_coefficient = kl_coefficient;
  args.loss = result.arrays[0].data();
  args.gradient = result.arrays[1].data();
  px_policy_metrics m{};
  EXPECT_EQ(px_policy_loss_f32(engine, &args, &m), PX_OK) << last_error();
  result.sums = {m.loss, m.kl_loss, static_cast<double>(m.tokens), static_cast<double>(m.clipped),
                 static_cast<double>(m.clipped_low), static_cast<double>(m.clipped_high),
                 static_cast<double>(m.dual_clipped), m.approx_kl, m.approx_kl_k1, m.approx_kl_k3, m.ratio,
                 m.ratio_squared, m.ratio_min, m.ratio_max};
  return result;
}

Result run_value_loss(px_engine* engine, const Inputs& in) {
  Result result{{zeros(in), zeros(in)}, {}};
  auto args = make_args<px_value_loss_args>();
  args.count = in.count;
  args.value = in.a.data();
  args.old_value = in.b.data();
  args.returns = in.c.data();
  args.weight = in.weight.data();
  args.normalizer = 3;
  args.loss = result.arrays[0].data();
  args.gradient = result.arrays[1].data();
  px_value_metrics m{};
  EXPECT_EQ(px_value_loss_f32(engine, &args, &m), PX_OK) << last_error();
  result.sums = {m.loss, static_cast<double>(m.tokens), static_cast<double>(m.clipped), m.value, m.returns,
                 m.returns_squared, m.error, m.error_squared};
  return result;
}

// What is masked elsewhere are pairs without a difference here: large scores, of which one cancels the other.
Result run_bradley_terry(px_engine* engine, const Inputs& in) {
  Result result{{zeros(in), zeros(in), zeros(in)}, {}};
  std::vector<float> chosen = in.a, rejected = in.b, margin = in.c;
  for (size_t i = 0; i < chosen.size(); ++i)
    if (in.mask[i] == 0) chosen[i] = rejected[i] = margin[i] = static_cast<float>(i % 3) * 300;
  auto args = make_args<px_bradley_terry_args>();
  args.count = in.count;
  args.chosen = chosen.data();
  args.rejected = rejected.data();
  args.margin = margin.data();
  args.center_coefficient = 0.01;
  args.normalizer = 3;
  args.loss = result.arrays[0].data();
  args.gradient_chosen = result.arrays[1].data();
  args.gradient_rejected = result.arrays[2].data();
  px_bradley_terry_metrics m{};
  EXPECT_EQ(px_bradley_terry_f32(engine, &args, &m), PX_OK) << last_error();
  result.sums = {m.loss, static_cast<double>(m.pairs), static_cast<double>(m.correct), m.margin, m.score};
  return result;
}

// The answers are the sequences, of which only some are preferred; log-ratios of one token reach from -25 to 25.
Result run_preference_loss(px_engine* engine, const Inputs& in, int32_t form) {
  std::vector<int64_t> offsets = offsets_over(in.count);
  if (offsets.size() % 2 == 0) offsets.push_back(in.count);
  const auto sequences = static_cast<int64_t>(offsets.size()) - 1;
  std::vector<uint8_t> desirable(offsets.size());
  for (size_t s = 0; s < desirable.size(); ++s) desirable[s] = s % 3 == 1;
  Result result{{zeros(in), std::vector<float>(static_cast<size_t>(sequences)),
                 std::vector<float>(static_cast<size_t>(sequences))}, {}};
  auto args = make_args<px_preference_loss_args>();
  args.sequences = sequences;
  args.offsets = offsets.data();
  args.logprob = in.a.data();
  args.ref_logprob = in.b.data();
  args.weight = in.weight.data();
  args.desirable = desirable.data();
  args.form = form;
  args.normalizer = 3;
  args.gradient = result.arrays[0].data();
  args.loss = result.arrays[1].data();
  args.reward = result.arrays[2].data();
  px_preference_metrics m{};
  EXPECT_EQ(px_preference_loss_f32(engine, &args, &m), PX_OK) << last_error();
  result.sums = {m.loss, static_cast<double>(m.losses), static_cast<double>(m.correct), static_cast<double>(m.chosen),
                 static_cast<double>(m.rejected), m.reward_chosen, m.reward_rejected, m.logprob_chosen,
                 m.logprob_rejected};
  return result;
}

// Groups of 2 to 19 rows; what is left over at the end joins the last one.
Result run_group_advantage(px_engine* engine, const Inputs& in, int32_t baseline, int32_t scale, bool weighted) {
  std::vector<int64_t> offsets{0};
  for (int64_t size = 2; offsets.back() + size + 2 <= in.count; size = 2 + (size + 5) % 18)
    offsets.push_back(offsets.back() + size);
  if (in.count != 1 && offsets.back() < in.count) offsets.push_back(in.count);
  Result result{{zeros(in)}, {}};
  std::vector<float> weight = in.weight;
  for (float& w : weight) w += 0.25f;
  auto args = make_args<px_group_advantage_args>();
  args.groups = static_cast<int64_t>(offsets.size()) - 1;
  args.offsets = offsets.data();
  args.score = in.advantage.data();
  args.mask = in.mask.data();
  args.weight = weighted ? weight.data() : nullptr;
  args.baseline = baseline;
  args.scale = scale;
  args.deviation = scale == PX_GROUP_GIVEN_DEVIATION ? 0.5 : 0;
  args.advantage = result.arrays[0].data();
  px_group_metrics m{};
  EXPECT_EQ(px_group_advantage_f32(engine, &args, &m), PX_OK) << last_error();
  result.sums = {static_cast<double>(m.rows), static_cast<double>(m.groups), static_cast<double>(m.flat),
                 static_cast<double>(m.lone), m.score, m.deviation};
  return result;
}

Result run_gae(px_engine* engine, const Inputs& in, const std::vector<int64_t>& offsets, uint32_t flags) {
  Result result{{zeros(in), zeros(in)}, {}};
  auto args = make_args<px_gae_args>();
  args.flags = flags;
  args.sequences = static_cast<int64_t>(offsets.size()) - 1;
  args.offsets = offsets.data();
  args.reward = in.a.data();
  args.value = in.b.data();
  args.mask = in.mask.data();
  args.gamma = 0.99;
  args.lambda = 0.95;
  args.advantage = result.arrays[0].data();
  args.returns = result.arrays[1].data();
  EXPECT_EQ(px_gae_f32(engine, &args), PX_OK) << last_error();
  return result;
}

Result run_gae(px_engine* engine, const Inputs& in, uint32_t flags) {
  return run_gae(engine, in, offsets_over(in.count), flags);
}

Result run_reward_shape(px_engine* engine, const Inputs& in, int32_t estimator, const std::vector<int64_t>& offsets,
                        const std::vector<float>& score) {
  Result result{{zeros(in), zeros(in)}, {}};
  auto args = make_args<px_reward_args>();
  args.sequences = static_cast<int64_t>(offsets.size()) - 1;
  args.offsets = offsets.data();
  args.mask = in.mask.data();
  args.logprob = in.a.data();
  args.ref_logprob = in.b.data();
  args.token_reward = in.c.data();
  args.score = score.data();
  args.kl_estimator = estimator;
  args.beta = 0.1;
  args.kl = result.arrays[0].data();
  args.reward = result.arrays[1].data();
  EXPECT_EQ(px_reward_shape_f32(engine, &args), PX_OK) << last_error();
  return result;
}

Result run_reward_shape(px_engine* engine, const Inputs& in, int32_t estimator) {
  const std::vector<int64_t> offsets = offsets_over(in.count);
  const auto sequences = static_cast<int64_t>(offsets.size()) - 1;
  return run_reward_shape(engine, in, estimator, offsets, random_floats(sequences, 6, -20, 20));
}

Result run_kl(px_engine* engine, const Inputs& in, int32_t estimator) {
  Result result{{zeros(in), zeros(in)}, {}};
  auto args = make_args<px_kl_args>();
  args.count = in.count;
  args.logprob = in.a.data();
  args.ref_logprob = in.b.data();
  args.estimator = estimator;
  args.value = result.arrays[0].data();
  args.gradient = result.arrays[1].data();
  EXPECT_EQ(px_kl_f32(engine, &args), PX_OK) << last_error();
  return result;
}

Result run_whiten(px_engine* engine, const Inputs& in) {
  Result result{{zeros(in)}, {}};
  px_moments moments{};
  EXPECT_EQ(px_whiten_moments_f32(engine, in.advantage.data(), in.mask.data(), in.count, &moments), PX_OK);
  EXPECT_EQ(px_whiten_apply_f32(engine, in.advantage.data(), in.mask.data(), in.count, &moments, 0,
                                result.arrays[0].data()), PX_OK);
  result.sums = {moments.count, moments.mean, moments.m2};
  return result;
}

Result apply_whitening(px_engine* engine, const Inputs& in, const px_moments& moments) {
  Result result{{zeros(in)}, {}};
  EXPECT_EQ(px_whiten_apply_f32(engine, in.advantage.data(), in.mask.data(), in.count, &moments, 0,
                                result.arrays[0].data()), PX_OK);
  return result;
}

Result run_adamw(px_engine* engine, const Inputs& in) {
  Result result{{random_floats(in.count, 7, -1, 1), random_floats(in.count, 8, -1, 1), random_floats(in.count, 9, 0, 1)},
                {}};
  const std::vector<float> gradient = random_floats(in.count, 10, -1, 1);
  std::vector<uint16_t> shadow(static_cast<size_t>(in.count));
  auto args = make_args<px_adamw_args>();
  args.count = in.count;
  args.parameter = result.arrays[0].data();
  args.gradient = gradient.data();
  args.exp_avg = result.arrays[1].data();
  args.exp_avg_sq = result.arrays[2].data();
  args.shadow = shadow.data();
  args.step = 3;
  args.learning_rate = 0.01;
  args.weight_decay = 0.1;
  args.gradient_scale = 0.5;
  EXPECT_EQ(px_adamw_f32(engine, &args), PX_OK) << last_error();
  double norm = 0;
  EXPECT_EQ(px_squared_norm_f32(engine, gradient.data(), in.count, &norm), PX_OK);
  result.sums = {norm};
  result.arrays.emplace_back(shadow.begin(), shadow.end());
  return result;
}

// Draws of a row of logits, some of them impossible, and their log-probs.
Result run_sample(px_engine* engine, const Inputs& in, double temperature) {
  struct Filters {
    int64_t top_k;
    double top_p, min_p;
  };
  std::vector<float> logits = random_floats(std::min<int64_t>(in.count, 4100) + 1, 11, -8, 8);
  for (size_t i = 1; i < logits.size(); i += 5) logits[i] = -kInf;
  Result result{{{}}, {}};
  auto args = make_args<px_sample_args>();
  args.vocabulary = static_cast<int64_t>(logits.size());
  args.logits = logits.data();
  args.temperature = temperature;
  for (const Filters& f : {Filters{0, 0, 0}, {7, 0, 0}, {100, 0, 0}, {0, 0.7, 0}, {20, 0.7, 0}, {0, 0, 0.1}, {0, 0.9, 0.1}}) {
    args.top_k = f.top_k, args.top_p = f.top_p, args.min_p = f.min_p;
    for (args.index = 0; args.index < 20; ++args.index) {
      int32_t token = -1;
      EXPECT_EQ(px_sample_f32(engine, &args, &token, &result.arrays[0].emplace_back()), PX_OK) << last_error();
      result.sums.push_back(token);
    }
  }
  return result;
}

// Rows of layers that n elements fill, and their length.
struct Shape {
  explicit Shape(int64_t n) : columns(n < 63 ? 6 : 66), rows(n / columns), elements(rows * columns) {}
  int64_t columns, rows, elements;
};

Result run_rmsnorm(px_engine* engine, const Inputs& in) {
  const Shape s(in.count);
  const std::vector<float> x = random_floats(s.elements, 20, -2, 2), delta = random_floats(s.elements, 21, -2, 2);
  const std::vector<float> weight = random_floats(s.columns, 22, -2, 2), d_out = random_floats(s.elements, 23, -1, 1);
  Result result{{std::vector<float>(x.size()), std::vector<float>(x.size()), std::vector<float>(x.size()),
                 std::vector<float>(weight.size()), std::vector<float>(static_cast<size_t>(s.rows))}, {}};
  auto args = make_args<px_rmsnorm_args>();
  args.rows = s.rows;
  args.hidden = s.columns;
  args.x = x.data();
  args.delta = delta.data();
  args.weight = weight.data();
  args.sum = result.arrays[0].data();
  args.out = result.arrays[1].data();
  args.rstd = result.arrays[4].data();
  EXPECT_EQ(px_rmsnorm_f32(engine, &args), PX_OK) << last_error();
  std::vector<float> workspace(px_rmsnorm_backward_workspace(s.rows, s.columns) / sizeof(float));
  auto back = make_args<px_rmsnorm_backward_args>();
  back.rows = s.rows;
  back.hidden = s.columns;
  back.x = args.sum;
  back.weight = weight.data();
  back.rstd = args.rstd;
  back.d_out = d_out.data();
  back.d_x = result.arrays[2].data();
  back.d_weight = result.arrays[3].data();
  back.workspace = workspace.data();
  back.workspace_bytes = workspace.size() * sizeof(float);
  EXPECT_EQ(px_rmsnorm_backward_f32(engine, &back), PX_OK) << last_error();
  return result;
}

Result run_layernorm(px_engine* engine, const Inputs& in) {
  const Shape s(in.count);
  const std::vector<float> x = random_floats(s.elements, 20, -2, 2), d_out = random_floats(s.elements, 23, -1, 1);
  const std::vector<float> weight = random_floats(s.columns, 22, -2, 2), bias = random_floats(s.columns, 24, -2, 2);
  Result result{{std::vector<float>(x.size()), std::vector<float>(x.size()), std::vector<float>(weight.size()),
                 std::vector<float>(weight.size()), std::vector<float>(static_cast<size_t>(s.rows)),
                 std::vector<float>(static_cast<size_t>(s.rows))}, {}};
  auto args = make_args<px_layernorm_args>();
  args.rows = s.rows;
  args.hidden = s.columns;
  args.x = x.data();
  args.weight = weight.data();
  args.bias = bias.data();
  args.out = result.arrays[0].data();
  args.mean = result.arrays[4].data();
  args.rstd = result.arrays[5].data();
  EXPECT_EQ(px_layernorm_f32(engine, &args), PX_OK) << last_error();
  std::vector<float> workspace(px_layernorm_backward_workspace(s.rows, s.columns) / sizeof(float));
  auto back = make_args<px_layernorm_backward_args>();
  back.rows = s.rows;
  back.hidden = s.columns;
  back.x = x.data();
  back.weight = weight.data();
  back.mean = args.mean;
  back.rstd = args.rstd;
  back.d_out = d_out.data();
  back.d_x = result.arrays[1].data();
  back.d_weight = result.arrays[2].data();
  back.d_bias = result.arrays[3].data();
  back.workspace = workspace.data();
  back.workspace_bytes = workspace.size() * sizeof(float);
  EXPECT_EQ(px_layernorm_backward_f32(engine, &back), PX_OK) << last_error();
  return result;
}

// Rows of one head each of queries, keys and values.
Result run_rope(px_engine* engine, const Inputs& in, bool normed) {
  const Shape s(in.count);
  const int64_t size = s.columns / 3;
  const std::vector<float> x = random_floats(s.elements, 20, -2, 2), d_out = random_floats(s.elements, 23, -1, 1);
  const std::vector<float> cos = random_floats(5 * size / 2, 24, -1, 1), sin = random_floats(5 * size / 2, 25, -1, 1);
  const std::vector<float> query = random_floats(size, 26, -2, 2), key = random_floats(size, 27, -2, 2);
  std::vector<int32_t> position;
  for (int64_t n = 0; n < s.rows; ++n) position.push_back(static_cast<int32_t>(n % 5));
  Result result{{std::vector<float>(x.size()), std::vector<float>(x.size()), std::vector<float>(query.size()),
                 std::vector<float>(query.size()), std::vector<float>(static_cast<size_t>(2 * s.rows))}, {}};
  auto args = make_args<px_rope_args>();
  args.rows = s.rows;
  args.heads = args.kv_heads = 1;
  args.head_size = size;
  args.positions = 5;
  args.x = x.data();
  args.position = position.data();
  args.cos = cos.data();
  args.sin = sin.data();
  args.out = result.arrays[0].data();
  if (normed) args.query_norm = query.data(), args.key_norm = key.data(), args.rstd = result.arrays[4].data();
  EXPECT_EQ(px_rope_f32(engine, &args), PX_OK) << last_error();
  std::vector<float> workspace(px_rope_backward_workspace(s.rows, 1, 1, size) / sizeof(float));
  auto back = make_args<px_rope_backward_args>();
  back.rows = s.rows;
  back.heads = back.kv_heads = 1;
  back.head_size = size;
  back.positions = 5;
  back.d_out = d_out.data();
  back.position = position.data();
  back.cos = cos.data();
  back.sin = sin.data();
  back.query_norm = args.query_norm;
  back.key_norm = args.key_norm;
  back.x = x.data();
  back.rstd = args.rstd;
  back.d_x = result.arrays[1].data();
  if (normed) back.d_query_norm = result.arrays[2].data(), back.d_key_norm = result.arrays[3].data();
  back.workspace = workspace.data();
  back.workspace_bytes = workspace.size() * sizeof(float);
  EXPECT_EQ(px_rope_backward_f32(engine, &back), PX_OK) << last_error();
  return result;
}

Result run_swiglu(px_engine* engine, const Inputs& in) {
  const Shape s(in.count);
  const std::vector<float> x = random_floats(s.elements, 20, -9, 9), d_out = random_floats(s.elements / 2, 23, -1, 1);
  Result result{{std::vector<float>(d_out.size()), std::vector<float>(x.size())}, {}};
  auto args = make_args<px_swiglu_args>();
  args.rows = s.rows;
  args.features = s.columns / 2;
  args.gate_up = x.data();
  args.out = result.arrays[0].data();
  EXPECT_EQ(px_swiglu_f32(engine, &args), PX_OK) << last_error();
  auto back = make_args<px_swiglu_backward_args>();
  back.rows = s.rows;
  back.features = s.columns / 2;
  back.gate_up = x.data();
  back.d_out = d_out.data();
  back.d_gate_up = result.arrays[1].data();
  EXPECT_EQ(px_swiglu_backward_f32(engine, &back), PX_OK) << last_error();
  return result;
}

Result run_gelu(px_engine* engine, const Inputs& in, uint32_t flags) {
  const std::vector<float> x = random_floats(in.count, 20, -9, 9), d_out = random_floats(in.count, 23, -1, 1);
  Result result{{zeros(in), zeros(in)}, {}};
  auto args = make_args<px_gelu_args>();
  args.flags = flags;
  args.count = in.count;
  args.x = x.data();
  args.out = result.arrays[0].data();
  EXPECT_EQ(px_gelu_f32(engine, &args), PX_OK) << last_error();
  auto back = make_args<px_gelu_backward_args>();
  back.flags = flags;
  back.count = in.count;
  back.x = x.data();
  back.d_out = d_out.data();
  back.d_x = result.arrays[1].data();
  EXPECT_EQ(px_gelu_backward_f32(engine, &back), PX_OK) << last_error();
  return result;
}

Result run_embedding(px_engine* engine, const Inputs& in) {
  const Shape s(in.count);
  const std::vector<float> table = random_floats(9 * s.columns, 20, -9, 9), d_out = random_floats(s.elements, 23, -1, 1);
  std::vector<int32_t> token;
  for (int64_t n = 0; n < s.rows; ++n) token.push_back(static_cast<int32_t>(n * 5 % 9));
  Result result{{std::vector<float>(d_out.size()), std::vector<float>(table.size())}, {}};
  auto args = make_args<px_embedding_args>();
  args.rows = s.rows;
  args.hidden = s.columns;
  args.vocabulary = args.positions = 9;
  args.token = args.position = token.data();
  args.table = args.position_table = table.data();
  args.out = result.arrays[0].data();
  EXPECT_EQ(px_embedding_f32(engine, &args), PX_OK) << last_error();
  auto back = make_args<px_embedding_backward_args>();
  back.rows = s.rows;
  back.hidden = s.columns;
  back.vocabulary = 9;
  back.token = token.data();
  back.d_out = d_out.data();
  back.d_table = result.arrays[1].data();
  EXPECT_EQ(px_embedding_backward_f32(engine, &back), PX_OK) << last_error();
  return result;
}

// The tolerance is that of rounding one double twice, unless a kernel computes in float.
struct Kernel {
  const char* name;
  std::function<Result(px_engine*, const Inputs&)> run;
  double relative = 1.2e-7;
  double absolute = 1e-12;
};

// Sums of thousands of floats, whose terms are much larger than they.
constexpr double kOfFloats = 2e-5;

const std::vector<Kernel> kKernels{
    {"policy_loss", [](px_engine* e, const Inputs& in) { return run_policy_loss(e, in, 0); }},
    {"policy_loss with k3", [](px_engine* e, const Inputs& in) { return run_policy_loss(e, in, 0.3); }},
    {"value_loss", run_value_loss},
    {"bradley_terry", run_bradley_terry},
    {"preference_loss", [](px_engine* e, const Inputs& in) { return run_preference_loss(e, in, PX_PREFERENCE_SIGMOID); }},
    {"preference_loss IPO", [](px_engine* e, const Inputs& in) { return run_preference_loss(e, in, PX_PREFERENCE_IPO); }},
    {"preference_loss KTO", [](px_engine* e, const Inputs& in) { return run_preference_loss(e, in, PX_PREFERENCE_KTO); }},
    {"group_advantage GRPO",
     [](px_engine* e, const Inputs& in) { return run_group_advantage(e, in, PX_GROUP_MEAN, PX_GROUP_DEVIATION, false); }},
    {"group_advantage RLOO",
     [](px_engine* e, const Inputs& in) { return run_group_advantage(e, in, PX_GROUP_LEAVE_ONE_OUT, PX_GROUP_UNSCALED, false); }},
    {"group_advantage weighted",
     [](px_engine* e, const Inputs& in) { return run_group_advantage(e, in, PX_GROUP_MEAN, PX_GROUP_GIVEN_DEVIATION, true); }},
    {"gae", [](px_engine* e, const Inputs& in) { return run_gae(e, in, 0); }},
    {"gae, one step", [](px_engine* e, const Inputs& in) { return run_gae(e, in, PX_GAE_ONE_STEP_RETURNS); }},
    {"reward_shape k1", [](px_engine* e, const Inputs& in) { return run_reward_shape(e, in, PX_KL_K1); }},
    {"reward_shape k2", [](px_engine* e, const Inputs& in) { return run_reward_shape(e, in, PX_KL_K2); }},
    {"reward_shape k3", [](px_engine* e, const Inputs& in) { return run_reward_shape(e, in, PX_KL_K3); }},
    {"kl k1", [](px_engine* e, const Inputs& in) { return run_kl(e, in, PX_KL_K1); }},
    {"kl k2", [](px_engine* e, const Inputs& in) { return run_kl(e, in, PX_KL_K2); }},
    {"kl k3", [](px_engine* e, const Inputs& in) { return run_kl(e, in, PX_KL_K3); }},
    {"whiten", run_whiten},
    {"adamw", run_adamw},
    {"rmsnorm", run_rmsnorm, kOfFloats, kOfFloats},
    {"layernorm", run_layernorm, kOfFloats, kOfFloats},
    {"rope", [](px_engine* e, const Inputs& in) { return run_rope(e, in, false); }, 5e-7, 5e-7},
    {"rope with norms", [](px_engine* e, const Inputs& in) { return run_rope(e, in, true); }, kOfFloats, kOfFloats},
    {"swiglu", run_swiglu, 1e-6, 1e-6},
    {"gelu", [](px_engine* e, const Inputs& in) { return run_gelu(e, in, 0); }, 1e-6, 1e-6},
    {"gelu, exact", [](px_engine* e, const Inputs& in) { return run_gelu(e, in, PX_GELU_ERF); }, 1e-6, 1e-6},
    {"embedding", run_embedding, 0, 0},
    {"sample", [](px_engine* e, const Inputs& in) { return run_sample(e, in, 1); }, 0, 1e-6},
    {"sample, warm", [](px_engine* e, const Inputs& in) { return run_sample(e, in, 1.7); }, 0, 1e-6},
};

// Around vectors, pieces and blocks.
const std::vector<int64_t> kManySizes{0, 1, 3, 8, 17, 63, 4097, 8192, 8193, 100003};

// The same bits; of NaN there is one.
bool same(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b)); }

class Levels : public testing::TestWithParam<px::Isa> {};

TEST_P(Levels, AgreesWithTheReference) {
  const EngineHandle reference = make_engine(px::Isa::kScalar, 1);
  const EngineHandle engine = make_engine(GetParam(), 2);
  for (const int64_t n : kManySizes) {
    const Inputs in(n);
    for (const Kernel& kernel : kKernels) {
      const Result expected = kernel.run(reference.get(), in);
      const Result got = kernel.run(engine.get(), in);
      for (size_t k = 0; k < got.arrays.size(); ++k)
        for (size_t i = 0; i < got.arrays[k].size(); ++i) {
          if (same(got.arrays[k][i], expected.arrays[k][i])) continue;
          // One unit in the last place of a float, unless told: both round the same double but for its last bits.
          ASSERT_LE(std::abs(got.arrays[k][i] - expected.arrays[k][i]),
                    kernel.relative * std::abs(expected.arrays[k][i]) + kernel.absolute)
              << kernel.name << " array " << k << " [" << i << "] of " << n;
        }
      for (size_t k = 0; k < got.sums.size(); ++k)
        if (got.sums[k] != expected.sums[k]) expect_close(got.sums[k], expected.sums[k], 1e-11, kernel.name);
    }
  }
}

TEST_P(Levels, ComputesTheSameBitsOnAnyNumberOfThreads) {
  for (const int64_t n : kManySizes) {
    const Inputs in(n);
    for (const Kernel& kernel : kKernels) {
      const EngineHandle one = make_engine(GetParam(), 1);
      const Result expected = kernel.run(one.get(), in);
      for (const int32_t threads : {2, 3, 8}) {
        const EngineHandle engine = make_engine(GetParam(), threads);
        const Result got = kernel.run(engine.get(), in);
        EXPECT_EQ(got.sums, expected.sums) << kernel.name;
        for (size_t k = 0; k < got.arrays.size(); ++k)
          for (size_t i = 0; i < got.arrays[k].size(); ++i)
            ASSERT_TRUE(same(got.arrays[k][i], expected.arrays[k][i]))
                << kernel.name << " array " << k << " [" << i << "] of " << n;
      }
    }
  }
}

// An element's loss and gradient are its own: alone, in another place, among others.
TEST_P(Levels, AnElementsBitsDoNotDependOnItsPlace) {
  const EngineHandle engine = make_engine(GetParam(), 2);
  constexpr int64_t kCount = 9001;
  const Inputs in(kCount);
  Inputs reversed = in;
  for (auto* array : {&reversed.a, &reversed.b, &reversed.c, &reversed.advantage, &reversed.weight})
    std::ranges::reverse(*array);
  const Result forwards = run_policy_loss(engine.get(), in, 0.3);
  const Result backwards = run_policy_loss(engine.get(), reversed, 0.3);
  for (size_t k = 0; k < 2; ++k)
    for (size_t i = 0; i < kCount; ++i)
      ASSERT_TRUE(same(forwards.arrays[k][i], backwards.arrays[k][kCount - 1 - i])) << i;
}

// A sequence's advantages are its own: behind other sequences, before others, with a gap of masked tokens in it or not.
TEST_P(Levels, ASequencesAdvantagesDoNotDependOnTheOthers) {
  const EngineHandle engine = make_engine(GetParam(), 2);
  for (const int64_t length : {1, 7, 8, 9, 64, 333}) {
    const std::vector<float> reward = random_floats(length, 1, -1, 1), value = random_floats(length, 2, -1, 1);
    const auto advantages = [&](int64_t before, int64_t after) {
      std::vector<float> rewards(static_cast<size_t>(before), 3.f), values(static_cast<size_t>(before), -2.f);
      rewards.insert(rewards.end(), reward.begin(), reward.end());
      values.insert(values.end(), value.begin(), value.end());
      rewards.resize(rewards.size() + static_cast<size_t>(after), 5.f);
      values.resize(rewards.size(), 7.f);
      const std::vector<int64_t> offsets{0, before, before + length, before + length + after};
      std::vector<float> out(rewards.size());
      auto args = make_args<px_gae_args>();
      args.sequences = 3;
      args.offsets = offsets.data();
      args.reward = rewards.data();
      args.value = values.data();
      args.gamma = 0.99;
      args.lambda = 0.95;
      args.advantage = out.data();
      EXPECT_EQ(px_gae_f32(engine.get(), &args), PX_OK) << last_error();
      return std::vector<float>(out.begin() + before, out.begin() + before + length);
    };
    const std::vector<float> alone = advantages(0, 0);
    for (const int64_t before : {0, 1, 5, 10000})
      for (const int64_t after : {0, 3, 10000}) EXPECT_EQ(advantages(before, after), alone) << length;
  }
}

// Arrays beyond the caches are written past them, by way of buffers: with the bits of arrays that are not.
TEST_P(Levels, WritesLongArraysLikeTheirParts) {
  const EngineHandle engine = make_engine(GetParam(), 2);
  constexpr int64_t kLength = 333;
  constexpr int64_t kCount = 13000 * kLength + 21;  // above 2^22
  constexpr int64_t kCut = 7001 * kLength;
  const auto offsets_of = [](int64_t n) {
    std::vector<int64_t> offsets{0};
    while (offsets.back() < n) offsets.push_back(std::min(n, offsets.back() + kLength));
    return offsets;
  };
  const std::vector<Kernel> kernels{
      {"policy_loss", [](px_engine* e, const Inputs& in) { return run_policy_loss(e, in, 0.3); }},
      {"value_loss", run_value_loss},
      {"gae", [&](px_engine* e, const Inputs& in) { return run_gae(e, in, offsets_of(in.count), 0); }},
      {"reward_shape", [](px_engine* e, const Inputs& in) { return run_reward_shape(e, in, PX_KL_K3, {0, in.count}, {0.f}); }},
      {"kl", [](px_engine* e, const Inputs& in) { return run_kl(e, in, PX_KL_K3); }},
      {"whiten", [](px_engine* e, const Inputs& in) { return apply_whitening(e, in, {3, 0.5, 2}); }}};
  const Inputs whole(kCount);
  for (const Kernel& kernel : kernels) {
    const Result start = kernel.run(engine.get(), whole.part(0, kCut));
    const Result rest = kernel.run(engine.get(), whole.part(kCut, kCount));
    const Result got = kernel.run(engine.get(), whole);
    for (size_t k = 0; k < got.arrays.size(); ++k)
      for (size_t i = 0; i < static_cast<size_t>(kCount); ++i) {
        const bool first = i < static_cast<size_t>(kCut);
        const float part = first ? start.arrays[k][i] : rest.arrays[k][i - static_cast<size_t>(kCut)];
        ASSERT_TRUE(same(got.arrays[k][i], part)) << kernel.name << " array " << k << " [" << i << "]";
      }
  }
}

// The token of a score may stand pieces and blocks before the end of its sequence, or nowhere.
TEST_P(Levels, FindsTheTokenOfAScoreFarBeforeTheEnd) {
  const EngineHandle reference = make_engine(px::Isa::kScalar, 1);
  const EngineHandle engine = make_engine(GetParam(), 2);
  std::vector<int64_t> offsets{0};
  for (const int64_t length : {3, 700, 0, 1300, 9000, 511, 1, 8192, 20000, 513, 600, 30000}) offsets.push_back(offsets.back() + length);
  Inputs in(offsets.back());
  std::ranges::fill(in.a, -1.f);
  for (size_t s = 0; s + 1 < offsets.size(); ++s)
    for (int64_t i = offsets[s]; i < offsets[s + 1]; ++i)
      in.mask[static_cast<size_t>(i)] = i - offsets[s] < static_cast<int64_t>(s) * 37 % 300;
  std::vector<float> score(offsets.size() - 1);
  for (size_t s = 0; s < score.size(); ++s) score[s] = static_cast<float>(s) - 4.5f;
  for (std::vector<float>* array : {&in.b, &in.c})
    for (size_t i = 0; i < array->size(); ++i) (*array)[i] = -0.5f - 0.001f * static_cast<float>(i % 100);
  const Result expected = run_reward_shape(reference.get(), in, PX_KL_K3, offsets, score);
  const Result got = run_reward_shape(engine.get(), in, PX_KL_K3, offsets, score);
  for (size_t k = 0; k < 2; ++k)
    for (size_t i = 0; i < in.a.size(); ++i)
      ASSERT_LE(std::abs(got.arrays[k][i] - expected.arrays[k][i]), 1.2e-7 * std::abs(expected.arrays[k][i]) + 1e-12)
          << "array " << k << " [" << i << "]";
}

TEST_P(Levels, NamesTheFirstBadNumberOfALongArray) {
  const EngineHandle engine = make_engine(GetParam(), 2);
  constexpr int64_t kCount = 50000;
  std::vector<float> values(kCount, 0.5f), out(kCount);
  values[40001] = kInf;
  values[20003] = kNan;
  auto args = make_args<px_policy_loss_args>();
  args.count = kCount;
  args.logprob = args.old_logprob = args.advantage = out.data();
  args.ref_logprob = values.data();
  args.normalizer = 1;
  args.kl_coefficient = 1;
  EXPECT_EQ(px_policy_loss_f32(engine.get(), &args, nullptr), PX_NOT_FINITE);
  expect_error_with("ref_logprob[20003]");
  auto pairs = make_args<px_bradley_terry_args>();
  pairs.count = kCount;
  pairs.chosen = out.data();
  pairs.rejected = values.data();
  pairs.normalizer = 1;
  EXPECT_EQ(px_bradley_terry_f32(engine.get(), &pairs, nullptr), PX_NOT_FINITE);
  expect_error_with("rejected[20003]");
  px_moments moments{};
  EXPECT_EQ(px_whiten_moments_f32(engine.get(), values.data(), nullptr, kCount, &moments), PX_NOT_FINITE);
  expect_error_with("x[20003]");
  double norm = 0;
  EXPECT_EQ(px_squared_norm_f32(engine.get(), values.data(), kCount, &norm), PX_NOT_FINITE);
  expect_error_with("x[20003]");
}

INSTANTIATE_TEST_SUITE_P(All, Levels, testing::ValuesIn(px::usable_isas()),
                         [](const auto& level) { return std::string(px::name_of(level.param)); });

TEST(Isa, TheEnvironmentForcesALevelAndWrongNamesAreRefused) {
  char text[256];
  setenv("PROXIMAL_ISA", "scalar", 1);
  px_engine* engine = nullptr;
  ASSERT_EQ(px_engine_create(nullptr, &engine), PX_OK);
  ASSERT_EQ(px_engine_describe(engine, 0, text, sizeof text, nullptr), PX_OK);
  EXPECT_NE(std::string(text).find("\"isa\":\"scalar\""), std::string::npos) << text;
  px_engine_release(engine);
  setenv("PROXIMAL_ISA", "sse9", 1);
  EXPECT_EQ(px_engine_create(nullptr, &engine), PX_INVALID_ARGUMENT);
  expect_error_with("PROXIMAL_ISA");
  unsetenv("PROXIMAL_ISA");
}

}  // namespace
