// head_kl of the 135M model and a reference of its shape.
#include "kernels/head_kl/head_kl.h"

#include "kernels/head.h"
#include "suite.h"

namespace px::bench {

static const Registration head_kl("head_kl", [](Suite& suite) {
  HeadCase policy(suite.cpu());
  const HeadCase reference(suite.cpu());
  const Array<uint16_t> reference_hidden(HeadCase::kRows * HeadCase::kHidden, -1.1, 1.1);
  const Array<float> kl(HeadCase::kRows), upstream(HeadCase::kRows, 0.5, 1);
  kernels::HeadKlArgs args;
  args.n = HeadCase::kRows;
  args.policy = {policy.hidden, HeadCase::kHidden, policy.args.head};
  args.reference = {reference_hidden, HeadCase::kHidden, reference.args.head};
  args.head_transposed = policy.args.head_transposed;
  const Array<std::byte> workspace(static_cast<int64_t>(kernels::head_kl_workspace(args.policy.head, args.n, true)));
  args.workspace = workspace;
  const std::vector<View> views{policy.hidden_view(), policy.head_view(),
                                reference_hidden.view({HeadCase::kRows, HeadCase::kHidden}), reference.head_view(),
                                upstream.view()};
  suite.measure("2 x [1024, 576] x [49152, 576] bf16, forward", HeadCase::work(2),
                {{"Proximal", [&] { kernels::head_kl(suite.cpu(), args, kl); }}, suite.torch("head_kl", views, {0})});
  suite.measure("2 x [1024, 576] x [49152, 576] bf16, forward and backward", HeadCase::work(4),
                {{"Proximal",
                  [&] {
                    kernels::head_kl_gradient(suite.cpu(), args, upstream, kl, {policy.d_hidden, policy.d_head});
                  }},
                 suite.torch("head_kl", views, {1})});
});

}  // namespace px::bench
