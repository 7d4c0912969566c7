// Products, the head's log-probs and losses, and attention on the device, against their definitions in double.
#include <numeric>

#include "cuda/heads.h"
#include "cuda/kernels.h"
#include "device_arrays.h"
#include "kernels/policy_loss/policy_loss.h"
#include "kernels/token_logprob/token_logprob.h"

using namespace px;
using namespace px::cuda;
using namespace px::test;

namespace {

using Heads = StreamedTest;

std::vector<uint16_t> bf16_of(const Floats& values) {
  std::vector<uint16_t> bits;
  for (const float value : values) bits.push_back(to_bf16(value));
  return bits;
}

Floats rounded(Floats values) {
  for (float& value : values) value = from_bf16(to_bf16(value));
  return values;
}

// Rows [m, k] by [n, k], plainly.
Floats times(const Floats& a, const Floats& b, int64_t m, int64_t n, int64_t k) {
  Floats out;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t t = 0; t < k; ++t)
        sum += double{a[static_cast<size_t>(i * k + t)]} * b[static_cast<size_t>(j * k + t)];
      out.push_back(static_cast<float>(sum));
    }
  return out;
}

Floats transposed(const Floats& values, int64_t rows, int64_t columns) {
  Floats out;
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t r = 0; r < rows; ++r) out.push_back(values[static_cast<size_t>(r * columns + c)]);
  return out;
}

TEST_F(Heads, GemmMultipliesEveryLayout) {
  constexpr int64_t m = 5, n = 24, k = 16;
  const Floats a = rounded(random_floats(m * k, 1, -1, 1)), b = rounded(random_floats(n * k, 2, -1, 1));
  const Floats bias = random_floats(n, 3, -1, 1), residual = random_floats(m * n, 4, -1, 1);
  Floats expected = times(a, b, m, n, k);
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += residual[i] + bias[i % n];
  Products products(stream());
  const auto g_bias = in(bias);
  const DeviceArray<uint16_t> bf16(memory(), m * n);
  for (const bool half : {false, true})
    for (const bool a_by_k : {false, true})
      for (const bool b_by_k : {false, true}) {
        const Floats a_laid = a_by_k ? transposed(a, m, k) : a, b_laid = b_by_k ? transposed(b, n, k) : b;
        const auto a_floats = in(a_laid), b_floats = in(b_laid);
        const auto a_halves = in(bf16_of(a_laid)), b_halves = in(bf16_of(b_laid));
        const auto out = in(residual);
        Product p;
        p.dtype = half ? PX_DTYPE_BF16 : PX_DTYPE_F32;
        p.m = m;
        p.n = n;
        p.k = k;
        p.a = half ? static_cast<const void*>(a_halves.data()) : a_floats.data();
        p.a_stride = a_by_k ? m : k;
        p.a_by_k = a_by_k;
        p.b = half ? static_cast<const void*>(b_halves.data()) : b_floats.data();
        p.b_stride = b_by_k ? n : k;
        p.b_by_k = b_by_k;
        p.residual = p.out = out.data();
        p.out_stride = n;
        kernels::gemm_cuda(products, p, g_bias.data(), bf16.data());
        expect_near(out, expected, 1e-5, "out");
        expect_bf16_of(bf16, out);
      }
}

