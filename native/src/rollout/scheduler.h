// Which sequences run: a fixed number of slots, a queue of those that wait, and a table of all that are unfinished. First
// come, first served: who runs came before all that wait.
//
// submit and cancel may come from any thread at any time; the other functions belong to the thread that steps the
// batch. No lock is held while a step computes.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "rollout/sequence.h"

namespace px {

class Scheduler {
 public:
  // `unfinished` counts, together with other schedulers' on the same weights.
  Scheduler(int64_t slots, std::atomic<int64_t>& unfinished);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  void submit(Request request);
  void cancel(uint64_t sample_id);

  // Those cancelled since the last call that have not ended, in the order of cancelling.
  std::vector<Sequence*> take_cancelled();

  // Gives free slots to those that wait. Returns all that run, in the order in which they came.
  std::vector<Sequence*> fill_slots();

  // The last that came of those that run waits again; its slot is free.
  void pause(Sequence& sequence);

  // They neither run nor wait any more; slots that they had are free.
  void end(std::span<Sequence* const> sequences);

  // Forgets a sequence that has ended: its last event is handed out and its id is free.
  void forget(uint64_t sample_id);

 private:
  std::mutex mutex_;
  std::atomic<int64_t>& unfinished_;
  std::unordered_map<uint64_t, std::unique_ptr<Sequence>> sequences_;
  std::deque<Sequence*> waiting_;
  std::vector<Sequence*> cancelled_;
  std::vector<Sequence*> slots_;  // null: free
  uint64_t arrivals_ = 0;
};

}  // namespace px
