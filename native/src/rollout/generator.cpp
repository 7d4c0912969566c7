#include "rollout/generator.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/sample/sample.h"

namespace px {
namespace {

// The right to poll, for one thread at a time.
class Turn {
 public:
  explicit Turn(std::atomic_flag& taken) : taken_(taken) {
    check(!taken_.test_and_set(std::memory_order_acquire), PX_INVALID_STATE,
          "generator: another thread is polling it; let one thread poll and hand the events on");
  }
  ~Turn() { taken_.clear(std::memory_order_release); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic_flag& taken_;
};

px_generation_event event_of(const Sequence& sequence, int32_t token, TokenScore score, px_finish_reason reason) {
  return {sequence.request.sample_id, token, reason, score.logprob, score.entropy,
          static_cast<int32_t>(sequence.generated()), 0};
}

// So that adding the token that is drawn cannot fail.
void make_room_for_one(std::vector<int32_t>& tokens) {
  if (tokens.size() == tokens.capacity()) tokens.reserve(2 * tokens.size());
}

bool stops(const Request& request, int32_t token) {
  return std::ranges::find(request.stop_tokens, token) != request.stop_tokens.end();
}

px_finish_reason reason_after(const Sequence& sequence, int32_t token) {
  if (token < 0) return PX_FINISH_ERROR;
  if (stops(sequence.request, token)) return PX_FINISH_STOP;
  return sequence.generated() + 1 == sequence.request.max_new_tokens ? PX_FINISH_LENGTH : PX_FINISH_NONE;
}

}  // namespace

std::unique_ptr<Decoder> make_decoder(const Model& model, int64_t slots) {
  Engine& engine = *model.weights().engine();
  std::unique_ptr<Decoder> decoder;
  engine.run([&] { decoder = engine.backend().decoder(model, slots); });
  return decoder;
}

Generator::Generator(std::shared_ptr<Model> model, std::unique_ptr<Decoder> decoder, int64_t max_batch, uint64_t seed,
                     uint64_t cache_bytes)
    : model_(std::move(model)),
      seed_(seed),
      cache_bytes_limit_(cache_bytes),
      scheduler_(max_batch, model_->weights().unfinished_sequences),
      decoder_(std::move(decoder)) {
  decoder_->limit(cache_bytes);
}

Generator::~Generator() {
  engine().give_back([this] { decoder_.reset(); });
  engine().memory.cache -= cache_bytes_;
}

void Generator::submit(Request request) {
  const int64_t tokens = static_cast<int64_t>(request.prompt.size()) + request.max_new_tokens;
  const uint64_t needed = decoder_->bytes_of(tokens);
  check(cache_bytes_limit_ == 0 || needed <= cache_bytes_limit_, PX_INVALID_ARGUMENT, "request: its ", tokens,
        " tokens (prompt and max_new_tokens) need ", needed, " bytes of cache, and options.cache_bytes is ",
        cache_bytes_limit_, "; raise that or ask for fewer tokens");
  scheduler_.submit(std::move(request));
}

int64_t Generator::poll(std::span<px_generation_event> events) {
  const Turn turn(polling_);
  end_cancelled();
  if (events_.empty()) step();
  return hand_out(events);
}

void Generator::end_cancelled() {
  const std::vector<Sequence*> cancelled = scheduler_.take_cancelled();
  for (const Sequence* sequence : cancelled) events_.push_back(event_of(*sequence, -1, {}, PX_FINISH_CANCELLED));
  leave(cancelled);
}

void Generator::step() {
  std::vector<Sequence*> running = scheduler_.fill_slots();
  if (running.empty()) return;
  std::vector<px_generation_event> drawn;
  try {
    drawn = draw(running);
    for (Sequence* sequence : running) make_room_for_one(sequence->tokens);
  } catch (...) {
    start_over(running);
    throw;
  }
  commit(running, std::move(drawn));
}

// Those that pause leave `running`.
std::vector<px_generation_event> Generator::draw(std::vector<Sequence*>& running) {
  std::vector<int32_t> tokens;
  std::vector<TokenScore> scores;
  engine().run([&] {
    empty_vacated();
    const std::vector<Extension> extensions = make_room(running);
    std::vector<px_sample_args> wanted;
    for (const Sequence* sequence : running) wanted.push_back(sample_args(*sequence));
    tokens.resize(running.size());
    scores.resize(running.size());
    decoder_->extend(extensions, wanted, tokens, scores);
    count(running.size());
  });
  std::vector<px_generation_event> drawn;
  for (size_t i = 0; i < tokens.size(); ++i)
    drawn.push_back(event_of(*running[i], tokens[i], scores[i], reason_after(*running[i], tokens[i])));
  return drawn;
}

std::vector<Extension> Generator::make_room(std::vector<Sequence*>& running) {
  std::vector<Extension> extensions;
  for (const Sequence* sequence : running) extensions.push_back({sequence->slot, sequence->tokens});
  while (decoder_->reserve(extensions) < extensions.size()) {
    vacated_.push_back(running.back()->slot);
    scheduler_.pause(*running.back());
    running.pop_back();
    extensions.pop_back();
    empty_vacated();
    const std::lock_guard lock(counts_mutex_);
    ++counts_.pauses;
  }
  return extensions;
}

void Generator::empty_vacated() {
  for (const int64_t slot : vacated_) decoder_->drop(slot);
  vacated_.clear();
}

void Generator::count(size_t running) {
  const auto bytes = static_cast<int64_t>(decoder_->bytes());
  engine().memory.cache += bytes - cache_bytes_;
  cache_bytes_ = bytes;
  const DecoderCounts decoder = decoder_->counts();
  const std::lock_guard lock(counts_mutex_);
  ++counts_.steps;
  counts_.drawn_tokens += static_cast<int64_t>(running);
  counts_.computed_tokens = decoder.computed_tokens;
  counts_.shared_tokens = decoder.shared_tokens;
  counts_.cache_bytes = bytes;
}

px_generator_counts Generator::counts() const {
  const std::lock_guard lock(counts_mutex_);
  return counts_;
}

// After a failure nobody knows what the caches hold: the next step feeds each sequence from its beginning.
void Generator::start_over(std::span<Sequence* const> running) {
  for (const Sequence* sequence : running) vacated_.push_back(sequence->slot);
}

px_sample_args Generator::sample_args(const Sequence& sequence) const {
  const Request& request = sequence.request;
  px_sample_args args{};
  args.struct_size = sizeof args;
  args.flags = request.greedy ? PX_SAMPLE_GREEDY : 0;
  args.vocabulary = model_->descriptor().vocabulary;
  args.temperature = request.temperature;
  args.top_k = request.top_k;
  args.top_p = request.top_p;
  args.min_p = request.min_p;
  args.seed = seed_;
  args.sample_id = request.sample_id;
  args.index = static_cast<uint64_t>(sequence.generated());
  return kernels::with_defaults(args);
}

// The sequences take what was drawn for them, and the events wait for the caller.
void Generator::commit(std::span<Sequence* const> running, std::vector<px_generation_event> drawn) {
  std::vector<Sequence*> ended;
  for (size_t row = 0; row < running.size(); ++row) {
    Sequence& sequence = *running[row];
    if (drawn[row].token >= 0) sequence.tokens.push_back(drawn[row].token);
    if (drawn[row].finish_reason != PX_FINISH_NONE) ended.push_back(&sequence);
  }
  events_ = std::move(drawn);
  leave(ended);
}

void Generator::leave(std::span<Sequence* const> ended) {
  for (const Sequence* sequence : ended)
    if (sequence->slot >= 0) vacated_.push_back(sequence->slot);
  scheduler_.end(ended);
}

int64_t Generator::hand_out(std::span<px_generation_event> events) {
  const size_t count = std::min(events.size(), events_.size() - handed_out_);
  for (size_t i = 0; i < count; ++i) {
    events[i] = events_[handed_out_++];
    if (events[i].finish_reason != PX_FINISH_NONE) scheduler_.forget(events[i].sample_id);
  }
  if (handed_out_ == events_.size()) {
    events_.clear();
    handed_out_ = 0;
  }
  return static_cast<int64_t>(count);
}

}  // namespace px
