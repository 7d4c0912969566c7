// Draws sequences from a model, many at a time.
//
// A step: those that were cancelled leave, those that wait take the free slots, one pass of the decoder takes the
// prompts of the arrivals and the last token of each of the others, and one token is drawn for each. Where the caches'
// memory ends, those that came last pause: they wait again and are computed anew.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/backend.h"
#include "model/model.h"
#include "proximal/generator.h"
#include "rollout/scheduler.h"

namespace px {

// Caches for `slots` sequences, from the model's engine.
std::unique_ptr<Decoder> make_decoder(const Model& model, int64_t slots);

class Generator {
 public:
  // The decoder has at least max_batch slots. cache_bytes: what its caches may take; 0: what they need.
  Generator(std::shared_ptr<Model> model, std::unique_ptr<Decoder> decoder, int64_t max_batch, uint64_t seed,
            uint64_t cache_bytes);
  ~Generator();
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  const Model& model() const { return *model_; }

  void submit(Request request);                                            // any thread
  void cancel(uint64_t sample_id) { scheduler_.cancel(sample_id); }        // any thread

  // Steps if no event is waiting and hands out events; returns how many.
  int64_t poll(std::span<px_generation_event> events);

  // Any thread; of the steps that have ended.
  px_generator_counts counts() const;

 private:
  void end_cancelled();
  void step();
  std::vector<Extension> make_room(std::vector<Sequence*>& running);
  void empty_vacated();
  void count(size_t running);
  void start_over(std::span<Sequence* const> running);
  std::vector<px_generation_event> draw(std::vector<Sequence*>& running);
  px_sample_args sample_args(const Sequence& sequence) const;
  void commit(std::span<Sequence* const> running, std::vector<px_generation_event> drawn);
  void leave(std::span<Sequence* const> ended);
  int64_t hand_out(std::span<px_generation_event> events);

  Engine& engine() const { return *model_->weights().engine(); }

  std::shared_ptr<Model> model_;
  const uint64_t seed_;
  const uint64_t cache_bytes_limit_;
  Scheduler scheduler_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<int64_t> vacated_;             // slots that the decoder has yet to empty
  std::vector<px_generation_event> events_;  // of the step
  size_t handed_out_ = 0;                    // of events_
  int64_t cache_bytes_ = 0;                  // as the engine counts them
  mutable std::mutex counts_mutex_;
  px_generator_counts counts_{};
  std::atomic_flag polling_;
  LiveHandle<PX_HANDLE_GENERATOR> live_;
};

}  // namespace px
