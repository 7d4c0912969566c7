// The least a call of an entry costs, natively: what a call from C# (CallBenchmarks) is compared with.
#include "suite.h"

namespace px::bench {

static const Registration call("call", [](Suite& suite) {
  float reward = 1, value = 1, advantage = 0;
  int64_t offsets[2] = {0, 1};
  auto gae = make_args<px_gae_args>();
  gae.sequences = 1;
  gae.offsets = offsets;
  gae.reward = &reward;
  gae.value = &value;
  gae.gamma = gae.lambda = 1;
  gae.advantage = &advantage;
  suite.measure("gae of one token", {}, {{"Proximal", [&] { Suite::check(px_gae_f32(suite.engine(), &gae)); }}});
  auto loss = make_args<px_policy_loss_args>();
  loss.count = 1;
  loss.logprob = loss.old_logprob = loss.advantage = &reward;
  loss.normalizer = 1;
  loss.gradient = &advantage;
  px_policy_metrics metrics;
  suite.measure("policy_loss of one token", {},
                {{"Proximal", [&] { Suite::check(px_policy_loss_f32(suite.engine(), &loss, &metrics)); }}});
  uint16_t rounded = 0;
  suite.measure("cast of one number", {}, {{"Proximal", [&] { Suite::check(px_cast_f32_to_bf16(suite.engine(), &reward, 1, &rounded)); }}});
});

}  // namespace px::bench
