// Defects on purpose, one per argument: the sanitizer run fails unless each is seen, under the same suppressions.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>

namespace {

// Reachable from nowhere once this returns.
void leak() {
  volatile char* lost = static_cast<char*>(std::malloc(64));
  lost[0] = 1;
  lost = nullptr;
}

// Overwrites the stack and the registers that may still hold the address.
[[gnu::noinline]] int forget() {
  volatile char garbage[4096];
  for (auto& byte : garbage) byte = 1;
  return garbage[17];
}

int overflow(int index) {
  const auto values = std::make_unique<int[]>(8);
  volatile int* first = values.get();
  return first[index];
}

int undefined(int more) { return std::numeric_limits<int>::max() + more; }

// Two threads add to one number, and nothing orders them.
int race() {
  int count = 0;
  std::thread other([&] { ++count; });
  ++count;
  other.join();
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const char* defect = argc == 2 ? argv[1] : "";
  if (std::strcmp(defect, "leak") == 0) {
    leak();
    return forget() == 1 ? 0 : 1;
  }
  if (std::strcmp(defect, "overflow") == 0) return overflow(7 + argc - 1) == 0 ? 0 : 1;
  if (std::strcmp(defect, "undefined") == 0) return undefined(argc) == 0 ? 0 : 1;
  if (std::strcmp(defect, "race") == 0) return race() == 2 ? 0 : 1;
  std::fprintf(stderr, "usage: %s leak|overflow|undefined|race\n", argv[0]);
  return 2;
}
