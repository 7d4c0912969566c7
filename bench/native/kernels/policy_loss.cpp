// policy_loss with its gradient over more tokens than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration policy_loss("policy_loss", [](Suite& suite) {
  constexpr int64_t n = 10'000'000;
  const Array<float> logprob(n, -3, 0), old(n, -3, 0), advantage(n, -1, 1), weight(n, 0.5, 1), gradient(n);
  auto args = make_args<px_policy_loss_args>();
  args.count = n;
  args.logprob = logprob;
  args.old_logprob = old;
  args.advantage = advantage;
  args.weight = weight;
  args.normalizer = n;
  args.gradient = gradient;
  suite.measure("10^7 tokens, gradient", {.read_bytes = 16.0 * n, .written_bytes = 4.0 * n},
                {{"Proximal", [&] { Suite::check(px_policy_loss_f32(suite.engine(), &args, nullptr)); }},
                 suite.torch("policy_loss", {logprob.view(), old.view(), advantage.view(), weight.view()})});
});

}  // namespace px::bench
