// group_advantage over groups of 8 answers: of one step, and more than the caches hold.
#include "suite.h"

namespace px::bench {
namespace {

void measure(Suite& suite, const char* shape, int64_t groups, int64_t size) {
  const int64_t n = groups * size;
  const Array<float> score(n, -1, 1), advantage(n);
  const Array<int64_t> offsets(groups + 1);
  for (int64_t g = 0; g <= groups; ++g) offsets[g] = g * size;
  auto args = make_args<px_group_advantage_args>();
  args.groups = groups;
  args.offsets = offsets;
  args.score = score;
  args.advantage = advantage;
  const double memory = n * 8 < kBeyondCaches ? 0 : static_cast<double>(n);
  suite.measure(shape, {.read_bytes = 4 * memory + (memory > 0 ? 8.0 * static_cast<double>(groups) : 0), .written_bytes = 4 * memory},
                {{"Proximal", [&] { Suite::check(px_group_advantage_f32(suite.engine(), &args, nullptr)); }},
                 suite.torch("group_advantage", {score.view({groups, size})}, {1e-6})});
}

}  // namespace

static const Registration group_advantage("group_advantage", [](Suite& suite) {
  measure(suite, "[64, 8]", 64, 8);
  measure(suite, "[1250000, 8], 10^7 rows", 1'250'000, 8);
});

}  // namespace px::bench
