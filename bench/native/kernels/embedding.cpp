// embedding: rows of the 135M model's table by random tokens.
#include "suite.h"

namespace px::bench {

static const Registration embedding("embedding", [](Suite& suite) {
  constexpr int64_t rows = 16384, hidden = 576, vocabulary = 49152;
  const Array<float> table(vocabulary * hidden, -1, 1), out(rows * hidden);
  const Array<int32_t> token(rows, 0, vocabulary);
  auto args = make_args<px_embedding_args>();
  args.rows = rows;
  args.hidden = hidden;
  args.vocabulary = vocabulary;
  args.token = token;
  args.table = table;
  args.out = out;
  constexpr double bytes = 4.0 * rows * hidden;
  suite.measure("16384 of [49152, 576]", {.read_bytes = bytes, .written_bytes = bytes},
                {{"Proximal", [&] { Suite::check(px_embedding_f32(suite.engine(), &args)); }},
                 suite.torch("embedding", {token.view(), table.view({vocabulary, hidden})})});
});

}  // namespace px::bench
