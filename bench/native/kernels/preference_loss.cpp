// preference_loss with its gradient by token: DPO over answers in the caches, and over more than they hold.
#include "suite.h"

namespace px::bench {
namespace {

void measure(Suite& suite, const char* shape, int64_t pairs, int64_t length) {
  const int64_t n = 2 * pairs * length;
  const Array<float> logprob(n, -3, 0), reference(n, -3, 0), gradient(n);
  const Array<int64_t> offsets(2 * pairs + 1);
  for (int64_t s = 0; s <= 2 * pairs; ++s) offsets[s] = s * length;
  auto args = make_args<px_preference_loss_args>();
  args.sequences = 2 * pairs;
  args.offsets = offsets;
  args.logprob = logprob;
  args.ref_logprob = reference;
  args.normalizer = static_cast<double>(pairs);
  args.gradient = gradient;
  const double memory = n * 12 < kBeyondCaches ? 0 : static_cast<double>(n);
  suite.measure(shape, {.read_bytes = 8 * memory, .written_bytes = 4 * memory},
                {{"Proximal", [&] { Suite::check(px_preference_loss_f32(suite.engine(), &args, nullptr)); }},
                 suite.torch("preference_loss", {logprob.view({pairs, 2, length}), reference.view({pairs, 2, length})}, {0.1})});
}

}  // namespace

static const Registration preference_loss("preference_loss", [](Suite& suite) {
  measure(suite, "DPO, 32 pairs of 256 tokens", 32, 256);
  measure(suite, "DPO, 19532 pairs of 256, 10^7 tokens", 19532, 256);
});

}  // namespace px::bench
