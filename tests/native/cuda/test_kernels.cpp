// The CUDA form of every kernel against its reference, and that its bits depend on the numbers alone: not on the order
// in which threads run, nor on what stands around an element or a sequence.
#include <functional>

#include "base/philox.h"
#include "device_test.h"
#include "kernels/adamw/adamw.h"
#include "kernels/gae/gae.h"
#include "kernels/kl/kl.h"
#include "kernels/policy_loss/policy_loss.h"
#include "kernels/reward_shape/reward_shape.h"
#include "kernels/token_logprob/token_logprob.h"
#include "kernels/value_loss/value_loss.h"
#include "kernels/whiten/whiten.h"

using namespace px;
using namespace px::test;

namespace {

using Floats = std::vector<float>;

// The thread sanitizer sees what there is to see in one draw of each kind, and takes its time.
#ifdef __SANITIZE_THREAD__
constexpr uint64_t kDraws = 1;
#else
constexpr uint64_t kDraws = 3;
#endif

// What a kernel made of one input: its arrays and its sums.
struct Result {
  std::vector<Floats> arrays;
  std::vector<double> sums;
};

// Inputs of n tokens; masked ones hold what must not matter.
struct Inputs {
  explicit Inputs(int64_t n)
      : count(n), a(random_floats(n, 1, -5, 0)), b(random_floats(n, 2, -5, 0)), c(random_floats(n, 3, -5, 0)),
        advantage(random_floats(n, 4, -2, 2)), weight(random_floats(n, 5, 0.25, 2)),
        mask(static_cast<size_t>(n), 1), offsets{0} {
    for (size_t i = 0; i < a.size(); ++i) {
      if (i % 97 == 11) b[i] = a[i] + (i % 2 == 0 ? 25.f : -25.f);  // beyond every clamp
      if (i % 7 != 3 && i % 64 < 60) continue;
      weight[i] = 0;
      mask[i] = 0;
      a[i] = n % 2 == 1 ? kNan : 3.f;
      b[i] = c[i] = advantage[i] = n % 2 == 1 ? kNan : -7.f;
    }
    // Sequences of all lengths from 0 up, the last longer than a tile of the scan.
    for (int64_t length = 0; offsets.back() < n; ++length)
      offsets.push_back(length > 40 ? n : std::min(n, offsets.back() + length));
    score = random_floats(static_cast<int64_t>(offsets.size()), 6, -20, 20);
  }

  int64_t sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  Floats blank() const { return Floats(static_cast<size_t>(count), kNan); }

