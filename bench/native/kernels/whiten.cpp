// whiten: moments and their application over more tokens than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration whiten("whiten", [](Suite& suite) {
  constexpr int64_t n = 10'000'000;
  const Array<float> x(n, -1, 1), out(n);
  const Array<uint8_t> mask(n, 1, 2);
  // What stands in memory is read twice: the moments have to be known before they are applied.
  suite.measure("10^7 tokens, masked", {.read_bytes = 10.0 * n, .written_bytes = 4.0 * n},
                {{"Proximal",
                  [&] {
                    px_moments moments;
                    Suite::check(px_whiten_moments_f32(suite.engine(), x, mask, n, &moments));
                    Suite::check(px_whiten_apply_f32(suite.engine(), x, mask, n, &moments, 0, out));
                  }},
                 suite.torch("whiten", {x.view(), mask.view()})});
});

}  // namespace px::bench
