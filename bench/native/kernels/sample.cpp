// sample from a row of logits of the 135M model.
#include "suite.h"

namespace px::bench {

static const Registration sample("sample", [](Suite& suite) {
  constexpr int64_t vocabulary = 49152;
  const Array<float> logits(vocabulary, -8, 8);
  auto args = make_args<px_sample_args>();
  args.vocabulary = vocabulary;
  args.logits = logits;
  args.temperature = 1;
  args.top_k = 50;
  args.top_p = 0.95;
  suite.measure("[49152], top-k 50, top-p 0.95", {},
                {{"Proximal",
                  [&] {
                    int32_t token;
                    float logprob;
                    ++args.index;
                    Suite::check(px_sample_f32(suite.engine(), &args, &token, &logprob));
                  }},
                 suite.torch("sample", {logits.view()})});
});

}  // namespace px::bench
