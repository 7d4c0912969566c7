// preference_loss: every form against its formula written out, central differences, masks, means, extremes, bad
// arguments.
#include <functional>
#include <numeric>

#include "kernel_test.h"

using namespace px::test;

namespace {

// Answers of all lengths from 1 up, every fifth token without weight.
struct Answers {
  explicit Answers(int64_t sequences) {
    for (int64_t s = 0; s < sequences; ++s) offsets.push_back(offsets.back() + 1 + s % 9);
    const int64_t n = offsets.back();
    logprob = random_floats(n, 1, -3, -0.1);
    reference = random_floats(n, 2, -3, -0.1);
    weight = random_floats(n, 3, 0.25, 2);
    for (size_t i = 4; i < weight.size(); i += 5)
      if (std::ranges::find(offsets, static_cast<int64_t>(i)) == offsets.end()) weight[i] = 0;
    for (int64_t s = 0; s < sequences; ++s) desirable.push_back(s % 3 != 0);
    loss.assign(static_cast<size_t>(sequences), kNan);
    reward.assign(static_cast<size_t>(sequences), kNan);
    gradient.assign(static_cast<size_t>(n), kNan);
  }

  px_preference_loss_args args(int32_t form) {
    auto a = make_args<px_preference_loss_args>();
    a.sequences = static_cast<int64_t>(offsets.size()) - 1;
    a.offsets = offsets.data();
    a.logprob = logprob.data();
    a.ref_logprob = form == PX_PREFERENCE_ORPO ? nullptr : reference.data();
    a.flags = form == PX_PREFERENCE_ORPO ? PX_PREFERENCE_MEAN : 0;
    a.weight = weight.data();
    a.desirable = desirable.data();
    a.form = form;
    a.beta = 0.3;
    a.normalizer = 4;
    a.loss = loss.data();
    a.reward = reward.data();
    a.gradient = gradient.data();
    return a;
  }

  // Sum or mean over an answer's tokens.
  double log_ratio(const px_preference_loss_args& a, size_t s) const {
    double sum = 0, weights = 0;
    for (auto i = static_cast<size_t>(offsets[s]); i < static_cast<size_t>(offsets[s + 1]); ++i) {
      if (weight[i] == 0) continue;
      sum += weight[i] * (double{logprob[i]} - (a.ref_logprob != nullptr ? reference[i] : 0));
      weights += weight[i];
    }
    return (a.flags & PX_PREFERENCE_MEAN) != 0 ? sum / weights : sum;
  }