  int64_t count;
  Floats a, b, c, advantage, weight, score;
  std::vector<uint8_t> mask;
  std::vector<int64_t> offsets;
};

// Null: the reference.
using Run = std::function<Result(Device*, const Inputs&)>;

Result run_policy_loss(Device* device, const Inputs& in, double kl_coefficient, int32_t estimator) {
  Result result{{in.blank(), in.blank()}, {}};
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
  args.dual_clip = 3;
  args.kl_coefficient = kl_coefficient;
  args.kl_estimator = estimator;
  args.loss = result.arrays[0].data();
  args.gradient = result.arrays[1].data();
  px_policy_metrics m{};
  if (device == nullptr) {
    m = kernels::policy_loss_ref(args, 0, args.count);
  } else {
    EXPECT_TRUE(device->policy_loss(args, m));
  }
  const auto number = [](int64_t count) { return static_cast<double>(count); };
  result.sums = {m.loss, m.kl_loss, number(m.tokens), number(m.clipped), number(m.clipped_low), number(m.clipped_high),
                 number(m.dual_clipped), m.approx_kl, m.approx_kl_k1, m.approx_kl_k3, m.ratio, m.ratio_squared,
                 m.ratio_min, m.ratio_max};
  return result;
}

Result run_value_loss(Device* device, const Inputs& in) {
  Result result{{in.blank(), in.blank()}, {}};
  auto args = make_args<px_value_loss_args>();
  args.count = in.count;
  args.value = in.a.data();
  args.old_value = in.b.data();
  args.returns = in.c.data();
  args.weight = in.weight.data();
  args.normalizer = 3;
  args.clip = 0.5;
  args.loss = result.arrays[0].data();
  args.gradient = result.arrays[1].data();
  px_value_metrics m{};
  if (device == nullptr) {
    m = kernels::value_loss_ref(args, 0, args.count);
  } else {
    EXPECT_TRUE(device->value_loss(args, m));
  }
  result.sums = {m.loss, static_cast<double>(m.tokens), static_cast<double>(m.clipped), m.value, m.returns,
                 m.returns_squared, m.error, m.error_squared};
  return result;
}

Result run_gae(Device* device, const Inputs& in, uint32_t flags) {
  Result result{{in.blank(), in.blank()}, {}};
  auto args = make_args<px_gae_args>();
  args.flags = flags;
  args.sequences = in.sequences();
  args.offsets = in.offsets.data();
  args.reward = in.a.data();
  args.value = in.b.data();
  args.mask = in.mask.data();
  args.gamma = 0.99;
  args.lambda = 0.95;
  args.advantage = result.arrays[0].data();
  args.returns = result.arrays[1].data();
  if (device == nullptr) {
    kernels::gae_ref(args);
  } else {
    EXPECT_TRUE(device->gae(args));
  }
  return result;
}

Result run_reward_shape(Device* device, const Inputs& in, int32_t estimator) {
  Result result{{in.blank(), in.blank()}, {}};
  auto args = make_args<px_reward_args>();
  args.sequences = in.sequences();
  args.offsets = in.offsets.data();
  args.mask = in.mask.data();
  args.logprob = in.a.data();
  args.ref_logprob = in.b.data();
  args.token_reward = in.c.data();
  args.score = in.score.data();
  args.kl_estimator = estimator;
  args.beta = 0.1;
  args.reward_clip = 10;
  args.kl = result.arrays[0].data();
  args.reward = result.arrays[1].data();
  if (device == nullptr) {
    kernels::reward_shape_ref(args);
  } else {
    EXPECT_TRUE(device->reward_shape(args));
  }
  return result;
}

Result run_kl(Device* device, const Inputs& in, int32_t estimator) {
  Result result{{in.blank(), in.blank()}, {}};
  auto args = make_args<px_kl_args>();
  args.count = in.count;
  args.logprob = in.a.data();
  args.ref_logprob = in.b.data();
  args.estimator = estimator;
  args.log_ratio_clamp = 20;
  args.value_clamp = 10;
  args.value = result.arrays[0].data();
  args.gradient = result.arrays[1].data();
  device == nullptr ? kernels::kl_ref(args) : device->kl(args);
  return result;
}

Result run_whiten(Device* device, const Inputs& in) {
  Result result{{in.blank()}, {}};
  px_moments m{};
  if (device == nullptr) {
    m = kernels::whiten_moments_ref(in.advantage.data(), in.mask.data(), in.count);
    kernels::whiten_apply_ref({in.advantage.data(), in.mask.data(), in.count, 0.25, 1.5, 0.125, result.arrays[0].data()});
  } else {
    EXPECT_TRUE(device->whiten_moments(in.advantage.data(), in.mask.data(), in.count, m));
    device->whiten_apply(in.advantage.data(), in.mask.data(), in.count, 0.25, 1.5, 0.125, result.arrays[0].data());
  }
  result.sums = {m.count, m.mean, m.m2};
  return result;
}

Result run_adamw(Device* device, const Inputs& in) {
  Result result{{random_floats(in.count, 7, -1, 1), random_floats(in.count, 8, -1, 1), random_floats(in.count, 9, 0, 1)},
                {}};
  const Floats gradient = random_floats(in.count, 10, -1, 1);
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
  args.beta1 = 0.9;
  args.beta2 = 0.95;
  args.epsilon = 1e-5;
  args.weight_decay = 0.1;
  args.gradient_scale = 0.5;
  if (device == nullptr) {
    kernels::adamw_ref(args);
    result.sums = {kernels::squared_norm_ref(gradient.data(), in.count)};
  } else {
    device->adamw(args);
    result.sums = {device->squared_norm(gradient.data(), in.count)};
  }
  result.arrays.emplace_back(shadow.begin(), shadow.end());
  return result;
}

// Rows of logits, of which some are impossible, and every upstream gradient.
Result run_token_logprob(Device* device, const Inputs& in, double temperature) {
  constexpr int64_t kVocabulary = 301;
  const int64_t n = std::min<int64_t>(in.count, 9);
  const auto count = static_cast<size_t>(n);
  Floats logits = random_floats(n * kVocabulary, 11, -8, 8);
  std::vector<int32_t> target(count);
  for (size_t i = 0; i < count; ++i) target[i] = static_cast<int32_t>(i * 35 % kVocabulary);
  for (size_t i = 2; i < logits.size(); i += 5) logits[i] = -kInf;
  for (size_t i = 0; i < count; ++i) logits[i * kVocabulary + static_cast<size_t>(target[i])] = 0.5f;
  const Floats toward_logprob = random_floats(n, 12, -1, 1), toward_entropy = random_floats(n, 13, -1, 1);
  Result result{{Floats(count), Floats(count), Floats(logits.size()), Floats(logits.size())}, {}};
  const kernels::TokenLogprobRows rows{logits.data(), target.data(), n, kVocabulary, temperature};
  float *logprob = result.arrays[0].data(), *entropy = result.arrays[1].data();
  float *both = result.arrays[2].data(), *one = result.arrays[3].data();
  if (device == nullptr) {
    kernels::token_logprob_ref(rows, logprob, entropy);
    kernels::token_logprob_backward_ref(rows, toward_logprob.data(), toward_entropy.data(), both);
    kernels::token_logprob_backward_ref(rows, nullptr, toward_entropy.data(), one);
  } else {
    EXPECT_TRUE(device->token_logprob(logits.data(), target.data(), n, kVocabulary, temperature, logprob, entropy));
    EXPECT_TRUE(device->token_logprob_backward(logits.data(), target.data(), n, kVocabulary, temperature,
                                               toward_logprob.data(), toward_entropy.data(), both));
    EXPECT_TRUE(device->token_logprob_backward(logits.data(), target.data(), n, kVocabulary, temperature, nullptr,
                                               toward_entropy.data(), one));
  }
  return result;
}

struct Kernel {
  const char* name;
  Run run;
};

const std::vector<Kernel> kKernels{
    {"policy_loss", [](Device* d, const Inputs& in) { return run_policy_loss(d, in, 0, PX_KL_K3); }},
    {"policy_loss with k1", [](Device* d, const Inputs& in) { return run_policy_loss(d, in, 0.3, PX_KL_K1); }},
    {"policy_loss with k3", [](Device* d, const Inputs& in) { return run_policy_loss(d, in, 0.3, PX_KL_K3); }},
    {"value_loss", run_value_loss},
    {"gae", [](Device* d, const Inputs& in) { return run_gae(d, in, 0); }},
    {"gae, one step", [](Device* d, const Inputs& in) { return run_gae(d, in, PX_GAE_ONE_STEP_RETURNS); }},
    {"reward_shape k1", [](Device* d, const Inputs& in) { return run_reward_shape(d, in, PX_KL_K1); }},
    {"reward_shape k2", [](Device* d, const Inputs& in) { return run_reward_shape(d, in, PX_KL_K2); }},
    {"reward_shape k3", [](Device* d, const Inputs& in) { return run_reward_shape(d, in, PX_KL_K3); }},
    {"kl k1", [](Device* d, const Inputs& in) { return run_kl(d, in, PX_KL_K1); }},
    {"kl k2", [](Device* d, const Inputs& in) { return run_kl(d, in, PX_KL_K2); }},
    {"kl k3", [](Device* d, const Inputs& in) { return run_kl(d, in, PX_KL_K3); }},
    {"whiten", run_whiten},
    {"adamw", run_adamw},
    {"token_logprob", [](Device* d, const Inputs& in) { return run_token_logprob(d, in, 1); }},
    {"token_logprob, warm", [](Device* d, const Inputs& in) { return run_token_logprob(d, in, 1.7); }},
};

// Around warps, blocks, ranges and tiles.
#ifdef __SANITIZE_THREAD__
const std::vector<int64_t> kManySizes{0, 33, 4097};
#else
const std::vector<int64_t> kManySizes{0, 1, 3, 31, 33, 255, 257, 4097, 9001};
#endif

using CudaKernels = DeviceTest;

TEST_F(CudaKernels, AgreeWithTheirReferences) {
  for (const int64_t n : kManySizes) {
    const Inputs in(n);
    for (const Kernel& kernel : kKernels) {
      const Result expected = kernel.run(nullptr, in), got = kernel.run(&device(), in);
      for (size_t k = 0; k < got.arrays.size(); ++k)
        for (size_t i = 0; i < got.arrays[k].size(); ++i)
          ASSERT_TRUE(is_near(got.arrays[k][i], expected.arrays[k][i]))
              << kernel.name << " array " << k << " [" << i << "] of " << n << ": got " << got.arrays[k][i]
              << ", expected " << expected.arrays[k][i];
      for (size_t k = 0; k < got.sums.size(); ++k)
        if (got.sums[k] != expected.sums[k]) expect_close(got.sums[k], expected.sums[k], 1e-11, kernel.name);
    }
  }
}

TEST_F(CudaKernels, ComputeTheSameBitsInAnyOrderOfThreads) {
  const Inputs in(kManySizes.back());
  for (const Kernel& kernel : kKernels) {
    const Result expected = kernel.run(&device(), in);
    for_orders([&](unsigned seed) {
      const Result got = kernel.run(&device(), in);
      EXPECT_EQ(got.sums, expected.sums) << kernel.name << " in order " << seed;
      for (size_t k = 0; k < got.arrays.size(); ++k)
        for (size_t i = 0; i < got.arrays[k].size(); ++i)
          ASSERT_TRUE(same(got.arrays[k][i], expected.arrays[k][i]))
              << kernel.name << " array " << k << " [" << i << "] in order " << seed;
    });
  }
}

// A sequence's advantages are its own: behind other sequences, before others.
TEST_F(CudaKernels, ASequencesAdvantagesDoNotDependOnTheOthers) {
  for (const int64_t length : {1, 3, 127, 512, 513, 1500}) {
    const Floats reward = random_floats(length, 1, -1, 1), value = random_floats(length, 2, -1, 1);
    const auto advantages = [&](int64_t before, int64_t after) {
      Floats rewards(static_cast<size_t>(before), 3.f), values(static_cast<size_t>(before), -2.f);
      rewards.insert(rewards.end(), reward.begin(), reward.end());
      values.insert(values.end(), value.begin(), value.end());
      rewards.resize(rewards.size() + static_cast<size_t>(after), 5.f);
      values.resize(rewards.size(), 7.f);
      const std::vector<int64_t> offsets{0, before, before + length, before + length + after};
      Floats out(rewards.size());
      auto args = make_args<px_gae_args>();
      args.sequences = 3;
      args.offsets = offsets.data();
      args.reward = rewards.data();
      args.value = values.data();
      args.gamma = 0.99;
      args.lambda = 0.95;
      args.advantage = out.data();
      EXPECT_TRUE(device().gae(args));
      return Floats(out.begin() + before, out.begin() + before + length);
    };
    const Floats alone = advantages(0, 0);
    for (const int64_t before : {0, 1, 1000})
      for (const int64_t after : {0, 3, 1000}) EXPECT_EQ(advantages(before, after), alone) << length;
  }
}

// A scan with long memory and values that jump: what a wrong composition would show.
TEST_F(CudaKernels, AScanOfManyTilesRemembersTheFarEnd) {
  constexpr int64_t kCount = 3000;
  Floats reward(kCount, 0), value(kCount, 0), advantage(kCount), expected(kCount);
  reward.back() = 1;
  auto args = make_args<px_gae_args>();
  const std::vector<int64_t> offsets{0, kCount};
  args.sequences = 1;
  args.offsets = offsets.data();
  args.reward = reward.data();
  args.value = value.data();
  args.gamma = args.lambda = 1;
  args.advantage = advantage.data();
  ASSERT_TRUE(device().gae(args));
  EXPECT_EQ(advantage, Floats(kCount, 1)) << "everything leads to the reward at the end";
  // The mask leaves the first token alone with the last.
  std::vector<uint8_t> mask(kCount, 0);
  mask.front() = mask.back() = 1;
  value.front() = 0.25f;
  value.back() = 0.5f;
  args.mask = mask.data();
  ASSERT_TRUE(device().gae(args));
  EXPECT_EQ(advantage.back(), 0.5f);
  EXPECT_EQ(advantage.front(), 0.75f);
  EXPECT_EQ(advantage[1500], 0.f);
}

TEST_F(CudaKernels, ElementsKeepTheirBitsInAnotherPlace) {
  const Inputs in(9001);
  Inputs reversed = in;
  for (auto* array : {&reversed.a, &reversed.b, &reversed.c, &reversed.advantage, &reversed.weight})
    std::reverse(array->begin(), array->end());
  const Result forwards = run_policy_loss(&device(), in, 0.3, PX_KL_K3);
  const Result backwards = run_policy_loss(&device(), reversed, 0.3, PX_KL_K3);
  for (size_t k = 0; k < 2; ++k)
    for (size_t i = 0; i < in.a.size(); ++i)
      ASSERT_TRUE(same(forwards.arrays[k][i], backwards.arrays[k][in.a.size() - 1 - i])) << i;
}

TEST_F(CudaKernels, TellThatANumberIsNotFinite) {
  Floats good(5000, 0.5f), bad = good, out(5000);
  bad[4321] = kNan;
  const std::vector<int64_t> offsets{0, 100, 5000};
  const Floats score{1, 2}, infinite_score{1, kInf};
  for (const float number : {kNan, kInf}) {
    bad[4321] = number;
    auto gae = make_args<px_gae_args>();
    gae.sequences = 2;
    gae.offsets = offsets.data();
    gae.reward = good.data();
    gae.value = bad.data();
    gae.gamma = gae.lambda = 1;
    gae.advantage = out.data();
    EXPECT_FALSE(device().gae(gae));

    auto policy = make_args<px_policy_loss_args>();
    policy.count = 5000;
    policy.normalizer = policy.kl_coefficient = 1;
    policy.clip_low = policy.clip_high = 0.2;
    policy.dual_clip = 3;
    policy.kl_estimator = PX_KL_K3;
    px_policy_metrics metrics{};
    for (const Floats* ref : {&good, &bad})
      for (const Floats* advantage : {&good, &bad}) {
        policy.logprob = policy.old_logprob = good.data();
        policy.ref_logprob = ref->data();
        policy.advantage = advantage->data();
        EXPECT_EQ(device().policy_loss(policy, metrics), ref == &good && advantage == &good);
      }

    auto value = make_args<px_value_loss_args>();
    value.count = 5000;
    value.normalizer = 1;
    value.clip = 0.5;
    px_value_metrics value_metrics{};
    for (const Floats* old_value : {&good, &bad}) {
      value.value = value.returns = good.data();
      value.old_value = old_value->data();
      EXPECT_EQ(device().value_loss(value, value_metrics), old_value == &good);
    }

    auto reward = make_args<px_reward_args>();
    reward.sequences = 2;
    reward.offsets = offsets.data();
    reward.kl_estimator = PX_KL_K1;
    reward.beta = 0.1;
    reward.reward_clip = 10;
    reward.reward = out.data();
    for (const Floats* ref : {&good, &bad})
      for (const Floats* scores : {&score, &infinite_score}) {
        reward.logprob = good.data();
        reward.ref_logprob = ref->data();
        reward.score = scores->data();
        EXPECT_EQ(device().reward_shape(reward), ref == &good && scores == &score);
      }

    px_moments moments{};
    EXPECT_FALSE(device().whiten_moments(bad.data(), nullptr, 5000, moments));
    EXPECT_FALSE(std::isfinite(device().squared_norm(bad.data(), 5000)));
    const std::vector<int32_t> target(2, 7);
    EXPECT_FALSE(device().token_logprob(bad.data(), target.data(), 2, 2500, 1, out.data(), nullptr));
    const Floats before = bad;
    EXPECT_FALSE(device().token_logprob_backward(bad.data(), target.data(), 2, 2500, 1, nullptr, nullptr, bad.data()));
    EXPECT_TRUE(same(bad[4321], before[4321])) << "what is refused is left alone";
  }
}

// ---- sample ----------------------------------------------------------------------------------------------------------

struct Drawn {
  int32_t token;
  double logprob;
  std::vector<double> distribution;  // 0 where removed
};

// The definition, with a sort and without anything that the kernel does.
Drawn sample_plainly(const px_sample_args& args) {
  const auto count = static_cast<size_t>(args.vocabulary);
  std::vector<double> z(count), p(count);
  for (size_t i = 0; i < count; ++i) z[i] = args.logits[i] / args.temperature;
  const double largest = *std::max_element(z.begin(), z.end());
  double total = 0;
  for (size_t i = 0; i < count; ++i) total += std::exp(z[i] - largest);
  std::vector<size_t> order(count);
  for (size_t i = 0; i < count; ++i) {
    p[i] = std::exp(z[i] - largest) / total;
    order[i] = i;
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return args.logits[a] < args.logits[b]; });
  std::vector<double> kept = p;
  if (args.top_k > 0 && args.top_k < args.vocabulary) {
    const float bound = args.logits[order[count - static_cast<size_t>(args.top_k)]];
    for (size_t i = 0; i < count; ++i)
      if (args.logits[i] < bound) kept[i] = 0;
  }
  if (args.top_p < 1) {
    double left = 0, cumulative = 0;
    for (const double share : kept) left += share;
    for (size_t i = 0; i + 1 < count; ++i) {
      cumulative += kept[order[i]] / left;
      if (cumulative > 1 - args.top_p) break;
      kept[order[i]] = 0;
    }
  }
  for (size_t i = 0; i < count; ++i)
    if (p[i] < args.min_p * p[order.back()]) kept[i] = 0;
  double left = 0;
  for (const double share : kept) left += share;
  const PhiloxBlock block =
      philox4x32({static_cast<uint32_t>(args.seed), static_cast<uint32_t>(args.seed >> 32)},
                 {static_cast<uint32_t>(args.index), static_cast<uint32_t>(args.index >> 32),
                  static_cast<uint32_t>(args.sample_id), static_cast<uint32_t>(args.sample_id >> 32)});
  const double u = static_cast<double>((uint64_t{block[1]} << 32 | block[0]) >> 11) * 0x1p-53;
  Drawn drawn{-1, 0, {}};
  double cumulative = 0;
  for (size_t i = 0; i < count && drawn.token < 0; ++i) {
    cumulative += kept[i];
    if (cumulative > u * left) drawn.token = static_cast<int32_t>(i);
  }
  if ((args.flags & PX_SAMPLE_GREEDY) != 0)
    drawn.token = static_cast<int32_t>(std::max_element(z.begin(), z.end()) - z.begin());
  drawn.logprob = std::log(p[static_cast<size_t>(drawn.token)]);
  for (const double share : kept) drawn.distribution.push_back(share / left);
  return drawn;
}

