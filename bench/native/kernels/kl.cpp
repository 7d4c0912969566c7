// kl with its derivative over more tokens than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration kl("kl", [](Suite& suite) {
  constexpr int64_t n = 10'000'000;
  const Array<float> logprob(n, -3, 0), reference(n, -3, 0), value(n), gradient(n);
  auto args = make_args<px_kl_args>();
  args.count = n;
  args.logprob = logprob;
  args.ref_logprob = reference;
  args.estimator = PX_KL_K3;
  args.value = value;
  args.gradient = gradient;
  suite.measure("10^7 tokens, k3, gradient", {.read_bytes = 8.0 * n, .written_bytes = 8.0 * n},
                {{"Proximal", [&] { Suite::check(px_kl_f32(suite.engine(), &args)); }},
                 suite.torch("kl", {logprob.view(), reference.view()})});
});

}  // namespace px::bench
