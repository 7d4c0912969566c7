#include "base/pool.h"

#include <pthread.h>
#include <sched.h>

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
  start_workers();
  if (sleeping_.load(std::memory_order_relaxed) > 0) keep_workers_off_this_core();
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

void Pool::start_workers() {
  if (static_cast<int>(workers_.size()) == threads_ - 1) return;
  while (static_cast<int>(workers_.size()) < threads_ - 1) workers_.emplace_back([this] { work(); });
  avoided_core_ = -1;
  keep_workers_off_this_core();
}

// A thread that wakes is often put where the one is that woke it. That one goes on computing, so both would share a core
// until the kernel moves one of them, some milliseconds later.
void Pool::keep_workers_off_this_core() {
  const int core = sched_getcpu();
  cpu_set_t cores;
  if (core < 0 || core == avoided_core_ || sched_getaffinity(0, sizeof cores, &cores) != 0) return;
  CPU_CLR(static_cast<size_t>(core), &cores);
  if (CPU_COUNT(&cores) < threads_ - 1) return;
  for (std::thread& worker : workers_) pthread_setaffinity_np(worker.native_handle(), sizeof cores, &cores);
  avoided_core_ = core;
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
    if (take_one()) continue;
    sleeping_.fetch_add(1, std::memory_order_relaxed);
    left_.wait(0);
    sleeping_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace px
