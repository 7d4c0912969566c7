// fused_policy_loss: from hidden states and the head to the loss and both gradients.
#include "kernels/fused_policy_loss/fused_policy_loss.h"

#include "head.h"

namespace px::bench {

static const Registration fused_policy_loss("fused_policy_loss", [](Suite& suite) {
  HeadCase c(suite.cpu());
  const Array<float> old(HeadCase::kRows, -11, -10), advantage(HeadCase::kRows, -1, 1);
  kernels::FusedPolicyLossArgs args;
  args.head = c.args;
  args.policy = make_args<px_policy_loss_args>();
  args.policy.count = HeadCase::kRows;
  args.policy.old_logprob = old;
  args.policy.advantage = advantage;
  args.policy.normalizer = HeadCase::kRows;
  args.entropy_coefficient = 0.01;
  const std::vector<View> views{c.hidden_view(), c.head_view(), c.target64.view(), old.view(), advantage.view()};
  Contender chunked = suite.torch("fused_policy_loss", views, {128});
  chunked.name = "LibTorch, chunks of 128";
  suite.measure("[1024, 576] x [49152, 576] bf16, loss and gradients", HeadCase::work(3),
                {{"Proximal",
                  [&] {
                    kernels::FusedPolicyMetrics metrics;
                    kernels::fused_policy_loss(suite.cpu(), args, {c.logprob, c.entropy, nullptr}, {c.d_hidden, c.d_head, false}, metrics);
                  }},
                 suite.torch("fused_policy_loss", views, {HeadCase::kRows}), chunked});
});

}  // namespace px::bench