TEST_F(Heads, LogprobsAndGradientsAreThoseOfTheLogits) {
  constexpr int64_t n = 7, H = 24, V = 50;
  constexpr double kT = 0.8;
  const Floats states = rounded(random_floats(n * H, 1, -1, 1)), head = rounded(random_floats(V * H, 2, -1, 1));
  const Floats toward_logprob = random_floats(n, 3, -1, 1), toward_entropy = random_floats(n, 4, -1, 1);
  const Floats head_before = random_floats(V * H, 5, -1, 1);
  std::vector<int32_t> target;
  for (int32_t i = 0; i < n; ++i) target.push_back(i * 11 % V);
  Floats logits = times(states, head, n, V, H), logprob(n), entropy(n), slopes(logits.size());
  const kernels::TokenLogprobRows rows{logits.data(), target.data(), n, V, kT};
  kernels::token_logprob_ref(rows, logprob.data(), entropy.data());
  kernels::token_logprob_backward_ref(rows, toward_logprob.data(), toward_entropy.data(), slopes.data());

  Products products(stream());
  for (const bool half : {false, true}) {
    const Floats used = half ? rounded(slopes) : slopes;
    const Floats d_states = times(used, transposed(head, V, H), n, H, V);
    Floats d_head = times(transposed(used, n, V), transposed(states, n, H), V, H, n);
    for (size_t i = 0; i < d_head.size(); ++i) d_head[i] += head_before[i];

    const auto f_states = in(states), f_head = in(head), g_d_states = in(states), g_d_head = in(head_before);
    const auto h_states = in(bf16_of(states)), h_head = in(bf16_of(head));
    const auto g_target = in(target);
    const auto g_logprob = in(logprob), g_entropy = in(entropy), g_up = in(toward_logprob), g_up_entropy = in(toward_entropy);
    const auto flag = in(std::vector<int32_t>{0});
    kernels::HeadCuda args{half ? PX_DTYPE_BF16 : PX_DTYPE_F32, n, H, V,
                                 half ? static_cast<const void*>(h_states.data()) : f_states.data(),
                                 half ? static_cast<const void*>(h_head.data()) : f_head.data(), g_target.data(), kT};
    args.chunk_bytes = 3 * V * 6;  // several chunks, the last with fewer rows
    const DeviceArray<char> workspace(memory(), static_cast<int64_t>(kernels::head_cuda_workspace(args)));
    kernels::head_logprob_cuda(products, args, g_logprob.data(), g_entropy.data(), flag.data(), workspace.data());
    kernels::head_backward_cuda(products, args, g_up.data(), g_up_entropy.data(), {g_d_states.data(), g_d_head.data()},
                                flag.data(), workspace.data());
    expect_near(g_logprob, logprob, 1e-5, "logprob");
    expect_near(g_entropy, entropy, 1e-5, "entropy");
    // bf16: a slope between two of them may go either way.
    expect_near(g_d_states, d_states, half ? 2e-3 : 1e-5, "d_states");
    expect_near(g_d_head, d_head, half ? 2e-3 : 1e-5, "d_head");
    EXPECT_EQ(out(flag)[0], 0);
  }
}

