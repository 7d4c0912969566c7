// What the measurements share: one kernel's registration, its cases, and the contenders that run them by turns.
#pragma once

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "base/float16.h"
#include "peer.h"
#include "probe.h"
#include "proximal/proximal.h"

namespace px::bench {

// What a case has to do at least.
struct Work {
  double flop = 0;
  px_dtype dtype = PX_DTYPE_F32;  // of the products
  double read_bytes = 0;          // from memory, not from a cache
  double written_bytes = 0;
};

struct Contender {
  std::string name;
  Run run;  // empty: the peer is not installed
};

class Suite {
 public:
  Suite(int threads, bool quick, bool alone, std::string only);

  const Cpu& cpu() const { return cpu_; }
  px_engine* engine() const { return engine_.get(); }
  int threads() const { return threads_; }
  bool alone() const { return alone_; }  // without peers

  // Whether --case selects it.
  bool wants(const std::string& shape) const { return shape.find(only_) != std::string::npos; }

  // The contenders by turns; the first is ours.
  void measure(const std::string& shape, const Work& work, std::vector<Contender> contenders);

  // A row of what was measured elsewhere, once.
  void record(const std::string& shape, const Work& work, const std::vector<std::pair<std::string, double>>& seconds);

  // Adds to the row of the last measure().
  void note(const char* key, nlohmann::json value);

  // A peer's run of a kernel.
  Contender torch(const char* kernel, std::vector<View> views, std::vector<double> numbers = {}) const;
  Contender onednn(const char* kernel, std::vector<View> views, std::vector<double> numbers = {}) const;

  // Rows of results since the last call.
  nlohmann::json take_rows();
  nlohmann::json peers() const;
  // Makes the last failure of an entry the program's.
  static void check(px_status status);

 private:
  struct Library {
    MakeRun make = nullptr;
    std::string found;  // or why not
  };
  static Library open(const char* file);
  Contender peer(const Library& library, const char* name, const char* kernel, PeerInput input) const;

  int threads_;
  bool quick_;
  bool alone_;
  std::string only_;
  Pool pool_;
  Cpu cpu_;
  std::unique_ptr<px_engine, decltype(&px_engine_release)> engine_;
  Library torch_, onednn_;
  nlohmann::json rows_ = nlohmann::json::array();
};

// One kernel's measurements; `name` is its folder's.
struct Registration {
  Registration(const char* name, void (*run)(Suite&));
};

// Writes the model of the engine's cases as BF16 GGUF, for peers that are programs.
void save_engine_model(Suite& suite, const char* path);

struct Registered {
  std::string name;
  void (*run)(Suite&);
};

std::vector<Registered>& registered();

// An array as the kernels' callers have it, aligned to 64 bytes, with numbers in [low, high).
template <class T>
class Array {
 public:
  explicit Array(int64_t count) : count_(count), data_(static_cast<T*>(allocate(static_cast<size_t>(count) * sizeof(T)))) {}
  Array(int64_t count, double low, double high) : Array(count) {
    uint64_t state = 88172645463325252u;
    for (int64_t i = 0; i < count; ++i) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      data_.get()[i] = from(low + (high - low) * static_cast<double>(state >> 11) * 0x1p-53);
    }
  }

  T* data() const { return data_.get(); }
  operator T*() const { return data_.get(); }  // NOLINT: an array decays
  int64_t size() const { return count_; }
  View view(std::vector<int64_t> shape) const { return {data_.get(), element(), std::move(shape)}; }
  View view() const { return view({count_}); }

 private:
  struct Free {
    void operator()(void* memory) const { free(memory); }
  };
  static void* allocate(size_t bytes) {
    const size_t rounded = (bytes + 63) / 64 * 64 + 64;
    void* memory = std::aligned_alloc(64, rounded);
    if (memory == nullptr) throw std::bad_alloc();
    return std::memset(memory, 0, rounded);  // pages that are there
  }

  static T from(double value) {
    if constexpr (std::is_same_v<T, float>) {
      return static_cast<float>(value);
    } else if constexpr (std::is_same_v<T, uint16_t>) {
      return to_bf16(static_cast<float>(value));
    } else {
      return static_cast<T>(std::floor(value));
    }
  }

  static constexpr Element element() {
    if constexpr (std::is_same_v<T, float>) return Element::kF32;
    if constexpr (std::is_same_v<T, uint16_t>) return Element::kBf16;
    if constexpr (std::is_same_v<T, int32_t>) return Element::kI32;
    if constexpr (std::is_same_v<T, int64_t>) return Element::kI64;
    return Element::kU8;
  }

  int64_t count_;
  std::unique_ptr<T, Free> data_;
};

template <class Args>
Args make_args() {
  Args args{};
  args.struct_size = sizeof(Args);
  return args;
}

// Bytes that come from memory whenever they are read again: more than the last cache holds.
inline constexpr int64_t kBeyondCaches = 40 << 20;

}  // namespace px::bench
