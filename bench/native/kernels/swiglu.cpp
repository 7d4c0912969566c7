// swiglu of the 135M model: a block's rows, and more than the caches hold.
#include "suite.h"

namespace px::bench {

static const Registration swiglu("swiglu", [](Suite& suite) {
  constexpr int64_t features = 1536;
  for (const int64_t rows : {256, 8192}) {
    const int64_t n = rows * features;
    const Array<float> gate_up(2 * n, -2, 2);
    const Array<uint16_t> out(n);
    auto args = make_args<px_swiglu_args>();
    args.rows = rows;
    args.features = features;
    args.gate_up = gate_up;
    args.out_bf16 = out;
    const bool cached = n * 10 < kBeyondCaches;
    suite.measure(std::string("[").append(std::to_string(rows)) + ", 2 x 1536], bf16 out",
                  {.read_bytes = cached ? 0 : 8.0 * static_cast<double>(n), .written_bytes = cached ? 0 : 2.0 * static_cast<double>(n)},
                  {{"Proximal", [&] { Suite::check(px_swiglu_f32(suite.engine(), &args)); }},
                   suite.torch("swiglu", {gate_up.view({rows, 2 * features})})});
  }
});

}  // namespace px::bench
