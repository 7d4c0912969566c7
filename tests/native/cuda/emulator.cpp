// Never compiled for the thread sanitizer: its own state belongs to one OS thread at a time, and only kernels are to be
// checked. With PX_EMULATOR_TSAN it tells that sanitizer of the fibers, and that barriers alone order them.
#include "emulator.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef PX_EMULATOR_TSAN
extern "C" {
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void* __tsan_get_current_fiber();
void __tsan_acquire(void* address);
void __tsan_release(void* address);
}
#endif

// Pushes the registers that a call keeps, changes the stack, pops them: a switch without a system call.
extern "C" void px_emulator_switch(void** from, void* to);
__asm__(
    ".text\n.globl px_emulator_switch\n.type px_emulator_switch,@function\npx_emulator_switch:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp,(%rdi)\nmovq %rsi,%rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n"
    ".size px_emulator_switch,.-px_emulator_switch\n");

namespace px::emulator {
namespace {

constexpr unsigned kWarp = 32;
constexpr unsigned kMostThreads = 1024;
constexpr size_t kMostShared = 48 << 10;  // what a launch gets without asking for more

enum class Waits : uint8_t { kNothing, kForBlock, kForWarp };

[[noreturn]] void fail(const std::string& message) { throw std::runtime_error("emulator: " + message); }

class Block;

struct Fiber {
  uint3 index{};
  unsigned lane = 0, warp = 0;
  Waits waits = Waits::kNothing;
  Site site{};
  unsigned mask = 0;
  bool done = false;
  uint64_t offer = 0;  // what it gives to its warp
  char* stack = nullptr;
  void* pointer = nullptr;  // of the stack, while it does not run
  void* tsan = nullptr;
  void* fake_stack = nullptr;
};

bool same_site(const Site& a, const Site& b) { return a.line == b.line && std::strcmp(a.file, b.file) == 0; }

#ifdef PX_EMULATOR_TSAN
// Fibers of the sanitizer are kept from launch to launch: making one takes half a millisecond.
std::mutex tsan_fibers_mutex;
std::vector<void*> tsan_fibers;

void* take_tsan_fiber() {
  const std::lock_guard guard(tsan_fibers_mutex);
  if (tsan_fibers.empty()) return __tsan_create_fiber(0);
  void* fiber = tsan_fibers.back();
  tsan_fibers.pop_back();
  return fiber;
}

void return_tsan_fiber(void* fiber) {
  const std::lock_guard guard(tsan_fibers_mutex);
  tsan_fibers.push_back(fiber);
}
#endif

// One block of a grid at a time, on one OS thread.
class Block {
 public:
  Block(dim3 grid, dim3 size, size_t shared_bytes, const std::function<void()>& thread)
      : grid_(grid), size_(size), shared_bytes_(shared_bytes), thread_(thread),
        fibers_(size_t{size.x} * size.y * size.z), offers_((fibers_.size() + kWarp - 1) / kWarp),
        warp_sync_(offers_.size()), random_(config().seed) {
    stack_bytes_ = config().stack_bytes;
    stacks_ = static_cast<char*>(mmap(nullptr, stack_bytes_ * fibers_.size(), PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (stacks_ == MAP_FAILED) fail("no memory for stacks");
    shared_ = std::make_unique<char[]>(shared_bytes + 16);
    for (unsigned i = 0; i < fibers_.size(); ++i) order_.push_back(i);
#ifdef PX_EMULATOR_TSAN
    for (Fiber& fiber : fibers_) fiber.tsan = take_tsan_fiber();
#endif
  }

  ~Block() {
#ifdef PX_EMULATOR_TSAN
    for (Fiber& fiber : fibers_) return_tsan_fiber(fiber.tsan);
#endif
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(stacks_, stack_bytes_ * fibers_.size());
#endif
    munmap(stacks_, stack_bytes_ * fibers_.size());
  }

  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void run(uint3 index);
  void wait(Waits what, Site site, unsigned mask);
  void enter();  // a fiber's whole life

  Fiber& current() { return *current_; }
  uint3 index() const { return index_; }
  dim3 size() const { return size_; }
  dim3 grid() const { return grid_; }
  size_t threads() const { return fibers_.size(); }
  const std::array<uint64_t, kWarp>& offers(unsigned warp) const { return offers_[warp]; }

  // Aligned as the hardware's is.
  void* shared() const {
    return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(shared_.get()) + 15) & ~uintptr_t{15});
  }

