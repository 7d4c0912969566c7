// rope over the heads of the 135M model, of more rows than the caches hold. The peer turns queries and keys alone.
#include "suite.h"

namespace px::bench {

static const Registration rope("rope", [](Suite& suite) {
  constexpr int64_t rows = 16384, heads = 12, size = 64, positions = 2048;
  constexpr int64_t n = rows * heads * size;
  const Array<float> x(n, -1, 1), cos(rows * size / 2, -1, 1), sin(rows * size / 2, -1, 1), out(n);
  const Array<int32_t> position(rows);
  for (int64_t i = 0; i < rows; ++i) position[i] = static_cast<int32_t>(i % positions);
  auto args = make_args<px_rope_args>();
  args.rows = rows;
  args.heads = heads;
  args.head_size = size;
  args.positions = positions;
  args.x = x;
  args.position = position;
  args.cos = cos;
  args.sin = sin;
  args.out = out;
  suite.measure("[16384, 12, 64]", {.read_bytes = 4.0 * n, .written_bytes = 4.0 * n},
                {{"Proximal", [&] { Suite::check(px_rope_f32(suite.engine(), &args)); }},
                 suite.torch("rope", {x.view({rows, heads, size}), cos.view({rows, size / 2}), sin.view({rows, size / 2})})});
});

}  // namespace px::bench
