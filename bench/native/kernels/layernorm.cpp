// layernorm after a residual sum, of a block of a small model and of more rows than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration layernorm("layernorm", [](Suite& suite) {
  constexpr int64_t hidden = 768;
  for (const int64_t rows : {1024, 32768}) {
    const int64_t n = rows * hidden;
    const Array<float> x(n, -1, 1), delta(n, -1, 1), weight(hidden, 0.5, 1.5), bias(hidden, -1, 1), sum(n);
    const Array<uint16_t> out(n);
    auto args = make_args<px_layernorm_args>();
    args.rows = rows;
    args.hidden = hidden;
    args.x = x;
    args.delta = delta;
    args.weight = weight;
    args.bias = bias;
    args.sum = sum;
    args.out_bf16 = out;
    const bool cached = n * 14 < kBeyondCaches;
    suite.measure(std::string("[").append(std::to_string(rows)) + ", 768], residual, bf16 out",
                  {.read_bytes = cached ? 0 : 8.0 * static_cast<double>(n), .written_bytes = cached ? 0 : 6.0 * static_cast<double>(n)},
                  {{"Proximal", [&] { Suite::check(px_layernorm_f32(suite.engine(), &args)); }},
                   suite.torch("layernorm", {x.view({rows, hidden}), delta.view({rows, hidden}), weight.view(), bias.view()})});
  }
});

}  // namespace px::bench