 private:
  void prepare();
  void run_round(size_t& left);
  void run_threads(size_t& left, uint32_t still);
  bool release();
  bool release_block();
  bool release_warp(unsigned warp);
  void to_fiber(Fiber& fiber);
  void to_scheduler();
  std::string where(const Fiber& fiber) const;
  [[noreturn]] void fail_deadlock() const;

  const dim3 grid_, size_;
  const size_t shared_bytes_;
  const std::function<void()>& thread_;
  std::vector<Fiber> fibers_;
  std::vector<std::array<uint64_t, kWarp>> offers_;
  std::vector<char> warp_sync_;  // their addresses carry what the thread sanitizer is told of order
  char start_sync_ = 0, block_sync_ = 0, end_sync_ = 0;
  std::mt19937 random_;
  std::vector<unsigned> order_;
  std::unique_ptr<char[]> shared_;
  char* stacks_ = nullptr;
  size_t stack_bytes_ = 0;
  uint3 index_{};
  Fiber* current_ = nullptr;
  bool ran_ = false;
  std::exception_ptr error_;
  void* scheduler_ = nullptr;  // its stack pointer
  void* scheduler_tsan_ = nullptr;
  void* scheduler_fake_stack_ = nullptr;
  const void* scheduler_stack_ = nullptr;
  size_t scheduler_stack_bytes_ = 0;
};

thread_local Block* running = nullptr;

Block& block() {
  if (running == nullptr) fail("a function of the device is called outside of a kernel");
  return *running;
}

void fiber_main() {
  block().enter();
  std::abort();  // a fiber that is done is never switched to
}

void Block::enter() {
#ifdef PX_EMULATOR_TSAN
  __tsan_acquire(&start_sync_);  // what the launching thread did comes before
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack_, &scheduler_stack_bytes_);
#endif
  try {
    thread_();
  } catch (...) {
    if (!error_) error_ = std::current_exception();
  }
#ifdef PX_EMULATOR_TSAN
  __tsan_release(&end_sync_);
#endif
  current_->done = true;
  to_scheduler();
}

void Block::to_fiber(Fiber& fiber) {
  current_ = &fiber;
#ifdef PX_EMULATOR_TSAN
  __tsan_switch_to_fiber(fiber.tsan, 1);  // 1: a switch orders nothing
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&scheduler_fake_stack_, fiber.stack, stack_bytes_);
#endif
  px_emulator_switch(&scheduler_, fiber.pointer);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(scheduler_fake_stack_, nullptr, nullptr);
#endif
  current_ = nullptr;
}

void Block::to_scheduler() {
  Fiber& fiber = *current_;
#ifdef PX_EMULATOR_TSAN
  __tsan_switch_to_fiber(scheduler_tsan_, 1);
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(fiber.done ? nullptr : &fiber.fake_stack, scheduler_stack_, scheduler_stack_bytes_);
#endif
  px_emulator_switch(&fiber.pointer, scheduler_);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &scheduler_stack_, &scheduler_stack_bytes_);
#endif
}

void Block::wait(Waits what, Site site, unsigned mask) {
  Fiber& fiber = *current_;
  fiber.waits = what;
  fiber.site = site;
  fiber.mask = mask;
#ifdef PX_EMULATOR_TSAN
  void* sync = what == Waits::kForBlock ? &block_sync_ : &warp_sync_[fiber.warp];
  __tsan_release(sync);
  __tsan_release(&end_sync_);  // should this wait be the last that is heard of it
#endif
  to_scheduler();
#ifdef PX_EMULATOR_TSAN
  __tsan_acquire(sync);
#endif
}

