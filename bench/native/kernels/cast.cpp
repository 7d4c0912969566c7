// cast to bf16 of more than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration cast("cast", [](Suite& suite) {
  constexpr int64_t n = 25'000'000;
  const Array<float> x(n, -3, 3);
  const Array<uint16_t> out(n);
  suite.measure("2.5 x 10^7, to bf16", {.read_bytes = 4.0 * n, .written_bytes = 2.0 * n},
                {{"Proximal", [&] { Suite::check(px_cast_f32_to_bf16(suite.engine(), x, n, out)); }}, suite.torch("cast", {x.view()})});
});

}  // namespace px::bench