TEST_F(Heads, FusedPolicyLossIsTheLossOfTheHeadsLogprobs) {
  constexpr int64_t n = 9, H = 8, V = 3000;
  constexpr double kEntropy = 0.02;
  const Floats states = random_floats(n * H, 1, -1, 1), head = random_floats(V * H, 2, -0.5, 0.5);
  const Floats advantage = random_floats(n, 3, -2, 2), shift = random_floats(n, 4, -0.3, 0.3);
  Floats weight = random_floats(n, 5, 0.5, 1);
  weight[4] = 0;
  std::vector<int32_t> target;
  for (int32_t i = 0; i < n; ++i) target.push_back(i * 331 % V);
  Floats logits = times(states, head, n, V, H), logprob(n), entropy(n), slopes(logits.size()), loss_slope(n), entropy_slope(n);
  const kernels::TokenLogprobRows rows{logits.data(), target.data(), n, V, 1};
  kernels::token_logprob_ref(rows, logprob.data(), entropy.data());
  Floats old(logprob), ref(logprob);
  for (size_t i = 0; i < old.size(); ++i) {
    old[i] += shift[i];
    ref[i] -= shift[i];
  }
  auto loss = make_args<px_policy_loss_args>();
  loss.count = n;
  loss.logprob = logprob.data();
  loss.old_logprob = old.data();
  loss.ref_logprob = ref.data();
  loss.advantage = advantage.data();
  loss.weight = weight.data();
  loss.normalizer = 8;
  loss.clip_low = loss.clip_high = 0.2;
  loss.dual_clip = 3;
  loss.kl_coefficient = 0.1;
  loss.kl_estimator = PX_KL_K3;
  loss.gradient = loss_slope.data();
  const px_policy_metrics expected = kernels::policy_loss_ref(loss, 0, n);
  for (size_t i = 0; i < weight.size(); ++i) entropy_slope[i] = static_cast<float>(-kEntropy * weight[i] / loss.normalizer);
  kernels::token_logprob_backward_ref(rows, loss_slope.data(), entropy_slope.data(), slopes.data());
  const Floats d_states = times(slopes, transposed(head, V, H), n, H, V);
  const Floats d_head = times(transposed(slopes, n, V), transposed(states, n, H), V, H, n);

  Products products(stream());
  const auto g_states = in(states), g_head = in(head), g_d_states = in(states);
  const auto g_target = in(target), flag = in(std::vector<int32_t>{0});
  const auto g_old = in(old), g_ref = in(ref), g_advantage = in(advantage), g_weight = in(weight);
  const auto g_logprob = in(logprob), g_entropy = in(entropy);
  kernels::FusedPolicyCuda args;
  args.head = {PX_DTYPE_F32, n, H, V, g_states.data(), g_head.data(), g_target.data(), 1};
  args.loss = loss;
  args.loss.old_logprob = g_old.data();
  args.loss.ref_logprob = g_ref.data();
  args.loss.advantage = g_advantage.data();
  args.loss.weight = g_weight.data();
  args.entropy_coefficient = kEntropy;
  args.logprob = g_logprob.data();
  args.entropy = g_entropy.data();
  for (const int64_t chunk_rows : {n, int64_t{4}, int64_t{1}}) {
    args.head.chunk_bytes = chunk_rows * V * 4;
    const DeviceArray<float> g_d_head = in(Floats(head.size(), 0));
    args.gradients = {g_d_states.data(), g_d_head.data()};
    const DeviceArray<double> totals(memory(), kernels::kPolicyTotals);
    const DeviceArray<char> workspace(memory(), static_cast<int64_t>(kernels::fused_policy_loss_cuda_workspace(args.head)));
    kernels::fused_policy_loss_cuda(products, args, totals.data(), flag.data(), workspace.data());
    expect_near(g_logprob, logprob, 1e-5, "logprob");
    expect_near(g_d_states, d_states, 1e-5, "d_states");
    expect_near(g_d_head, d_head, 1e-5, "d_head");
    px_policy_metrics metrics{};
    EXPECT_TRUE(kernels::read_policy_totals(out(totals).data(), metrics));
    EXPECT_EQ(metrics.tokens, expected.tokens);
    EXPECT_EQ(metrics.clipped, expected.clipped);
    expect_close(metrics.loss, expected.loss, 1e-5, "loss");
    expect_close(metrics.kl_loss, expected.kl_loss, 1e-5, "kl_loss");
    expect_close(metrics.ratio_max, expected.ratio_max, 1e-5, "ratio_max");
    EXPECT_EQ(out(flag)[0], 0);
  }
}

// ---- attention -------------------------------------------------------------------------------------------------------

struct AttentionCase {
  std::vector<int64_t> offsets;
  int64_t heads, kv_heads, head_size, window;

  int64_t tokens() const { return offsets.back(); }
  int64_t row() const { return (heads + 2 * kv_heads) * head_size; }
};

const std::vector<AttentionCase> kAttentionCases{
    {{0, 1}, 1, 1, 1, 0},
    {{0, 5, 5, 38, 71}, 4, 2, 16, 0},
    {{0, 70}, 3, 1, 64, 0},
    {{0, 33, 66}, 2, 2, 20, 7},
    {{0, 40}, 2, 1, 100, 17},
    {{0, 18}, 1, 1, 128, 0},
};

struct AttentionGradients {
  Floats out, lse, d_qkv;
};