std::string Block::where(const Fiber& fiber) const {
  std::ostringstream text;
  text << "thread (" << fiber.index.x << "," << fiber.index.y << "," << fiber.index.z << ") of block (" << index_.x << ","
       << index_.y << "," << index_.z << ")";
  if (fiber.done) {
    text << " has ended";
  } else if (fiber.waits == Waits::kNothing) {
    text << " runs";
  } else {
    text << (fiber.waits == Waits::kForBlock ? " waits at __syncthreads " : " waits at a warp collective ")
         << fiber.site.file << ":" << fiber.site.line;
  }
  return text.str();
}

// A barrier of the block is complete when every thread stands at it, at the same place.
bool Block::release_block() {
  const Fiber *first = nullptr, *ended = nullptr, *elsewhere = nullptr;
  for (const Fiber& fiber : fibers_) {
    if (fiber.done) {
      ended = &fiber;
    } else if (fiber.waits != Waits::kForBlock) {
      return false;
    } else if (first == nullptr) {
      first = &fiber;
    } else if (!same_site(fiber.site, first->site)) {
      elsewhere = &fiber;
    }
  }
  if (first == nullptr) return false;
  if (elsewhere != nullptr) fail("divergent __syncthreads: " + where(*first) + ", but " + where(*elsewhere));
  if (ended != nullptr) fail("__syncthreads that not every thread reaches: " + where(*first) + ", but " + where(*ended));
  for (Fiber& fiber : fibers_) fiber.waits = Waits::kNothing;
  return true;
}

// A collective of a warp is complete when every lane of its mask stands at it.
bool Block::release_warp(unsigned warp) {
  const size_t begin = size_t{warp} * kWarp, end = std::min(begin + kWarp, fibers_.size());
  const unsigned present = end - begin == kWarp ? ~0u : (1u << (end - begin)) - 1;
  bool any = false;
  for (size_t i = begin; i < end; ++i) {
    const Fiber one = fibers_[i];
    if (one.done || one.waits != Waits::kForWarp) continue;
    unsigned arrived = 0;
    for (size_t j = begin; j < end; ++j) {
      const Fiber& other = fibers_[j];
      if (!other.done && other.waits == Waits::kForWarp && other.mask == one.mask && same_site(other.site, one.site))
        arrived |= 1u << (j - begin);
    }
    if ((arrived & one.mask) != (one.mask & present)) continue;
    for (size_t j = begin; j < end; ++j) {
      offers_[warp][j - begin] = fibers_[j].offer;
      if ((one.mask & arrived) >> (j - begin) & 1) fibers_[j].waits = Waits::kNothing;
    }
    any = true;
  }
  return any;
}

bool Block::release() {
  if (release_block()) return true;
  bool any = false;
  for (unsigned warp = 0; warp < offers_.size(); ++warp) any = release_warp(warp) || any;
  return any;
}

void Block::fail_deadlock() const {
  const Fiber *first = nullptr, *other = nullptr;
  for (const Fiber& fiber : fibers_) {
    if (first == nullptr && !fiber.done) first = &fiber;
    if (first != nullptr && (fiber.done || fiber.waits != first->waits || !same_site(fiber.site, first->site)))
      other = &fiber;
  }
  for (const Fiber& fiber : fibers_)
    if (other == nullptr && fiber.done) other = &fiber;
  fail("deadlock: " + where(*first) + (other != nullptr ? ", but " + where(*other) : ""));
}

void Block::prepare() {
  // NaN, as double and as float: shared memory that is read before it is written shows.
  std::memset(shared_.get(), 0xff, shared_bytes_ + 16);
  for (unsigned i = 0; i < fibers_.size(); ++i) {
    void* const tsan = fibers_[i].tsan;
    Fiber& fiber = fibers_[i] = Fiber{};
    fiber.tsan = tsan;
    fiber.lane = i % kWarp;
    fiber.warp = i / kWarp;
    fiber.index = {i % size_.x, i / size_.x % size_.y, i / (size_.x * size_.y)};
    fiber.stack = stacks_ + stack_bytes_ * i;
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(fiber.stack, stack_bytes_);  // fiber_main never returns: its red zones stay behind
#endif
    // The first switch pops six registers and returns into fiber_main. Stacks a power of two apart would share the
    // cache's sets.
    auto** top = reinterpret_cast<void**>(fiber.stack + stack_bytes_ - (i % 61) * 64) - 1;
    *top = nullptr;
    *--top = reinterpret_cast<void*>(&fiber_main);
    top -= 6;
    std::memset(top, 0, 6 * sizeof *top);
    fiber.pointer = top;
  }
}

