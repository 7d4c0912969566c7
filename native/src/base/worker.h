// One thread that runs one body at a time for callers who wait.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace px {

class Worker {
 public:
  Worker();
  ~Worker();

  // Runs `body` on the worker's thread, after those that came before, and rethrows what it throws. A call from the
  // worker's own thread runs at once.
  void run(const std::function<void()>& body);

 private:
  struct Job;
  void loop();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable finished_;
  Job* first_ = nullptr;
  Job** last_ = &first_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace px
