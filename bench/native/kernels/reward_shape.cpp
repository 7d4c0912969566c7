// reward_shape: KL and token rewards in one pass over more tokens than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration reward_shape("reward_shape", [](Suite& suite) {
  constexpr int64_t sequences = 39063, length = 256, n = sequences * length;
  const Array<float> logprob(n, -3, 0), reference(n, -3, 0), score(sequences, -1, 1), reward(n), kl(n);
  const Array<int64_t> offsets(sequences + 1);
  for (int64_t s = 0; s <= sequences; ++s) offsets[s] = s * length;
  auto args = make_args<px_reward_args>();
  args.sequences = sequences;
  args.offsets = offsets;
  args.logprob = logprob;
  args.ref_logprob = reference;
  args.score = score;
  args.beta = 0.1;
  args.kl = kl;
  args.reward = reward;
  suite.measure("10^7 tokens, k1", {.read_bytes = 8.0 * n, .written_bytes = 8.0 * n},
                {{"Proximal", [&] { Suite::check(px_reward_shape_f32(suite.engine(), &args)); }},
                 suite.torch("reward_shape", {logprob.view(), reference.view(), score.view(), offsets.view()})});
});

}  // namespace px::bench