// A row of scores at a time, in double.
AttentionGradients attend_plainly(const AttentionCase& c, const Floats& qkv, const Floats& d_out, float scale) {
  AttentionGradients result{Floats(d_out.size()), Floats(static_cast<size_t>(c.tokens() * c.heads)), {}};
  std::vector<double> d_qkv(qkv.size(), 0.0);
  const int64_t D = c.head_size, group = c.heads / c.kv_heads;
  for (size_t s = 0; s + 1 < c.offsets.size(); ++s)
    for (int64_t i = c.offsets[s]; i < c.offsets[s + 1]; ++i)
      for (int64_t h = 0; h < c.heads; ++h) {
        const int64_t first = c.window != 0 ? std::max(c.offsets[s], i - c.window + 1) : c.offsets[s];
        const auto q = static_cast<size_t>(i * c.row() + h * D), o = static_cast<size_t>((i * c.heads + h) * D);
        const auto key = [&](int64_t j) { return static_cast<size_t>(j * c.row() + (c.heads + h / group) * D); };
        const auto value = [&](int64_t j) { return key(j) + static_cast<size_t>(c.kv_heads * D); };
        std::vector<double> p;
        double largest = -1e300, total = 0, delta = 0;
        for (int64_t j = first; j <= i; ++j) {
          double score = 0;
          for (size_t d = 0; d < static_cast<size_t>(D); ++d) score += double{qkv[q + d]} * qkv[key(j) + d];
          p.push_back(score * scale);
          largest = std::max(largest, p.back());
        }
        for (double& share : p) total += share = std::exp(share - largest);
        result.lse[static_cast<size_t>(i * c.heads + h)] = static_cast<float>(largest + std::log(total));
        for (size_t d = 0; d < static_cast<size_t>(D); ++d) {
          double sum = 0;
          for (int64_t j = first; j <= i; ++j) sum += p[static_cast<size_t>(j - first)] / total * qkv[value(j) + d];
          result.out[o + d] = static_cast<float>(sum);
          delta += sum * d_out[o + d];
        }
        for (int64_t j = first; j <= i; ++j) {
          const double share = p[static_cast<size_t>(j - first)] / total;
          double along = 0;
          for (size_t d = 0; d < static_cast<size_t>(D); ++d) along += double{d_out[o + d]} * qkv[value(j) + d];
          const double slope = share * (along - delta) * scale;
          for (size_t d = 0; d < static_cast<size_t>(D); ++d) {
            d_qkv[value(j) + d] += share * d_out[o + d];
            d_qkv[q + d] += slope * qkv[key(j) + d];
            d_qkv[key(j) + d] += slope * qkv[q + d];
          }
        }
      }
  result.d_qkv.assign(d_qkv.begin(), d_qkv.end());
  return result;
}

TEST_F(Heads, AttentionAgreesWithItsDefinition) {
  for (const AttentionCase& c : kAttentionCases)
    for (const bool half : {false, true}) {
      const Floats qkv = random_floats(c.tokens() * c.row(), 1, -1, 1);
      const Floats d_out = random_floats(c.tokens() * c.heads * c.head_size, 2, -1, 1);
      const float scale = 0.3f;
      const AttentionGradients expected = attend_plainly(c, half ? rounded(qkv) : qkv, d_out, scale);
      const auto g_qkv = in(qkv), g_d_out = in(d_out), g_out = in(d_out), g_d_qkv = in(qkv);
      const auto g_offsets = in(c.offsets);
      const DeviceArray<float> lse(memory(), c.tokens() * c.heads), delta(memory(), c.tokens() * c.heads);
      const DeviceArray<uint16_t> bf16(memory(), g_out.count());
      const kernels::PackedCuda sequences{c.tokens(), static_cast<int64_t>(c.offsets.size()) - 1, c.tokens(), g_offsets.data()};
      kernels::AttentionCuda args{c.heads, c.kv_heads, c.head_size, scale, c.window, half, g_qkv.data(), g_out.data(),
                                  bf16.data(), lse.data()};
      kernels::attention_cuda(stream(), args, sequences);
      expect_bf16_of(bf16, g_out);
      if (half) args.out = nullptr;  // its rounded form does as well
      kernels::attention_backward_cuda(stream(), args, sequences, g_d_out.data(), g_d_qkv.data(), delta.data());
      expect_near(g_out, expected.out, half ? 8e-3 : 1e-5, "out");
      expect_near(lse, expected.lse, 1e-5, "lse");
      expect_near(g_d_qkv, expected.d_qkv, half ? 3e-2 : 3e-5, "d_qkv");
    }
}

