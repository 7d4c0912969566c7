// token_logprob from hidden states and the head: forward, and with both gradients (limit: four products, of which the
// kernel needs three).
#include "head.h"

namespace px::bench {
namespace {

class Upstream final : public kernels::HeadObjective {
 public:
  void operator()(int64_t, int64_t count, const float*, const float*, float* d_logprob, float* d_entropy) override {
    for (int64_t i = 0; i < count; ++i) d_logprob[i] = 1, d_entropy[i] = 0.01f;
  }
};

}  // namespace

static const Registration token_logprob("token_logprob", [](Suite& suite) {
  HeadCase c(suite.cpu());
  const kernels::HeadOutputs out{c.logprob, c.entropy, nullptr};
  const std::vector<View> views{c.hidden_view(), c.head_view(), c.target64.view()};
  Contender chunked = suite.torch("token_logprob", views, {128});
  chunked.name = "LibTorch, chunks of 128";
  suite.measure("[1024, 576] x [49152, 576] bf16, forward", HeadCase::work(1),
                {{"Proximal", [&] { kernels::head_logprob(suite.cpu(), c.args, out); }}});
  suite.measure("[1024, 576] x [49152, 576] bf16, forward and backward", HeadCase::work(4),
                {{"Proximal",
                  [&] {
                    Upstream upstream;
                    kernels::head_gradient(suite.cpu(), c.args, out, upstream, {c.d_hidden, c.d_head, false});
                  }},
                 suite.torch("token_logprob", views, {HeadCase::kRows}), chunked});
});

}  // namespace px::bench
