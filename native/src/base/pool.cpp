#include "base/pool.h"

namespace px {
namespace {

// How often an idle thread looks for work before it sleeps: some tens of microseconds, the time between two kernels.
constexpr int kSpins = 2000;

// A count of turns left that tells the workers to end.
constexpr uint32_t kStop = UINT32_MAX;

void pause() { __builtin_ia32_pause(); }

}  // namespace

Pool::~Pool() {
  left_ = kStop;
  left_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Pool::run(int64_t count, Call call, const void* context) {
  std::unique_lock<std::mutex> lock(loop_, std::defer_lock);
  if (count <= 1 || threads_ == 1 || count >= kStop || !lock.try_lock()) {
    for (int64_t i = 0; i < count; ++i) call(context, i);
    return;
  }
  while (static_cast<int>(workers_.size()) < threads_ - 1) workers_.emplace_back([this] { work(); });
  call_ = call;
  context_ = context;
  undone_.store(static_cast<uint32_t>(count), std::memory_order_relaxed);
  left_.store(static_cast<uint32_t>(count), std::memory_order_release);
  left_.notify_all();
  while (take_one()) {
  }
  // The last turns are short; whoever has them is running.
  for (int spins = 0; undone_.load(std::memory_order_acquire) != 0; ++spins) {
    pause();
    if (spins > kSpins) std::this_thread::yield();
  }
}

bool Pool::take_one() {
  uint32_t left = left_.load(std::memory_order_acquire);
  while (left != 0 && left != kStop && !left_.compare_exchange_weak(left, left - 1, std::memory_order_acquire)) {
  }
  if (left == 0 || left == kStop) return false;
  call_(context_, left - 1);
  undone_.fetch_sub(1, std::memory_order_release);
  return true;
}

void Pool::work() {
  while (left_.load(std::memory_order_relaxed) != kStop) {
    for (int spins = 0; left_.load(std::memory_order_relaxed) == 0 && spins < kSpins; ++spins) pause();
    if (!take_one()) left_.wait(0);
  }
}

}  // namespace px
