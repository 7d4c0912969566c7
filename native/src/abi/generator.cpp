#include "rollout/generator.h"

#include <algorithm>
#include <cmath>

#include "abi/model.h"

using namespace px;
using namespace px::abi;

struct px_generator {
  px_generator(const std::shared_ptr<Model>& model, int64_t max_batch, uint64_t seed, uint64_t cache_bytes)
      : generator(model, make_decoder(*model, max_batch), max_batch, seed, cache_bytes) {}
  Generator generator;
};

namespace {

constexpr int64_t kDefaultBatch = 64;
constexpr int64_t kMaxBatch = 65536;

Generator& generator_of(px_generator* handle) {
  check_pointer(handle, "generator");
  return handle->generator;
}

void check_tokens(const char* name, std::span<const int32_t> tokens, int64_t vocabulary) {
  const auto bad = std::ranges::find_if(tokens, [&](int32_t token) { return token < 0 || token >= vocabulary; });
  if (bad == tokens.end()) return;
  fail(PX_INVALID_ARGUMENT, "request.", name, "[", bad - tokens.begin(), "]: expected 0 to ", vocabulary - 1,
       " (the vocabulary), got ", *bad);
}

void check_share(const char* name, double share) {
  check(share >= 0.0 && share <= 1.0, PX_INVALID_ARGUMENT, "request.", name,
        ": expected a number in (0, 1], or 0 for off, got ", share);
}

void check_sampling(const px_generate_request& r) {
  check(r.temperature >= 0.0 && std::isfinite(r.temperature), PX_INVALID_ARGUMENT,
        "request.temperature: expected a finite number above 0, or 0 for 1, got ", r.temperature);
  check(r.top_k >= 0, PX_INVALID_ARGUMENT, "request.top_k: expected at least 1, or 0 for off, got ", r.top_k);
  check_share("top_p", r.top_p);
  check_share("min_p", r.min_p);
}

std::vector<int32_t> read_prompt(const px_generate_request& r, const Descriptor& d) {
  check_pointer(r.prompt, "request.prompt");
  check(r.prompt_count >= 1 && r.prompt_count < d.context, PX_INVALID_ARGUMENT, "request.prompt_count: expected 1 to ",
        d.context - 1, " (the model's context less one for the response), got ", r.prompt_count, "; cut the prompt");
  const std::span prompt(r.prompt, static_cast<size_t>(r.prompt_count));
  check_tokens("prompt", prompt, d.vocabulary);
  return {prompt.begin(), prompt.end()};
}

std::vector<int32_t> read_stop_tokens(const px_generate_request& r, const Descriptor& d) {
  check(r.stop_count >= 0 && r.stop_count <= d.vocabulary, PX_INVALID_ARGUMENT, "request.stop_count: expected 0 to ",
        d.vocabulary, " (the vocabulary), got ", r.stop_count);
  if (r.stop_count == 0) return {};
  check_pointer(r.stop_tokens, "request.stop_tokens");
  const std::span stop(r.stop_tokens, static_cast<size_t>(r.stop_count));
  check_tokens("stop_tokens", stop, d.vocabulary);
  return {stop.begin(), stop.end()};
}

Request read_request(const px_generate_request& r, const Descriptor& d) {
  check_sampling(r);
  check(r.max_new_tokens >= 1, PX_INVALID_ARGUMENT, "request.max_new_tokens: expected at least 1, got ",
        r.max_new_tokens);
  Request request;
  request.sample_id = r.sample_id;
  request.prompt = read_prompt(r, d);
  request.max_new_tokens = std::min(r.max_new_tokens, d.context - r.prompt_count);
  request.greedy = (r.flags & PX_GENERATE_GREEDY) != 0;
  request.temperature = r.temperature == 0.0 ? 1.0 : r.temperature;
  request.top_k = r.top_k;
  request.top_p = r.top_p;
  request.min_p = r.min_p;
  request.stop_tokens = read_stop_tokens(r, d);
  return request;
}

}  // namespace

extern "C" {

px_status px_generator_create(px_model* model, const px_generator_options* options, px_generator** generator) {
  return guarded("px_generator_create", [&] {
    const std::shared_ptr<Model>& m = model_of(model);
    const px_generator_options o = read_optional_args(options, "options");
    check_flags(o.flags, 0, "options");
    check(o.max_batch >= 0 && o.max_batch <= kMaxBatch, PX_INVALID_ARGUMENT, "options.max_batch: expected 1 to ",
          kMaxBatch, ", or 0 for ", kDefaultBatch, ", got ", o.max_batch);
    check(o.cache_bytes >= 0, PX_INVALID_ARGUMENT, "options.cache_bytes: expected at least 1, or 0 for no limit, got ",
          o.cache_bytes);
    check(m->head() == PX_HEAD_LM, PX_INVALID_ARGUMENT,
          "model: generation needs a language-model head, the model has a scalar head");
    check_pointer(generator, "generator");
    *generator = new px_generator(m, o.max_batch == 0 ? kDefaultBatch : o.max_batch, o.seed,
                                  static_cast<uint64_t>(o.cache_bytes));
  });
}

void px_generator_release(px_generator* generator) { delete generator; }

px_status px_generator_submit(px_generator* generator, const px_generate_request* request) {
  return guarded("px_generator_submit", [&] {
    Generator& g = generator_of(generator);
    const px_generate_request r = read_args(request, "request");
    check_flags(r.flags, PX_GENERATE_GREEDY, "request");
    g.submit(read_request(r, g.model().descriptor()));
  });
}

px_status px_generator_poll(px_generator* generator, px_generation_event* events, int64_t capacity, int64_t* count) {
  return guarded("px_generator_poll", [&] {
    Generator& g = generator_of(generator);
    check_pointer(events, "events");
    check_pointer(count, "count");
    check(capacity >= 1, PX_INVALID_ARGUMENT, "capacity: expected at least 1, got ", capacity);
    *count = g.poll({events, static_cast<size_t>(capacity)});
  });
}

px_status px_generator_count(px_generator* generator, px_generator_counts* counts) {
  return guarded("px_generator_count", [&] {
    const Generator& g = generator_of(generator);
    check_pointer(counts, "counts");
    *counts = g.counts();
  });
}

px_status px_generator_cancel(px_generator* generator, uint64_t sample_id) {
  return guarded("px_generator_cancel", [&] { generator_of(generator).cancel(sample_id); });
}

}  // extern "C"
