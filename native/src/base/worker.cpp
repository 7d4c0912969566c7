#include "base/worker.h"

namespace px {

struct Worker::Job {
  const std::function<void()>& body;
  std::exception_ptr error{};
  bool done = false;
  Job* next = nullptr;
};

Worker::Worker() : thread_([this] { loop(); }) {}

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void Worker::run(const std::function<void()>& body) {
  if (thread_.get_id() == std::this_thread::get_id()) {
    body();
    return;
  }
  Job job{body};
  std::unique_lock lock(mutex_);
  *last_ = &job;
  last_ = &job.next;
  arrived_.notify_one();
  finished_.wait(lock, [&] { return job.done; });
  lock.unlock();
  if (job.error) std::rethrow_exception(job.error);
}

void Worker::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [&] { return stop_ || first_ != nullptr; });
    if (first_ == nullptr) return;
    Job* job = first_;
    first_ = job->next;
    if (first_ == nullptr) last_ = &first_;
    lock.unlock();
    try {
      job->body();
    } catch (...) {
      job->error = std::current_exception();
    }
    lock.lock();
    job->done = true;  // the job is its caller's from here on
    finished_.notify_all();
  }
}

}  // namespace px