// A sequence's bits: alone, behind others, in any order of threads.
TEST_F(Heads, AttentionOfASequenceIsItsOwn) {
  const AttentionCase c{{0, 50}, 2, 1, 32, 0};
  const Floats qkv = random_floats(c.tokens() * c.row(), 1, -1, 1), d_out = random_floats(c.tokens() * 64, 2, -1, 1);
  const auto attend = [&](int64_t before, int64_t after) {
    Floats all = random_floats(before * c.row(), 3, -1, 1), slopes = random_floats(before * 64, 4, -1, 1);
    all.insert(all.end(), qkv.begin(), qkv.end());
    slopes.insert(slopes.end(), d_out.begin(), d_out.end());
    all.resize(all.size() + static_cast<size_t>(after * c.row()), 0.5f);
    slopes.resize(slopes.size() + static_cast<size_t>(after * 64), 0.5f);
    const std::vector<int64_t> offsets{0, before, before + 50, before + 50 + after};
    const auto g_qkv = in(all), g_d_qkv = in(all), g_d_out = in(slopes), g_out = in(slopes);
    const auto g_offsets = in(offsets);
    const DeviceArray<float> lse(memory(), offsets.back() * 2), delta(memory(), offsets.back() * 2);
    const kernels::PackedCuda sequences{offsets.back(), 3, offsets.back(), g_offsets.data()};
    const kernels::AttentionCuda args{2, 1, 32, 0.2f, 0, false, g_qkv.data(), g_out.data(), nullptr, lse.data()};
    kernels::attention_cuda(stream(), args, sequences);
    kernels::attention_backward_cuda(stream(), args, sequences, g_d_out.data(), g_d_qkv.data(), delta.data());
    const Floats outs = out(g_out), gradients = out(g_d_qkv);
    Floats own(outs.begin() + before * 64, outs.begin() + (before + 50) * 64);
    own.insert(own.end(), gradients.begin() + before * c.row(), gradients.begin() + (before + 50) * c.row());
    return own;
  };
  const Floats alone = attend(0, 0);
  for_orders([&](unsigned) {
    EXPECT_EQ(attend(0, 9), alone);
    EXPECT_EQ(attend(21, 0), alone);
  });
}

// Rows of a pass: of sequence `sequence`, `rows` of them from `position` on.
struct Added {
  size_t sequence;
  int64_t position, rows;
};

// Sequences of whole pages of a cache with what else lies in a page, in which nothing is written yet.
class Pages {
 public:
  Pages(DeviceMemory& memory, const AttentionCase& c, bool half, int64_t offset)
      : case_(c), half_(half), offset_(offset) {
    const int64_t elements = offset + c.kv_heads * 2 * kernels::kPagePositions * c.head_size;
    for (size_t s = 0; s + 1 < c.offsets.size(); ++s) {
      first_page_.push_back(static_cast<int64_t>(arrays_.size()));
      for (int64_t at = c.offsets[s]; at < c.offsets[s + 1]; at += kernels::kPagePositions)
        arrays_.emplace_back(memory, elements * (half ? 2 : 4));
    }
    for (const auto& array : arrays_) pointers_.push_back(array.data());
    pages_ = DeviceArray<void*>(memory, pointers_.data(), static_cast<int64_t>(pointers_.size()));
    memory.synchronize();
  }

  // The rows of some sequences through the cache: out and lse at their places in the whole.
  void attend(cudaStream_t stream, DeviceMemory& memory, const Floats& qkv, const std::vector<Added>& added, Floats& out, Floats& lse) {
    Floats rows;
    std::vector<kernels::CachedSequenceCuda> sequences;
    int64_t count = 0, longest = 0;
    for (const Added& a : added) {
      const auto from = qkv.begin() + (case_.offsets[a.sequence] + a.position) * case_.row();
      rows.insert(rows.end(), from, from + a.rows * case_.row());
      sequences.push_back({count, a.rows, a.position, first_page_[a.sequence]});
      count += a.rows;
      longest = std::max(longest, a.rows);
    }
    const int64_t width = case_.heads * case_.head_size;
    const DeviceArray<float> g_rows(memory, rows.data(), static_cast<int64_t>(rows.size()));
    const DeviceArray<kernels::CachedSequenceCuda> g_sequences(memory, sequences.data(), static_cast<int64_t>(sequences.size()));
    const DeviceArray<float> g_out(memory, count * width), g_lse(memory, count * case_.heads);
    const kernels::AttentionCuda args{case_.heads, case_.kv_heads, case_.head_size, 0.3f, case_.window, half_,
                                      g_rows.data(), g_out.data(), nullptr, g_lse.data()};
    const kernels::CachedCuda cached{g_sequences.count(), longest, g_sequences.data(), pages_.data(), offset_};
    kernels::attention_write_cuda(stream, args, cached);
    kernels::attention_cuda(stream, args, cached);
    Floats got(static_cast<size_t>(g_out.count())), got_lse(static_cast<size_t>(g_lse.count()));
    g_out.copy_to(got.data());
    g_lse.copy_to(got_lse.data());
    memory.synchronize();
    for (size_t i = 0; i < added.size(); ++i) {
      const int64_t to = case_.offsets[added[i].sequence] + added[i].position, from = sequences[i].first_row;
      std::copy_n(got.begin() + from * width, added[i].rows * width, out.begin() + to * width);
      std::copy_n(got_lse.begin() + from * case_.heads, added[i].rows * case_.heads, lse.begin() + to * case_.heads);
    }
  }

