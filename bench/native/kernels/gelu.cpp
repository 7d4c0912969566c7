// gelu by its tanh formula over more than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration gelu("gelu", [](Suite& suite) {
  constexpr int64_t n = 8192 * 3072;
  const Array<float> x(n, -3, 3);
  const Array<uint16_t> out(n);
  auto args = make_args<px_gelu_args>();
  args.count = n;
  args.x = x;
  args.out_bf16 = out;
  suite.measure("[8192, 3072], bf16 out", {.read_bytes = 4.0 * n, .written_bytes = 2.0 * n},
                {{"Proximal", [&] { Suite::check(px_gelu_f32(suite.engine(), &args)); }}, suite.torch("gelu", {x.view()})});
});

}  // namespace px::bench
