// bradley_terry with both gradients over more pairs than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration bradley_terry("bradley_terry", [](Suite& suite) {
  constexpr int64_t n = 10'000'000;
  const Array<float> chosen(n, -2, 2), rejected(n, -2, 2), d_chosen(n), d_rejected(n);
  auto args = make_args<px_bradley_terry_args>();
  args.count = n;
  args.chosen = chosen;
  args.rejected = rejected;
  args.normalizer = n;
  args.gradient_chosen = d_chosen;
  args.gradient_rejected = d_rejected;
  suite.measure("10^7 pairs, gradients", {.read_bytes = 8.0 * n, .written_bytes = 8.0 * n},
                {{"Proximal", [&] { Suite::check(px_bradley_terry_f32(suite.engine(), &args, nullptr)); }},
                 suite.torch("bradley_terry", {chosen.view(), rejected.view()})});
});

}  // namespace px::bench
