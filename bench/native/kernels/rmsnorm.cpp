// rmsnorm after a residual sum, of a block of the 135M model and of more rows than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration rmsnorm("rmsnorm", [](Suite& suite) {
  constexpr int64_t hidden = 576;
  for (const int64_t rows : {1024, 32768}) {
    const int64_t n = rows * hidden;
    const Array<float> x(n, -1, 1), delta(n, -1, 1), weight(hidden, 0.5, 1.5), sum(n);
    const Array<uint16_t> out(n);
    auto args = make_args<px_rmsnorm_args>();
    args.rows = rows;
    args.hidden = hidden;
    args.x = x;
    args.delta = delta;
    args.weight = weight;
    args.sum = sum;
    args.out_bf16 = out;
    const bool cached = n * 14 < kBeyondCaches;
    suite.measure(std::string("[").append(std::to_string(rows)) + ", 576], residual, bf16 out",
                  {.read_bytes = cached ? 0 : 8.0 * static_cast<double>(n), .written_bytes = cached ? 0 : 6.0 * static_cast<double>(n)},
                  {{"Proximal", [&] { Suite::check(px_rmsnorm_f32(suite.engine(), &args)); }},
                   suite.torch("rmsnorm", {x.view({rows, hidden}), delta.view({rows, hidden}), weight.view()})});
  }
});

}  // namespace px::bench
