#include "abi/engine.h"

#include <sys/resource.h>

#include "base/backend.h"

using namespace px;
using namespace px::abi;

namespace {

constexpr int32_t kMaxThreads = 1024;
constexpr int32_t kMaxDevices = 64;

uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts kilobytes
}

uint64_t bytes_of(const std::atomic<int64_t>& counter) { return static_cast<uint64_t>(counter.load()); }

}  // namespace

extern "C" {

px_status px_engine_create(const px_engine_options* options, px_engine** engine) {
  return guarded("px_engine_create", [&] {
    check_pointer(engine, "engine");
    const px_engine_options o = read_optional_args(options, "options");
    check_flags(o.flags, 0, "options");
    check(o.backend >= PX_BACKEND_DEFAULT && o.backend <= PX_BACKEND_TORCH, PX_INVALID_ARGUMENT,
          "options.backend: expected a px_backend, got ", o.backend);
    check(o.device >= 0 && o.device <= kMaxDevices, PX_INVALID_ARGUMENT,
          "options.device: expected 0 (the CPU) or 1 (the first CUDA device) to ", kMaxDevices, ", got ", o.device);
    check(o.products >= PX_PRODUCTS_DEFAULT && o.products <= PX_PRODUCTS_BF16, PX_INVALID_ARGUMENT,
          "options.products: expected a px_products, got ", o.products);
    check(o.threads >= 0 && o.threads <= kMaxThreads, PX_INVALID_ARGUMENT, "options.threads: expected 0 to ",
          kMaxThreads, ", got ", o.threads);
    *engine = new px_engine{std::make_shared<Engine>(o)};
  });
}

void px_engine_release(px_engine* engine) { delete engine; }

px_status px_engine_memory(px_engine* engine, px_memory_stats* stats) {
  return guarded("px_engine_memory", [&] {
    Engine& e = engine_of(engine);
    check_result(stats, "stats");
    px_memory_stats values{};
    values.weight_bytes = bytes_of(e.memory.weights);
    values.gradient_bytes = bytes_of(e.memory.gradients);
    values.optimizer_bytes = bytes_of(e.memory.optimizer);
    values.cache_bytes = bytes_of(e.memory.cache);
    values.peak_resident_bytes = peak_resident_bytes();
    write_result(stats, values);
  });
}

px_status px_engine_describe(px_engine* engine, int32_t load_backend, char* buffer, int64_t capacity, int64_t* needed) {
  return guarded("px_engine_describe", [&] {
    Engine& e = engine_of(engine);
    check(capacity >= 0 && (capacity == 0 || buffer != nullptr), PX_INVALID_ARGUMENT,
          "buffer: expected room for capacity = ", capacity, " bytes, got NULL");
    const int64_t bytes = copy_text(e.describe(load_backend != 0), buffer, capacity);
    if (needed != nullptr) *needed = bytes;
  });
}

px_status px_engine_measure_gemm(px_engine* engine, int64_t n, int32_t repeats, double* gflops) {
  return guarded("px_engine_measure_gemm", [&] {
    Engine& e = engine_of(engine);
    check_pointer(gflops, "gflops");
    check(n >= 1 && n <= 8192, PX_INVALID_ARGUMENT, "n: expected 1 to 8192, got ", n);
    check(repeats >= 1 && repeats <= 1000, PX_INVALID_ARGUMENT, "repeats: expected 1 to 1000, got ", repeats);
    e.run([&] { *gflops = e.backend().measure_gemm(n, repeats); });
  });
}

}  // extern "C"
