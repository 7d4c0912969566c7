// The engine's threads for kernels: a loop whose turns run on any of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace px {

class Pool {
 public:
  // The caller of for_each is one of the `threads`; the others start with the first loop.
  explicit Pool(int threads) : threads_(threads) {}
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }

  // body(i) once for each i of 0..count-1, in any order; returns when all are done. `body` must not throw. Any thread
  // may call; while one loop is under way, the loop of another caller runs on that caller alone.
  template <class Body>
  void for_each(int64_t count, const Body& body) {
    static_assert(std::is_nothrow_invocable_v<const Body&, int64_t>);
    run(count, [](const void* context, int64_t i) noexcept { (*static_cast<const Body*>(context))(i); }, &body);
  }

 private:
  using Call = void (*)(const void*, int64_t) noexcept;

  void run(int64_t count, Call call, const void* context);
  bool take_one();
  void work();
  void start_workers();
  void keep_workers_off_this_core();

  const int threads_;
  std::mutex loop_;  // held by the caller whose loop is under way
  std::vector<std::thread> workers_;
  std::atomic<int> sleeping_{0};  // workers
  int avoided_core_ = -1;         // that the workers keep off; -1: none
  // The loop under way. Read only between taking a turn and counting it as done: the caller waits for that.
  Call call_ = nullptr;
  const void* context_ = nullptr;
  std::atomic<uint32_t> left_{0};    // turns that nobody has taken
  std::atomic<uint32_t> undone_{0};  // turns that are not done
};

}  // namespace px
