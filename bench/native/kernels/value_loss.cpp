// value_loss with its gradient over more tokens than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration value_loss("value_loss", [](Suite& suite) {
  constexpr int64_t n = 10'000'000;
  const Array<float> value(n, -1, 1), old(n, -1, 1), returns(n, -1, 1), weight(n, 0.5, 1), gradient(n);
  auto args = make_args<px_value_loss_args>();
  args.count = n;
  args.value = value;
  args.old_value = old;
  args.returns = returns;
  args.weight = weight;
  args.normalizer = n;
  args.gradient = gradient;
  suite.measure("10^7 tokens, gradient", {.read_bytes = 16.0 * n, .written_bytes = 4.0 * n},
                {{"Proximal", [&] { Suite::check(px_value_loss_f32(suite.engine(), &args, nullptr)); }},
                 suite.torch("value_loss", {value.view(), old.view(), returns.view(), weight.view()})});
});

}  // namespace px::bench
