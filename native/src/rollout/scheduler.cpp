#include "rollout/scheduler.h"

#include <algorithm>

#include "base/error.h"

namespace px {

Scheduler::Scheduler(int64_t slots, std::atomic<int64_t>& unfinished)
    : unfinished_(unfinished), slots_(static_cast<size_t>(slots)) {}

Scheduler::~Scheduler() { unfinished_ -= static_cast<int64_t>(sequences_.size()); }

void Scheduler::submit(Request request) {
  const uint64_t id = request.sample_id;
  auto sequence = std::make_unique<Sequence>(std::move(request));
  const std::lock_guard lock(mutex_);
  check(!sequences_.contains(id), PX_INVALID_ARGUMENT,
        "request.sample_id: expected one that no unfinished sequence has, got ", id,
        "; poll that one's last event first");
  sequence->arrival = arrivals_++;
  waiting_.push_back(sequence.get());
  try {
    sequences_.emplace(id, std::move(sequence));
  } catch (...) {
    waiting_.pop_back();
    throw;
  }
  ++unfinished_;
}

void Scheduler::cancel(uint64_t sample_id) {
  const std::lock_guard lock(mutex_);
  const auto found = sequences_.find(sample_id);
  if (found == sequences_.end()) return;
  Sequence& sequence = *found->second;
  if (sequence.cancelled || sequence.ended) return;
  cancelled_.push_back(&sequence);
  sequence.cancelled = true;
}

std::vector<Sequence*> Scheduler::take_cancelled() {
  const std::lock_guard lock(mutex_);
  std::vector<Sequence*> cancelled = std::exchange(cancelled_, {});
  std::erase_if(cancelled, [](const Sequence* sequence) { return sequence->ended; });
  return cancelled;
}

std::vector<Sequence*> Scheduler::fill_slots() {
  const std::lock_guard lock(mutex_);
  std::vector<Sequence*> running;
  running.reserve(slots_.size());
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot] == nullptr && !waiting_.empty()) {
      slots_[slot] = waiting_.front();
      slots_[slot]->slot = static_cast<int64_t>(slot);
      waiting_.pop_front();
    }
    if (slots_[slot] != nullptr) running.push_back(slots_[slot]);
  }
  std::ranges::sort(running, {}, &Sequence::arrival);
  return running;
}

void Scheduler::pause(Sequence& sequence) {
  const std::lock_guard lock(mutex_);
  waiting_.push_front(&sequence);
  slots_[static_cast<size_t>(sequence.slot)] = nullptr;
  sequence.slot = -1;
}

void Scheduler::end(std::span<Sequence* const> sequences) {
  const std::lock_guard lock(mutex_);
  bool waited = false;
  for (Sequence* sequence : sequences) {
    sequence->ended = true;
    if (sequence->slot >= 0)
      slots_[static_cast<size_t>(sequence->slot)] = nullptr;
    else
      waited = true;
  }
  if (waited) std::erase_if(waiting_, [](const Sequence* sequence) { return sequence->ended; });
}

void Scheduler::forget(uint64_t sample_id) {
  const std::lock_guard lock(mutex_);
  const auto found = sequences_.find(sample_id);
  if (found == sequences_.end()) return;
  if (found->second->cancelled) std::erase(cancelled_, found->second.get());
  sequences_.erase(found);
  --unfinished_;
}

}  // namespace px