// Every thread that can run does so until it waits. In shuffled orders about half of the warps stand still meanwhile, so
// that warps drift apart as far as barriers let them.
void Block::run_round(size_t& left) {
  ran_ = false;
  uint32_t still = 0;
  if (config().seed != 0) {
    std::shuffle(order_.begin(), order_.end(), random_);
    still = static_cast<uint32_t>(random_());
  }
  run_threads(left, still);
  if (!ran_ && still != 0 && !error_) run_threads(left, 0);
}

// `still`: a bit for each warp that does not run.
void Block::run_threads(size_t& left, uint32_t still) {
  for (const unsigned i : order_) {
    Fiber& fiber = fibers_[i];
    if (fiber.done || fiber.waits != Waits::kNothing || (still >> fiber.warp & 1) != 0) continue;
    ran_ = true;
    to_fiber(fiber);
    if (fiber.done) --left;
    if (error_) return;
  }
}

void Block::run(uint3 index) {
  index_ = index;
  error_ = nullptr;
  prepare();
  running = this;
#ifdef PX_EMULATOR_TSAN
  scheduler_tsan_ = __tsan_get_current_fiber();
  __tsan_release(&start_sync_);
#endif
  for (size_t left = fibers_.size(); left > 0 && !error_;) {
    run_round(left);
    if (left == 0 || error_) break;
    try {
      if (!release() && !ran_) fail_deadlock();
    } catch (...) {
      error_ = std::current_exception();
    }
  }
#ifdef PX_EMULATOR_TSAN
  __tsan_acquire(&end_sync_);
#endif
  running = nullptr;
  if (error_) std::rethrow_exception(error_);
}

void run_grid(dim3 grid, dim3 size, size_t shared_bytes, const std::function<void()>& thread) {
  const uint64_t count = uint64_t{grid.x} * grid.y * grid.z;
  std::atomic<uint64_t> next{0};
  std::mutex mutex;
  std::exception_ptr first;
  const auto work = [&] {
    Block blocks(grid, size, shared_bytes, thread);
    for (uint64_t i = next++; i < count; i = next++) {
      try {
        blocks.run({static_cast<unsigned>(i % grid.x), static_cast<unsigned>(i / grid.x % grid.y),
                    static_cast<unsigned>(i / (uint64_t{grid.x} * grid.y))});
      } catch (...) {
        const std::lock_guard guard(mutex);
        if (!first) first = std::current_exception();
        next = count;
      }
    }
  };
  const unsigned wanted = config().os_threads != 0 ? config().os_threads : std::thread::hardware_concurrency();
  std::vector<std::thread> threads;
  for (uint64_t i = 1; i < std::min<uint64_t>(wanted, count); ++i) threads.emplace_back(work);
  work();
  for (std::thread& other : threads) other.join();
  if (first) std::rethrow_exception(first);
}

Config first_config() {
  Config config;
  if (const char* seed = std::getenv("PROXIMAL_EMULATOR_SEED"))
    config.seed = static_cast<unsigned>(std::strtoul(seed, nullptr, 10));
  return config;
}

// ---- The device's memory and errors ----------------------------------------------------------------------------------

std::mutex device_mutex;
std::map<void*, size_t> allocations;
Counters counts;
thread_local cudaError_t last_error = cudaSuccess;
std::string launch_failure;