void expect_as_plainly(Device& device, const px_sample_args& args, const std::string& what) {
  const Drawn expected = sample_plainly(args);
  int32_t token = -1;
  float logprob = kNan;
  ASSERT_TRUE(device.sample(args, token, &logprob)) << what;
  ASSERT_EQ(token, expected.token) << what;
  expect_close(logprob, expected.logprob, 2e-7, what);
  if (args.index != 0 || (args.flags & PX_SAMPLE_GREEDY) != 0) return;
  Floats distribution(static_cast<size_t>(args.vocabulary), kNan);
  ASSERT_TRUE(device.sample_distribution(args, distribution.data())) << what;
  for (size_t i = 0; i < distribution.size(); ++i) {
    ASSERT_EQ(distribution[i] == -kInf, expected.distribution[i] == 0) << what << " [" << i << "]";
    if (distribution[i] != -kInf) expect_close(distribution[i], std::log(expected.distribution[i]), 2e-7, what);
  }
}

TEST_F(CudaKernels, SampleAsTheDefinitionSays) {
  for (const int64_t vocabulary : {1, 64, 65, 777}) {
    if (kDraws == 1 && vocabulary != 65) continue;
    Floats logits = random_floats(vocabulary, 17, -6, 6);
    for (size_t i = 3; i < logits.size(); i += 9) logits[i] = -kInf;
    auto args = make_args<px_sample_args>();
    args.vocabulary = vocabulary;
    args.logits = logits.data();
    args.seed = 0x123456789abcdef;
    args.sample_id = 77;
    for (const double temperature : {1.0, 0.6})
      for (const int64_t top_k : {int64_t{0}, int64_t{1}, int64_t{20}})
        for (const double top_p : {1.0, 0.8})
          for (const double min_p : {0.0, 0.1}) {
            args.temperature = temperature;
            args.top_k = top_k;
            args.top_p = top_p;
            args.min_p = min_p;
            for (args.index = 0; args.index < kDraws; ++args.index)
              expect_as_plainly(device(), args, "vocabulary " + std::to_string(vocabulary) + ", T " +
                                                    std::to_string(temperature) + ", k " + std::to_string(top_k) +
                                                    ", p " + std::to_string(top_p) + ", min " + std::to_string(min_p));
          }
    args.flags = PX_SAMPLE_GREEDY;
    expect_as_plainly(device(), args, "greedy");
  }
}

