// The engine: options, the one thread that computes, the log, memory statistics and the model backend.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/cpu.h"
#include "base/handle.h"
#include "base/worker.h"
#include "proximal/engine.h"

namespace px {

class Backend;
class Device;
class Ops;

// Bytes held by live objects, by purpose.
struct MemoryCounters {
  std::atomic<int64_t> weights{0};
  std::atomic<int64_t> gradients{0};
  std::atomic<int64_t> optimizer{0};
  std::atomic<int64_t> cache{0};
};

class Engine {
 public:
  explicit Engine(const px_engine_options& options);
  ~Engine();

  int threads() const { return threads_; }

  // What the kernels compute with. Any thread.
  Cpu cpu() { return {isa_, pool_, device_.get()}; }

  // What models, their gradients and caches live in and compute with. On the engine's thread.
  Ops& ops() { return *ops_; }

  // Puts a table in front of that one, such as one that measures it. Before the first model.
  void wrap_ops(const std::function<std::unique_ptr<Ops>(std::unique_ptr<Ops>)>& wrap);

  // Runs `body` on the engine's thread and waits; exceptions come back to the caller. All model work goes through it,
  // because LibTorch's thread teams belong to the calling thread. PX_DEVICE_ERROR closes the engine: nobody knows what
  // the device has done, and from then on all that is run throws that.
  void run(const std::function<void()>& body);

  // Runs what gives memory back, on a closed engine too; it does not throw.
  void give_back(const std::function<void()>& body) { worker_.run(body); }

  // The model backend, opened on first use. Call it on the engine's thread.
  Backend& backend();

  void log(px_log_level level, const std::string& message) const;
  std::string describe(bool load_backend);

  MemoryCounters memory;

 private:
  std::unique_ptr<Backend> open_core_backend();

  px_engine_options options_;
  int threads_;
  Isa isa_;
  Pool pool_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Ops> ops_;
  bool device_failed_ = false;  // on the engine's thread
  Worker worker_;
  std::unique_ptr<Backend> backend_;
  LiveHandle<PX_HANDLE_ENGINE> live_;
};

}  // namespace px