 private:
  const AttentionCase& case_;
  const bool half_;
  const int64_t offset_;
  std::vector<DeviceArray<std::byte>> arrays_;
  std::vector<int64_t> first_page_;
  std::vector<void*> pointers_;
  DeviceArray<void*> pages_;
};

// Sequences through pages, whole, in parts and token by token, side by side with others that are elsewhere.
TEST_F(Heads, AttentionOverPagesHasTheBitsOfPackedSequences) {
  const AttentionCase kCases[]{{{0, 150, 155, 160}, 4, 2, 16, 0}, {{0, 40, 41, 110}, 3, 1, 20, 17}, {{0, 70}, 1, 1, 100, 0}};
  for (const AttentionCase& c : kCases)
    for (const bool half : {false, true}) {
      const Floats qkv = random_floats(c.tokens() * c.row(), 1, -1, 1);
      const auto g_qkv = in(qkv);
      const auto g_offsets = in(c.offsets);
      const DeviceArray<float> g_out(memory(), c.tokens() * c.heads * c.head_size), g_lse(memory(), c.tokens() * c.heads);
      const kernels::AttentionCuda args{c.heads, c.kv_heads, c.head_size, 0.3f, c.window, half, g_qkv.data(), g_out.data(), nullptr, g_lse.data()};
      kernels::attention_cuda(stream(), args, kernels::PackedCuda{c.tokens(), static_cast<int64_t>(c.offsets.size()) - 1, c.tokens(), g_offsets.data()});
      const Floats packed = out(g_out), packed_lse = out(g_lse);
      Pages pages(memory(), c, half, 24);
      Floats paged(packed.size()), paged_lse(packed_lse.size());
      std::vector<int64_t> done(c.offsets.size() - 1);
      // Turns of the sequences by turns of 37 rows, of one and of all that is left.
      for (int64_t turn = 0; turn < 9; ++turn) {
        std::vector<Added> added;
        for (size_t s = 0; s < done.size(); ++s) {
          const int64_t left = c.offsets[s + 1] - c.offsets[s] - done[s];
          const int64_t wanted = turn == 8 ? left : (turn + static_cast<int64_t>(s)) % 3 == 0 ? 37 : 1;
          const int64_t rows = std::min(left, wanted);
          if (rows > 0) added.insert(added.begin(), {s, done[s], rows});
          done[s] += rows;
        }
        if (!added.empty()) pages.attend(stream(), memory(), qkv, added, paged, paged_lse);
      }
      EXPECT_EQ(paged, packed);
      EXPECT_EQ(paged_lse, packed_lse);
    }
}

TEST_F(Heads, AttentionRefusesWhatItCannot) {
  kernels::AttentionCuda args;
  args.head_size = 129;
  std::string message;
  EXPECT_EQ(status_of_call([&] { kernels::attention_cuda(stream(), args, kernels::PackedCuda{1, 1, 1, nullptr}); }, &message), PX_UNSUPPORTED);
  EXPECT_NE(message.find("head_size: attention on a CUDA device takes 1 to 128, got 129"), std::string::npos) << message;
  EXPECT_EQ(status_of_call([&] { kernels::attention_cuda(stream(), args, kernels::CachedCuda{1, 1, nullptr, nullptr, 0}); }), PX_UNSUPPORTED);
}

}  // namespace