// Equal logits: of the tail the lowest ids go first, all ties of the k-th stay, both zeros are equal.
TEST_F(CudaKernels, SampleKeepsAndRemovesTiesAsTheReference) {
  Floats logits{1, 0.f, -0.f, 0.f, -2, 1, 0.f, 1};
  auto args = make_args<px_sample_args>();
  args.vocabulary = 8;
  args.logits = logits.data();
  args.temperature = 1;
  for (const int64_t top_k : {0, 2, 4})
    for (const double top_p : {1.0, 0.93, 0.85, 0.8, 0.5, 0.2, 1e-30}) {
      args.top_k = top_k;
      args.top_p = top_p;
      for (args.index = 0; args.index < 2 * kDraws; ++args.index)
        expect_as_plainly(device(), args, "k " + std::to_string(top_k) + ", p " + std::to_string(top_p));
    }
  args.flags = PX_SAMPLE_GREEDY;
  args.index = 0;
  expect_as_plainly(device(), args, "the lowest id of the largest");
}

TEST_F(CudaKernels, SampleRefusesWhatCannotBeDrawn) {
  Floats logits(100, 1), distribution(100);
  auto args = make_args<px_sample_args>();
  args.vocabulary = 100;
  args.logits = logits.data();
  args.temperature = args.top_p = 1;
  int32_t token = -5;
  for (const float number : {kNan, kInf}) {
    logits[66] = number;
    EXPECT_FALSE(device().sample(args, token, nullptr));
    EXPECT_EQ(token, -5);
  }
  logits.assign(100, -kInf);
  EXPECT_FALSE(device().sample(args, token, nullptr));
  EXPECT_FALSE(device().sample_distribution(args, distribution.data()));
  logits[99] = 0;
  EXPECT_TRUE(device().sample(args, token, nullptr));
  EXPECT_EQ(token, 99);
}

}  // namespace
