#include "kernels/sample/sample.h"

#include <algorithm>

#include "abi/arrays.h"
#include "abi/engine.h"
#include "base/philox.h"

using namespace px;
using namespace px::abi;

namespace {

px_sample_args read_sample_args(const px_sample_args* args) {
  const px_sample_args a = read_args(args, "args");
  check_flags(a.flags, PX_SAMPLE_GREEDY, "args");
  check_array(a.logits, a.vocabulary, "args.logits");
  return a;
}

}  // namespace

extern "C" {

px_status px_sample_f32(px_engine* engine, const px_sample_args* args, int32_t* token, float* logprob) {
  return guarded("px_sample_f32", [&] {
    Engine& e = engine_of(engine);
    const px_sample_args a = read_sample_args(args);
    check_pointer(token, "token");
    kernels::sample(e.cpu(), a, *token, logprob);
  });
}

px_status px_sample_distribution_f32(px_engine* engine, const px_sample_args* args, float* logprob) {
  return guarded("px_sample_distribution_f32", [&] {
    Engine& e = engine_of(engine);
    const px_sample_args a = read_sample_args(args);
    check_array(logprob, a.vocabulary, "logprob");
    kernels::sample_distribution(e.cpu(), a, logprob);
  });
}

px_status px_philox4x32(const uint32_t* key, const uint32_t* counter, uint32_t* output) {
  return guarded("px_philox4x32", [&] {
    check_pointer(key, "key");
    check_pointer(counter, "counter");
    check_pointer(output, "output");
    const PhiloxBlock block = philox4x32({key[0], key[1]}, {counter[0], counter[1], counter[2], counter[3]});
    std::copy(block.begin(), block.end(), output);
  });
}

}  // extern "C"
