#include "kernels/sample/sample.h"

#include <limits>

#include "base/device.h"
#include "base/philox.h"
#include "kernels/checks.h"

namespace px::kernels {
namespace {

constexpr int64_t kMaxVocabulary = std::numeric_limits<int32_t>::max();

}  // namespace

px_sample_args with_defaults(const px_sample_args& args) {
  px_sample_args a = args;
  a.temperature = or_default(a.temperature, 1.0);
  a.top_p = or_default(a.top_p, 1.0);
  check(a.vocabulary >= 1 && a.vocabulary <= kMaxVocabulary, PX_INVALID_ARGUMENT, "vocabulary: expected 1 to ",
        kMaxVocabulary, ", got ", a.vocabulary);
  check_positive(a.temperature, "temperature");
  check(a.top_k >= 0, PX_INVALID_ARGUMENT, "top_k: expected 0 (off) or more, got ", a.top_k);
  check_probability(a.top_p, "top_p");
  check_probability(a.min_p, "min_p");
  return a;
}

double sample_uniform(uint64_t seed, uint64_t sample_id, uint64_t index) {
  const PhiloxBlock block = philox4x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                       {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                                        static_cast<uint32_t>(sample_id), static_cast<uint32_t>(sample_id >> 32)});
  const uint64_t bits = uint64_t{block[1]} << 32 | block[0];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

void sample(const Cpu& cpu, const px_sample_args& args, int32_t& token, float* logprob) {
  const px_sample_args a = with_defaults(args);
  if (cpu.device != nullptr && cpu.device->sample(a, token, logprob)) return;
  token = cpu.device != nullptr || cpu.isa == Isa::kScalar ? sample_ref(a, logprob) : sample_cpu(cpu.isa, a, logprob);
}

void sample_distribution(const Cpu& cpu, const px_sample_args& args, float* logprob) {
  const px_sample_args a = with_defaults(args);
  if (cpu.device != nullptr && cpu.device->sample_distribution(a, logprob)) return;
  sample_distribution_ref(a, logprob);
}

}  // namespace px::kernels
