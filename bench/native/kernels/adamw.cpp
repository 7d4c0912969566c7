// adamw with the gradient's norm and the bf16 shadow over the parameters of a 135M model.
#include "suite.h"

namespace px::bench {

static const Registration adamw("adamw", [](Suite& suite) {
  constexpr int64_t n = 134'515'008;
  constexpr double kTensors = 272;  // of the model
  const Array<float> parameter(n, -1, 1), gradient(n, -1e-4, 1e-4), first(n), second(n);
  const Array<uint16_t> shadow(n);
  auto args = make_args<px_adamw_args>();
  args.count = n;
  args.parameter = parameter;
  args.gradient = gradient;
  args.exp_avg = first;
  args.exp_avg_sq = second;
  args.shadow = shadow;
  args.step = 10;
  args.learning_rate = 1e-6;
  args.weight_decay = 0.01;
  // 34 bytes a parameter: the gradient twice, parameter and moments in and out, the shadow out.
  suite.measure("135M parameters, norm, bf16 shadow", {.read_bytes = 20.0 * n, .written_bytes = 14.0 * n},
                {{"Proximal",
                  [&] {
                    double squares = 0;
                    Suite::check(px_squared_norm_f32(suite.engine(), gradient, n, &squares));
                    args.gradient_scale = std::min(1.0, 1 / (std::sqrt(squares) + 1e-6));
                    Suite::check(px_adamw_f32(suite.engine(), &args));
                  }},
                 suite.torch("adamw", {parameter.view(), gradient.view(), shadow.view()}, {kTensors})});
});

}  // namespace px::bench
