// A peer: a library that computes the same as a kernel, in a shared object of its own that is opened at run time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace px::bench {

using Run = std::function<void()>;

enum class Element { kF32, kBf16, kI32, kI64, kU8 };

// An array of the caller's.
struct View {
  void* data;
  Element element;
  std::vector<int64_t> shape;
};

struct PeerInput {
  std::vector<View> views;
  std::vector<double> numbers;
  int threads;
};

// Exported by a peer as px_bench_peer. Empty where the peer has no such kernel.
using MakeRun = void (*)(const char* kernel, const PeerInput& input, Run& run);

}  // namespace px::bench