  std::vector<int64_t> offsets{0};
  std::vector<float> logprob, reference, weight, loss, reward, gradient;
  std::vector<uint8_t> desirable;
};

double sigma(double x) { return 1 / (1 + std::exp(-x)); }
double nls(double x) { return std::log(1 + std::exp(-x)); }

// The forms as the header has them; of a single answer u with `wanted`.
double formula(const px_preference_loss_args& a, double u, double v, bool wanted) {
  const double b = a.beta, e = a.label_smoothing, x = b * (u - v) - a.margin, r = b * u, s = b * v;
  const double z = a.reference_point, tau = 0.05, g = sigma(x / tau);
  switch (a.form) {
    case PX_PREFERENCE_SIGMOID: return (1 - e) * nls(x) + e * nls(-x);
    case PX_PREFERENCE_HINGE: return std::max(0.0, 1 - x);
    case PX_PREFERENCE_IPO: return std::pow(u - v - 1 / (2 * b), 2);
    case PX_PREFERENCE_ROBUST: return ((1 - e) * nls(x) - e * nls(-x)) / (1 - 2 * e);
    case PX_PREFERENCE_EXO: return sigma(x) * std::log(sigma(x) / (1 - e)) + sigma(-x) * std::log(sigma(-x) / e);
    case PX_PREFERENCE_NCA: return nls(r) + nls(-r) / 2 + nls(-s) / 2;
    case PX_PREFERENCE_SPPO: return std::pow(u - 1 / (2 * b), 2) + std::pow(v + 1 / (2 * b), 2);
    case PX_PREFERENCE_APO_ZERO: return sigma(-r) + sigma(s);
    case PX_PREFERENCE_APO_DOWN: return sigma(r) + sigma(-b * (u - v));
    case PX_PREFERENCE_DISCOPOP: return (1 - g) * nls(x) + g * std::exp(-x);
    case PX_PREFERENCE_ORPO:
      return b * nls(std::log(std::exp(u) / (1 - std::exp(u))) - std::log(std::exp(v) / (1 - std::exp(v))));
    case PX_PREFERENCE_KTO: return wanted ? 1.5 * sigma(z - r) : 0.75 * sigma(r - z);
    default: return wanted ? 1.5 * nls(r - z) : 0.75 * nls(z - r);
  }
}

bool is_single(int32_t form) { return form == PX_PREFERENCE_KTO || form == PX_PREFERENCE_BCO; }

std::vector<int32_t> all_forms() {
  std::vector<int32_t> forms(13);
  std::iota(forms.begin(), forms.end(), 1);
  return forms;
}

// Sets what the form takes besides beta.
void use_all_numbers(px_preference_loss_args& a) {
  const std::vector<int32_t> smoothed{PX_PREFERENCE_SIGMOID, PX_PREFERENCE_ROBUST, PX_PREFERENCE_EXO};
  if (std::ranges::find(smoothed, a.form) != smoothed.end()) a.label_smoothing = 0.1;
  if (a.form <= PX_PREFERENCE_EXO && a.form != PX_PREFERENCE_IPO) a.margin = 0.25;
  if (is_single(a.form)) {
    a.reference_point = 0.125;
    a.desirable_weight = 1.5;
    a.undesirable_weight = 0.75;
  }
}

class PreferenceLoss : public KernelTest {
 protected:
  px_preference_metrics run(const px_preference_loss_args& args) {
    px_preference_metrics metrics{};
    EXPECT_EQ(px_preference_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
    return metrics;
  }

  // d (sum(loss) / normalizer) / d logprob of every token that counts, by central differences.
  void expect_gradients(Answers& answers, const px_preference_loss_args& args, const std::string& what) {
    run(args);
    const std::vector<float> gradient = answers.gradient;
    for (size_t i = 0; i < gradient.size(); ++i) {
      const float middle = answers.logprob[i];
      const auto total = [&](float at) {
        answers.logprob[i] = at;
        return run(args).loss / args.normalizer;
      };
      constexpr float kStep = 1.0f / 4096;
      const double slope = (total(middle + kStep) - total(middle - kStep)) / (2 * kStep);
      answers.logprob[i] = middle;
      expect_close(gradient[i], slope, 1e-5, what + ", gradient " + std::to_string(i));
    }
  }
};

TEST_F(PreferenceLoss, EqualsTheFormulaForEveryFormAndManySizes) {
  for (const int32_t form : all_forms()) {
    for (const int64_t sequences : {2, 6, 34, 66}) {
      Answers answers(sequences);
      px_preference_loss_args args = answers.args(form);
      use_all_numbers(args);
      const px_preference_metrics metrics = run(args);
      const size_t step = is_single(form) ? 1 : 2;
      double sum = 0, chosen = 0, rejected = 0;
      int64_t correct = 0, wanted_answers = 0;
      for (size_t s = 0; s < static_cast<size_t>(sequences); s += step) {
        const double u = answers.log_ratio(args, s);
        const double v = step == 2 ? answers.log_ratio(args, s + 1) : 0;
        const bool wanted = step == 2 || answers.desirable[s] != 0;
        const double expected = formula(args, u, v, wanted);
        expect_close(answers.loss[s / step], expected, 1e-6, "form " + std::to_string(form));
        sum += expected;
        if (args.flags == 0) expect_close(answers.reward[s], 0.3 * u, 1e-6, "reward");
        (wanted ? chosen : rejected) += 0.3 * u;
        rejected += 0.3 * v;
        correct += step == 2 && answers.reward[s] > answers.reward[s + 1];
        wanted_answers += wanted;
      }
      expect_close(metrics.loss, sum, 1e-11, "sum of form " + std::to_string(form));
      EXPECT_EQ(metrics.losses, sequences / static_cast<int64_t>(step));
      EXPECT_EQ(metrics.correct, correct);
      EXPECT_EQ(metrics.chosen, wanted_answers);
      EXPECT_EQ(metrics.chosen + metrics.rejected, sequences);
      if (args.flags == 0) {
        expect_close(metrics.reward_chosen, chosen, 1e-11, "rewards of the chosen");
        expect_close(metrics.reward_rejected, rejected, 1e-11, "rewards of the rejected");
      }
    }
  }
}

TEST_F(PreferenceLoss, GradientsAreTheDerivativesOfEveryForm) {
  for (const int32_t form : all_forms()) {
    Answers answers(10);
    px_preference_loss_args args = answers.args(form);
    use_all_numbers(args);
    expect_gradients(answers, args, "form " + std::to_string(form));
    args.flags = PX_PREFERENCE_MEAN;
    expect_gradients(answers, args, "mean, form " + std::to_string(form));
  }
}

TEST_F(PreferenceLoss, DivergencesTakeThePlaceOfTheLogRatio) {
  const std::function<double(double)> replacements[] = {
      [](double u) { return u; }, [](double u) { return -std::exp(-u); }, [](double u) { return -nls(u); },
      [](double u) { return std::exp(-0.25 * u) / -0.25; }};
  for (int32_t divergence = PX_PREFERENCE_REVERSE_KL; divergence <= PX_PREFERENCE_ALPHA; ++divergence) {
    Answers answers(12);
    px_preference_loss_args args = answers.args(PX_PREFERENCE_SIGMOID);
    args.divergence = divergence;
    args.alpha = 0.75;
    run(args);
    const auto& replace = replacements[divergence - 1];
    for (size_t p = 0; p < 6; ++p)
      expect_close(answers.loss[p],
                   formula(args, replace(answers.log_ratio(args, 2 * p)), replace(answers.log_ratio(args, 2 * p + 1)), true),
                   1e-6, "divergence " + std::to_string(divergence));
    expect_gradients(answers, args, "divergence " + std::to_string(divergence));
  }
}

TEST_F(PreferenceLoss, KnownLosses) {
  // beta ((−1 − −2) − (−3 − −3.5)) = 0.1 · 0.5: DPO's -log sigmoid(0.05), its slope sigmoid(-0.05).
  const std::vector<int64_t> offsets{0, 1, 2};
  const std::vector<float> logprob{-1, -3}, reference{-2, -3.5f};
  std::vector<float> gradient(2, kNan);
  auto args = make_args<px_preference_loss_args>();
  args.sequences = 2;
  args.offsets = offsets.data();
  args.logprob = logprob.data();
  args.ref_logprob = reference.data();
  args.normalizer = 1;
  args.gradient = gradient.data();
  const px_preference_metrics metrics = run(args);
  EXPECT_NEAR(metrics.loss, 0.668460, 1e-6);
  EXPECT_NEAR(gradient[0], -0.0487503, 1e-7);
  EXPECT_EQ(gradient[1], -gradient[0]);
  EXPECT_EQ(metrics.logprob_chosen, -1);
  EXPECT_EQ(metrics.logprob_rejected, -3);
}

TEST_F(PreferenceLoss, StaysStableForExtremeDifferences) {
  for (const int32_t form : all_forms()) {
    if (form == PX_PREFERENCE_ORPO) continue;  // of probabilities: both are 0 there
    for (const float lead : {2000.f, -2000.f, 1e5f, -1e5f}) {
      const std::vector<int64_t> offsets{0, 1, 2};
      const std::vector<float> logprob{lead, 0}, reference{0, 0};
      const std::vector<uint8_t> desirable{1, 0};
      std::vector<float> gradient(2, kNan);
      auto args = make_args<px_preference_loss_args>();
      args.sequences = 2;
      args.offsets = offsets.data();
      args.logprob = logprob.data();
      args.ref_logprob = reference.data();
      args.desirable = desirable.data();
      args.form = form;
      args.normalizer = 1;
      args.gradient = gradient.data();
      const px_preference_metrics metrics = run(args);
      EXPECT_TRUE(std::isfinite(metrics.loss)) << form;
      EXPECT_TRUE(std::isfinite(gradient[0]) && std::isfinite(gradient[1])) << form;
    }
  }
}

TEST_F(PreferenceLoss, NeverReadsTokensWithoutWeightAndWritesThemAsZero) {
  Answers answers(18);
  for (size_t i = 0; i < answers.weight.size(); ++i)
    if (answers.weight[i] == 0) answers.logprob[i] = answers.reference[i] = kNan;
  run(answers.args(PX_PREFERENCE_SIGMOID));
  for (size_t i = 0; i < answers.weight.size(); ++i) EXPECT_EQ(answers.gradient[i] == 0, answers.weight[i] == 0) << i;
}

TEST_F(PreferenceLoss, WithoutAReferenceItCountsAsZero) {
  Answers answers(18);
  px_preference_loss_args args = answers.args(PX_PREFERENCE_IPO);
  args.ref_logprob = nullptr;
  run(args);
  const std::vector<float> free = answers.loss;
  std::ranges::fill(answers.reference, 0.f);
  args.ref_logprob = answers.reference.data();
  run(args);
  EXPECT_EQ(free[3], answers.loss[3]);
}

TEST_F(PreferenceLoss, AnAnswerWithoutTokensHasLogRatioZeroAndNoMean) {
  const std::vector<int64_t> offsets{0, 0, 0};
  float loss = kNan;
  auto args = make_args<px_preference_loss_args>();
  args.sequences = 2;
  args.offsets = offsets.data();
  args.normalizer = 1;
  args.loss = &loss;
  EXPECT_EQ(run(args).losses, 1);
  EXPECT_NEAR(loss, std::log(2), 1e-7);
  args.flags = PX_PREFERENCE_MEAN;
  EXPECT_EQ(px_preference_loss_f32(engine_, &args, nullptr), PX_INVALID_ARGUMENT);
  expect_error_with("sequence 0");
}

TEST_F(PreferenceLoss, NothingGivesEmptyMetrics) {
  const int64_t offset = 0;
  auto args = make_args<px_preference_loss_args>();
  args.offsets = &offset;
  args.normalizer = 1;
  px_preference_metrics metrics{};
  metrics.losses = 3;
  ASSERT_EQ(px_preference_loss_f32(engine_, &args, &metrics), PX_OK) << last_error();
  EXPECT_EQ(metrics.losses, 0);
}

TEST_F(PreferenceLoss, ZeroMeansTheDefault) {
  Answers answers(10);
  px_preference_loss_args args = answers.args(0);
  args.beta = 0;
  run(args);
  const std::vector<float> by_default = answers.loss;
  args.form = PX_PREFERENCE_SIGMOID;
  args.divergence = PX_PREFERENCE_REVERSE_KL;
  args.beta = 0.1;
  run(args);
  EXPECT_EQ(std::vector(answers.loss.begin(), answers.loss.begin() + 5),
            std::vector(by_default.begin(), by_default.begin() + 5));
}

TEST_F(PreferenceLoss, NamesWhatIsNotFinite) {
  for (int which = 0; which < 3; ++which) {
    Answers answers(6);
    std::vector<float>* arrays[] = {&answers.logprob, &answers.reference, &answers.weight};
    const char* names[] = {"logprob[7]", "ref_logprob[7]", "weight[7]"};
    (*arrays[which])[7] = which == 0 ? kNan : kInf;
    const px_preference_loss_args args = answers.args(PX_PREFERENCE_SIGMOID);
    EXPECT_EQ(px_preference_loss_f32(engine_, &args, nullptr), PX_NOT_FINITE);
    expect_error_with(std::string("px_preference_loss_f32: ") + names[which]);
  }
}

TEST_F(PreferenceLoss, NamesAResultThatOverflows) {
  const std::vector<int64_t> offsets{0, 1, 2};
  const std::vector<float> logprob{-3e38f, 3e38f};
  auto args = make_args<px_preference_loss_args>();
  args.sequences = 2;
  args.offsets = offsets.data();
  args.logprob = logprob.data();
  args.form = PX_PREFERENCE_IPO;
  args.normalizer = 1;
  EXPECT_EQ(px_preference_loss_f32(engine_, &args, nullptr), PX_NOT_FINITE);
  expect_error_with("loss[0]");
}

TEST_F(PreferenceLoss, RefusesBadArguments) {
  Answers answers(4);
  const auto status = [&](int32_t form, auto&& change) {
    px_preference_loss_args args = answers.args(form);
    change(args);
    return px_preference_loss_f32(engine_, &args, nullptr);
  };
  const px_preference_loss_args good = answers.args(PX_PREFERENCE_SIGMOID);
  EXPECT_EQ(px_preference_loss_f32(nullptr, &good, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_preference_loss_f32(engine_, nullptr, nullptr), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(1, [](auto& a) { a.struct_size -= 8; }), PX_ABI_MISMATCH);
  EXPECT_EQ(status(1, [](auto& a) { a.flags = 2; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(1, [](auto& a) { a.offsets = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(1, [](auto& a) { a.logprob = nullptr; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(1, [](auto& a) { a.sequences = 3; }), PX_INVALID_ARGUMENT);
  expect_error_with("even");
  EXPECT_EQ(status(PX_PREFERENCE_KTO, [](auto& a) { a.desirable = nullptr; }), PX_INVALID_ARGUMENT);
  expect_error_with("desirable");
  EXPECT_EQ(status(PX_PREFERENCE_ORPO, [](auto& a) { a.flags = 0; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(PX_PREFERENCE_ORPO, [&](auto& a) { a.ref_logprob = answers.reference.data(); }), PX_INVALID_ARGUMENT);
  for (const int32_t form : {-1, 14}) EXPECT_EQ(status(form, [](auto&) {}), PX_INVALID_ARGUMENT);
  for (const int32_t divergence : {-1, 5})
    EXPECT_EQ(status(1, [&](auto& a) { a.divergence = divergence; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(PX_PREFERENCE_KTO, [](auto& a) { a.divergence = PX_PREFERENCE_ALPHA; }), PX_INVALID_ARGUMENT);
  for (const int64_t count : kAbsurdCounts)
    EXPECT_EQ(status(1, [&](auto& a) { a.sequences = count; }), PX_INVALID_ARGUMENT) << count;
  for (const double bad : {-1.0, double{kNan}, double{kInf}}) {
    EXPECT_EQ(status(1, [&](auto& a) { a.beta = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status(1, [&](auto& a) { a.normalizer = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status(1, [&](auto& a) { a.label_smoothing = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status(1, [&](auto& a) { a.tau = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status(1, [&](auto& a) { a.desirable_weight = bad; }), PX_INVALID_ARGUMENT);
    EXPECT_EQ(status(1, [&](auto& a) { a.undesirable_weight = bad; }), PX_INVALID_ARGUMENT);
  }
  for (const double bad : {1.0, double{kNan}, double{kInf}})
    EXPECT_EQ(status(1, [&](auto& a) { a.alpha = bad; }), PX_INVALID_ARGUMENT);
  // What a form does not take is refused instead of ignored.
  EXPECT_EQ(status(1, [](auto& a) { a.label_smoothing = 0.5; }), PX_INVALID_ARGUMENT);
  EXPECT_EQ(status(PX_PREFERENCE_IPO, [](auto& a) { a.label_smoothing = 0.1; }), PX_INVALID_ARGUMENT);
  expect_error_with("label_smoothing");
  EXPECT_EQ(status(PX_PREFERENCE_IPO, [](auto& a) { a.margin = 0.1; }), PX_INVALID_ARGUMENT);
  expect_error_with("margin");
  EXPECT_EQ(status(PX_PREFERENCE_SIGMOID, [](auto& a) { a.reference_point = 0.1; }), PX_INVALID_ARGUMENT);
  expect_error_with("reference_point");
}

}  // namespace