cudaError_t set(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

#if defined(__SANITIZE_ADDRESS__) || defined(PX_EMULATOR_TSAN)
// As the sanitizers want it, who watch its ends.
void* take_memory(size_t bytes) { return std::malloc(bytes); }
void give_memory(void* pointer, size_t) { std::free(pointer); }
void protect(void*, size_t) {}
struct Opened {
  Opened() {}
};
#else
// Pages that are closed to the host: they open while what a stream was given runs.
int running_streams = 0;

size_t whole_pages(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

void* take_memory(size_t bytes) {
  void* pages = mmap(nullptr, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages != MAP_FAILED ? pages : nullptr;
}

void give_memory(void* pointer, size_t bytes) { munmap(pointer, whole_pages(bytes)); }

void protect(void* pointer, size_t bytes) {
  mprotect(pointer, whole_pages(bytes), running_streams > 0 ? PROT_READ | PROT_WRITE : PROT_NONE);
}

class Opened {
 public:
  Opened() { change(1); }
  ~Opened() { change(-1); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  static void change(int by) {
    const std::lock_guard guard(device_mutex);
    const bool was = running_streams > 0;
    running_streams += by;
    if (was == (running_streams > 0)) return;
    for (const auto& [pointer, bytes] : allocations) protect(pointer, bytes);
  }
};
#endif

// What the device holds; tests of whole engines have the environment alone.
size_t memory_limit() {
  const char* bytes = std::getenv("PROXIMAL_EMULATOR_MEMORY");
  return bytes != nullptr ? std::strtoull(bytes, nullptr, 10) : config().memory_bytes;
}

void free_now(void* pointer) {
  const std::lock_guard guard(device_mutex);
  const auto found = allocations.find(pointer);
  if (found == allocations.end()) fail("cudaFreeAsync of what is not allocated");
  counts.live_bytes -= found->second;
  --counts.live_allocations;
  give_memory(pointer, std::max<size_t>(found->second, 1));
  allocations.erase(found);
}

}  // namespace

Config& config() {
  static Config config = first_config();
  return config;
}

const Counters& counters() { return counts; }

// Work in order, none of it begun before somebody waits. An error stays.
class Stream {
 public:
  // What comes later is not done, as nothing that waits is.
  void fail(cudaError_t error) {
    const std::lock_guard guard(mutex_);
    error_ = error;
  }

  cudaError_t error() {
    const std::lock_guard guard(mutex_);
    return error_;
  }

  // `always`: after an error too.
  void add(std::function<void()> work, bool always = false) {
    const std::lock_guard guard(mutex_);
    work_.emplace_back(std::move(work), always);
  }

  cudaError_t synchronize() {
    const std::lock_guard guard(mutex_);
    if (work_.empty()) return set(error_);
    const Opened opened;
    for (const auto& [work, always] : work_) {
      try {
        if (error_ == cudaSuccess || always) work();
      } catch (const std::exception& exception) {
        launch_failure = exception.what();
        error_ = cudaErrorLaunchFailure;
      }
    }
    work_.clear();
    return set(error_);
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::function<void()>, bool>> work_;
  cudaError_t error_ = cudaSuccess;
};

namespace {

// The error that the stream is left with, or that a test asked for.
cudaError_t injected(cudaStream_t stream, bool takes_memory) {
  if (stream != nullptr && stream->error() != cudaSuccess) return set(stream->error());
  if (config().next_error == cudaSuccess || (config().memory_alone && !takes_memory)) return cudaSuccess;
  if (config().errors_after-- > 0) return cudaSuccess;
  const cudaError_t error = config().next_error;
  if (config().error_stays && stream != nullptr) stream->fail(error);
  config().next_error = cudaSuccess;
  config().errors_after = 0;
  return set(error);
}

}  // namespace

uint3 thread_index() { return block().current().index; }
uint3 block_index() { return block().index(); }
dim3 block_size() { return block().size(); }
dim3 grid_size() { return block().grid(); }
unsigned lane() { return block().current().lane; }
void* dynamic_shared() { return block().shared(); }
void barrier(Site site) { block().wait(Waits::kForBlock, site, 0); }

uint64_t exchange_bits(unsigned mask, uint64_t value, int source, Site site) {
  Block& here = block();
  if ((mask >> here.current().lane & 1) == 0) fail("a lane calls a warp collective that its own mask leaves out");
  here.current().offer = value;
  here.wait(Waits::kForWarp, site, mask);
  if (source < 0 || source >= static_cast<int>(kWarp) || (mask >> source & 1) == 0) return value;
  return here.offers(here.current().warp)[static_cast<size_t>(source)];
}

unsigned ballot(unsigned mask, bool vote, Site site) {
  Block& here = block();
  exchange_bits(mask, vote ? 1 : 0, 0, site);
  const unsigned warp = here.current().warp;
  const size_t lanes = std::min<size_t>(kWarp, here.threads() - size_t{warp} * kWarp);
  unsigned votes = 0;
  for (unsigned i = 0; i < lanes; ++i)
    if ((mask >> i & 1) != 0 && here.offers(warp)[i] != 0) votes |= 1u << i;
  return votes;
}

void enqueue(cudaStream_t stream, std::function<void()> work) {
  if (stream == nullptr) fail("work on the default stream: every call names its stream");
  stream->add(std::move(work));
}

void enqueue_launch(cudaStream_t stream, dim3 grid, dim3 size, size_t shared_bytes, std::function<void()> thread) {
  if (injected(stream, true) != cudaSuccess) return;
  const uint64_t threads = uint64_t{size.x} * size.y * size.z, blocks = uint64_t{grid.x} * grid.y * grid.z;
  if (threads == 0 || threads > kMostThreads || blocks == 0 || grid.y > 65535 || grid.z > 65535 ||
      shared_bytes > kMostShared) {
    set(cudaErrorInvalidConfiguration);
    return;
  }
  ++counts.launches;
  enqueue(stream, [=] { run_grid(grid, size, shared_bytes, thread); });
}

}  // namespace px::emulator

using namespace px::emulator;

// For tests of whole engines, to which this library hands out nothing but its device and these. After `after` calls of
// the runtime the next one fails: for want of memory, where it takes some, or as the device does, for good.
extern "C" __attribute__((visibility("default"))) void px_emulator_fail(int for_good, int after) {
  config().next_error = for_good != 0 ? cudaErrorLaunchFailure : cudaErrorMemoryAllocation;
  config().errors_after = after;
  config().error_stays = for_good != 0;
  config().memory_alone = for_good == 0;
}

// Whether it has failed; from here on nothing does.
extern "C" __attribute__((visibility("default"))) int px_emulator_failed() {
  const bool failed = config().next_error == cudaSuccess;
  config().next_error = cudaSuccess;
  return failed ? 1 : 0;
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = config().devices;
  return set(*count > 0 ? cudaSuccess : cudaErrorNoDevice);
}

cudaError_t cudaSetDevice(int device) {
  return set(device >= 0 && device < config().devices ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  *properties = {};
  std::strcpy(properties->name, "emulator on the CPU");
  properties->totalGlobalMem = config().memory_bytes;
  properties->multiProcessorCount = 2;
  properties->major = 8;
  return cudaSetDevice(device);
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 11080;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int* version) { return cudaRuntimeGetVersion(version); }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t error = injected(nullptr, false); error != cudaSuccess) return error;
  *stream = new Stream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const cudaError_t error = stream->synchronize();
  delete stream;
  return error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t error = injected(stream, false); error != cudaSuccess) return error;
  return stream->synchronize();
}

cudaError_t cudaMallocAsync(void** pointer, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = injected(stream, true); error != cudaSuccess) return error;
  const std::lock_guard guard(device_mutex);
  if (counts.live_bytes + bytes > memory_limit()) return set(cudaErrorMemoryAllocation);
  const size_t size = std::max<size_t>(bytes, 1);
  *pointer = take_memory(size);
  if (*pointer == nullptr) return set(cudaErrorMemoryAllocation);
  std::memset(*pointer, 0xff, bytes);  // NaN
  allocations[*pointer] = bytes;
  protect(*pointer, size);
  counts.live_bytes += bytes;
  ++counts.live_allocations;
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* pointer, cudaStream_t stream) {
  stream->add([=] { free_now(pointer); }, true);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  if (const cudaError_t error = injected(stream, false); error != cudaSuccess) return error;
  enqueue(stream, [=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* pointer, int byte, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t error = injected(stream, false); error != cudaSuccess) return error;
  enqueue(stream, [=] { std::memset(pointer, byte, bytes); });
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
  }
  return "unknown";
}

const char* cudaGetErrorString(cudaError_t error) {
  if (error == cudaErrorLaunchFailure) return launch_failure.c_str();
  return error == cudaSuccess ? "no error" : "as the emulator was told";
}
