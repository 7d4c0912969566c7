#include "kernels/preference_loss/preference_loss.h"

#include <algorithm>
#include <array>

#include "kernels/checks.h"

namespace px::kernels {
namespace {

template <size_t N>
bool is_one_of(int32_t form, const std::array<int32_t, N>& forms) {
  return std::ranges::find(forms, form) != forms.end();
}

constexpr std::array<int32_t, 3> kSmoothed{PX_PREFERENCE_SIGMOID, PX_PREFERENCE_ROBUST, PX_PREFERENCE_EXO};
constexpr std::array<int32_t, 5> kWithMargin{PX_PREFERENCE_SIGMOID, PX_PREFERENCE_HINGE, PX_PREFERENCE_ROBUST,
                                             PX_PREFERENCE_EXO, PX_PREFERENCE_DISCOPOP};

void check_unused(double value, bool used, const char* name, int32_t form) {
  check(used || value == 0, PX_INVALID_ARGUMENT, name, ": expected 0, which is all that form ", form, " takes, got ",
        value);
}

void check_numbers(const px_preference_loss_args& a) {
  check_positive(a.beta, "beta");
  check(a.label_smoothing >= 0 && a.label_smoothing < 0.5, PX_INVALID_ARGUMENT,
        "label_smoothing: expected at least 0 and less than 0.5, got ", a.label_smoothing);
  check_unused(a.label_smoothing, is_one_of(a.form, kSmoothed), "label_smoothing", a.form);
  check_finite(a.margin, "margin");
  check_unused(a.margin, is_one_of(a.form, kWithMargin), "margin", a.form);
  check_finite(a.reference_point, "reference_point");
  check_unused(a.reference_point, preference_is_single(a.form), "reference_point", a.form);
  check(std::isfinite(a.alpha) && a.alpha != 1, PX_INVALID_ARGUMENT,
        "alpha: expected a finite number other than 1 (the reverse KL), got ", a.alpha);
  check_positive(a.tau, "tau");
  check_positive(a.desirable_weight, "desirable_weight");
  check_positive(a.undesirable_weight, "undesirable_weight");
  check_positive(a.normalizer, "normalizer");
}

void check_form(const px_preference_loss_args& a) {
  check(a.form >= PX_PREFERENCE_SIGMOID && a.form <= PX_PREFERENCE_BCO, PX_INVALID_ARGUMENT,
        "form: expected a px_preference_form (1 to 13), got ", a.form);
  check(a.divergence >= PX_PREFERENCE_REVERSE_KL && a.divergence <= PX_PREFERENCE_ALPHA, PX_INVALID_ARGUMENT,
        "divergence: expected a px_preference_divergence (1 to 4), got ", a.divergence);
  const bool plain = a.form == PX_PREFERENCE_ORPO || preference_is_single(a.form);
  check(!plain || a.divergence == PX_PREFERENCE_REVERSE_KL, PX_INVALID_ARGUMENT,
        "divergence: expected the reverse KL for ORPO, KTO and BCO, got ", a.divergence);
  const bool mean = (a.flags & PX_PREFERENCE_MEAN) != 0;
  check(a.form != PX_PREFERENCE_ORPO || (mean && a.ref_logprob == nullptr), PX_INVALID_ARGUMENT,
        "form: ORPO is of mean log-probs without a reference: set PX_PREFERENCE_MEAN, and ref_logprob to NULL");
  check(preference_is_single(a.form) || a.sequences % 2 == 0, PX_INVALID_ARGUMENT,
        "sequences: expected an even number, 2i chosen over 2i + 1, got ", a.sequences);
}

}  // namespace

bool preference_is_single(int32_t form) { return form == PX_PREFERENCE_KTO || form == PX_PREFERENCE_BCO; }

void preference_loss(const Cpu& cpu, const px_preference_loss_args& args, px_preference_metrics& metrics) {
  px_preference_loss_args a = args;
  a.form = or_default<int32_t>(a.form, PX_PREFERENCE_SIGMOID);
  a.divergence = or_default<int32_t>(a.divergence, PX_PREFERENCE_REVERSE_KL);
  a.beta = or_default(a.beta, 0.1);
  if (a.form == PX_PREFERENCE_EXO) a.label_smoothing = or_default(a.label_smoothing, 1e-3);
  a.alpha = or_default(a.alpha, 0.5);
  a.tau = or_default(a.tau, 0.05);
  a.desirable_weight = or_default(a.desirable_weight, 1.0);
  a.undesirable_weight = or_default(a.undesirable_weight, 1.0);
  check_form(a);
  check_numbers(a);
  const int64_t losses = preference_is_single(a.form) ? a.sequences : a.sequences / 2;
  metrics = cpu.isa == Isa::kScalar ? preference_loss_ref(a, 0, losses) : preference_loss_cpu(cpu, a);
}

}  // namespace px::kernels
