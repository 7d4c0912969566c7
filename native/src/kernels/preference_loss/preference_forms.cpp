// The losses as functions of log-ratios, in double: what both the reference and the vector form call once a loss.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/preference_loss/preference_loss.h"

namespace px::kernels {
namespace {

using Args = px_preference_loss_args;

// A number and its derivative.
struct Slope {
  double value;
  double slope;
};

// NUMERICS: everything from exp(-|x|), which never overflows.
double sigmoid(double x) {
  const double small = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : small) / (1 + small);
}

// -log sigmoid(x).
double nls(double x) { return std::max(-x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// The slope of the sigmoid.
double bell(double x) { return sigmoid(x) * sigmoid(-x); }

Slope smoothed(double x, double e, double sign) {
  return {(1 - e) * nls(x) + sign * e * nls(-x), -(1 - e) * sigmoid(-x) + sign * e * sigmoid(x)};
}

Slope robust(double x, double e) {
  const Slope flipped = smoothed(x, e, -1);
  return {flipped.value / (1 - 2 * e), flipped.slope / (1 - 2 * e)};
}

// KL of Bernoulli distributions, sigmoid(x) from 1 - e.
Slope exo(double x, double e) {
  const double to_one = -nls(x) - std::log1p(-e);
  const double to_zero = -nls(-x) - std::log(e);
  return {sigmoid(x) * to_one + sigmoid(-x) * to_zero, bell(x) * (to_one - to_zero)};
}

Slope discopop(double x, double tau) {
  const double gate = sigmoid(x / tau);
  const double gate_slope = bell(x / tau) / tau;
  // NUMERICS: g exp(-x) in one exponential, because 0 times infinity stands here where x is far below 0.
  const double exponential = std::exp(-x - nls(x / tau));
  return {(1 - gate) * nls(x) + exponential,
          -gate_slope * nls(x) - (1 - gate) * sigmoid(-x) + exponential * (sigmoid(-x / tau) / tau - 1)};
}

// A loss of x = beta (u - v) - margin.
Slope of_difference(const Args& args, double x) {
  switch (args.form) {
    case PX_PREFERENCE_SIGMOID:
      return smoothed(x, args.label_smoothing, 1);
    case PX_PREFERENCE_HINGE:
      return {std::max(0.0, 1 - x), x < 1 ? -1.0 : 0.0};
    case PX_PREFERENCE_ROBUST:
      return robust(x, args.label_smoothing);
    case PX_PREFERENCE_EXO:
      return exo(x, args.label_smoothing);
    default:
      return discopop(x, args.tau);
  }
}

double squared(double x) { return x * x; }

// log(p / (1 - p)) of p = exp(u).
Slope log_odds(double u) { return {u - std::log(-std::expm1(u)), -1 / std::expm1(u)}; }

PreferenceLoss orpo(double beta, double u, double v) {
  const Slope chosen = log_odds(u);
  const Slope rejected = log_odds(v);
  const double x = chosen.value - rejected.value;
  const double pull = beta * sigmoid(-x);
  return {beta * nls(x), -pull * chosen.slope, pull * rejected.slope};
}

PreferenceLoss of_pair(const Args& args, double u, double v) {
  const double b = args.beta;
  const double target = 1 / (2 * b);
  switch (args.form) {
    case PX_PREFERENCE_IPO:
      return {squared(u - v - target), 2 * (u - v - target), -2 * (u - v - target)};
    case PX_PREFERENCE_NCA:
      return {nls(b * u) + nls(-b * u) / 2 + nls(-b * v) / 2, b * (sigmoid(b * u) / 2 - sigmoid(-b * u)),
              b * sigmoid(b * v) / 2};
    case PX_PREFERENCE_SPPO:
      return {squared(u - target) + squared(v + target), 2 * (u - target), 2 * (v + target)};
    case PX_PREFERENCE_APO_ZERO:
      return {sigmoid(-b * u) + sigmoid(b * v), -b * bell(b * u), b * bell(b * v)};
    case PX_PREFERENCE_APO_DOWN:
      return {sigmoid(b * u) + sigmoid(-b * (u - v)), b * (bell(b * u) - bell(b * (u - v))), b * bell(b * (u - v))};
    case PX_PREFERENCE_ORPO:
      return orpo(b, u, v);
    default:
      break;
  }
  const Slope loss = of_difference(args, b * (u - v) - args.margin);
  return {loss.value, b * loss.slope, -b * loss.slope};
}

PreferenceLoss of_single(const Args& args, double u, bool desirable) {
  const double weight = desirable ? args.desirable_weight : args.undesirable_weight;
  const double side = desirable ? 1 : -1;
  const double x = side * (args.beta * u - args.reference_point);
  const double pull = -side * args.beta * weight;
  if (args.form == PX_PREFERENCE_KTO) return {weight * sigmoid(-x), pull * bell(x), 0};
  return {weight * nls(x), pull * sigmoid(-x), 0};
}

Slope divergence_of(const Args& args, double u) {
  switch (args.divergence) {
    case PX_PREFERENCE_FORWARD_KL:
      return {-std::exp(-u), std::exp(-u)};
    case PX_PREFERENCE_JENSEN_SHANNON:
      return {-nls(u), sigmoid(-u)};
    case PX_PREFERENCE_ALPHA: {
      const double power = std::exp((args.alpha - 1) * u);
      return {power / (args.alpha - 1), power};
    }
    default:
      return {u, 1};
  }
}

// The log-ratio that the loss is of, and its derivative by the sum.
Slope ratio_of(const Args& args, const PreferenceAnswer& answer) {
  const bool mean = (args.flags & PX_PREFERENCE_MEAN) != 0;
  const double share = !mean ? 1 : answer.weight > 0 ? 1 / answer.weight : std::numeric_limits<double>::quiet_NaN();
  const Slope ratio = divergence_of(args, mean ? answer.log_ratio * share : answer.log_ratio);
  return {ratio.value, ratio.slope * share};
}

}  // namespace

PreferenceLoss preference_of(const Args& args, const PreferenceAnswer& chosen, const PreferenceAnswer& rejected,
                             bool desirable) {
  const Slope u = ratio_of(args, chosen);
  if (preference_is_single(args.form)) {
    const PreferenceLoss loss = of_single(args, u.value, desirable);
    return {loss.loss, loss.chosen * u.slope, 0};
  }
  const Slope v = ratio_of(args, rejected);
  const PreferenceLoss loss = of_pair(args, u.value, v.value);
  return {loss.loss, loss.chosen * u.slope, loss.rejected * v.slope};
}

void preference_count(const Args& args, const PreferenceLoss& loss, const PreferenceAnswer& chosen,
                      const PreferenceAnswer& rejected, bool desirable, px_preference_metrics& metrics) {
  const bool single = preference_is_single(args.form);
  metrics.loss += loss.loss;
  ++metrics.losses;
  metrics.correct += !single && chosen.log_ratio > rejected.log_ratio;
  if (!single || desirable) {
    ++metrics.chosen;
    metrics.reward_chosen += args.beta * chosen.log_ratio;
    metrics.logprob_chosen += chosen.logprob;
  }
  if (single && desirable) return;
  const PreferenceAnswer& other = single ? chosen : rejected;
  ++metrics.rejected;
  metrics.reward_rejected += args.beta * other.log_ratio;
  metrics.logprob_rejected += other.logprob;
}

}  // namespace px::kernels
