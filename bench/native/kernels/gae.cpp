// gae: a rollout in the caches, and more tokens than they hold. The peer loops over time, as engines in Python do.
#include "suite.h"

namespace px::bench {
namespace {

void measure(Suite& suite, const char* shape, int64_t sequences, int64_t length) {
  const int64_t n = sequences * length;
  const Array<float> reward(n, -1, 1), value(n, -1, 1), advantage(n), returns(n);
  const Array<int64_t> offsets(sequences + 1);
  for (int64_t s = 0; s <= sequences; ++s) offsets[s] = s * length;
  auto args = make_args<px_gae_args>();
  args.sequences = sequences;
  args.offsets = offsets;
  args.reward = reward;
  args.value = value;
  args.gamma = 1;
  args.lambda = 0.95;
  args.advantage = advantage;
  args.returns = returns;
  const bool cached = n * 16 < kBeyondCaches;
  suite.measure(shape, {.read_bytes = cached ? 0 : 8.0 * static_cast<double>(n), .written_bytes = cached ? 0 : 8.0 * static_cast<double>(n)},
                {{"Proximal", [&] { Suite::check(px_gae_f32(suite.engine(), &args)); }},
                 suite.torch("gae", {reward.view({sequences, length}), value.view({sequences, length})}, {1, 0.95})});
}

}  // namespace

static const Registration gae("gae", [](Suite& suite) {
  measure(suite, "[64, 256]", 64, 256);
  measure(suite, "[39063, 256], 10^7 tokens", 39063, 256);
});

}  // namespace px::bench
