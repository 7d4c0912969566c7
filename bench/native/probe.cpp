#include "probe.h"

#include <pthread.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC's own headers, of registers that they leave open
#include <immintrin.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace px::bench {
namespace {

constexpr int kRepeats = 5;
constexpr int64_t kBytes = 192 << 20;  // of an array
constexpr int64_t kFloats = kBytes / 4;
constexpr int64_t kSteps = 1 << 20;
constexpr int kSums = 24;  // independent sums, more than the latency of a multiply-add needs

class Barrier {
 public:
  explicit Barrier(int threads) : threads_(threads) {}
  void wait() {
    const int turn = turn_.load();
    if (waiting_.fetch_add(1) + 1 == threads_) {
      waiting_ = 0;
      turn_.fetch_add(1);
    } else {
      while (turn_.load() == turn) _mm_pause();
    }
  }

 private:
  const int threads_;
  std::atomic<int> waiting_{0}, turn_{0};
};

// Median seconds of work(thread) on all threads at once, each pinned to a core.
double seconds_of(int threads, const std::function<void(int)>& work) {
  using Clock = std::chrono::steady_clock;
  Barrier barrier(threads);
  std::vector<double> seconds;
  const auto body = [&](int thread) {
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(static_cast<size_t>(thread), &core);
    pthread_setaffinity_np(pthread_self(), sizeof core, &core);
    work(thread);
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      barrier.wait();
      const auto start = Clock::now();
      work(thread);
      barrier.wait();
      if (thread == 0) seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
  };
  std::vector<std::thread> others;
  for (int thread = 0; thread < threads; ++thread) others.emplace_back(body, thread);
  for (std::thread& other : others) other.join();
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

volatile float sink;

#pragma GCC push_options
#pragma GCC target("avx2,fma")

void read(const float* a, int64_t n) {
  __m256 sums[8] = {};
  for (int64_t i = 0; i < n; i += 64)
    for (int k = 0; k < 8; ++k) sums[k] = _mm256_add_ps(sums[k], _mm256_load_ps(a + i + 8 * k));
  for (int k = 1; k < 8; ++k) sums[0] = _mm256_add_ps(sums[0], sums[k]);
  sink = _mm256_cvtss_f32(sums[0]);
}

template <bool kPast>
void store(float* to, __m256 value) {
  kPast ? _mm256_stream_ps(to, value) : _mm256_store_ps(to, value);
}

template <bool kPast>
void copy(float* to, const float* a, int64_t n) {
  for (int64_t i = 0; i < n; i += 32)
    for (int k = 0; k < 32; k += 8) store<kPast>(to + i + k, _mm256_load_ps(a + i + k));
  _mm_sfence();
}

template <bool kPast>
void triad(float* to, const float* a, const float* b, int64_t n) {
  const __m256 scale = _mm256_set1_ps(3);
  for (int64_t i = 0; i < n; i += 32)
    for (int k = 0; k < 32; k += 8)
      store<kPast>(to + i + k, _mm256_fmadd_ps(scale, _mm256_load_ps(a + i + k), _mm256_load_ps(b + i + k)));
  _mm_sfence();
}

void update(float* w, float* m, float* v, const float* g, int64_t n) {
  const __m256 keep = _mm256_set1_ps(0.5f);
  for (int64_t i = 0; i < n; i += 8) {
    const __m256 x = _mm256_load_ps(g + i);
    const __m256 first = _mm256_fmadd_ps(keep, _mm256_load_ps(m + i), x);
    const __m256 second = _mm256_fmadd_ps(keep, _mm256_load_ps(v + i), x);
    _mm256_store_ps(m + i, first);
    _mm256_store_ps(v + i, second);
    _mm256_store_ps(w + i, _mm256_fmadd_ps(keep, _mm256_load_ps(w + i), _mm256_add_ps(first, second)));
  }
}

void multiply_avx2() {
  __m256 sums[12] = {};  // 16 registers
  // What the compiler does not see to be equal it computes for each.
#pragma GCC unroll 12
  for (__m256& sum : sums) asm volatile("" : "+x"(sum));
  __m256 x = _mm256_set1_ps(0.5f);
  for (int64_t step = 0; step < 2 * kSteps; ++step) {
    asm volatile("" : "+x"(x));
#pragma GCC unroll 24  // in registers
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(x, x, sum);
  }
  for (const __m256& sum : sums) sink = _mm256_cvtss_f32(sum);
}

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f")

void multiply_avx512() {
  __m512 sums[kSums] = {};
#pragma GCC unroll 24
  for (__m512& sum : sums) asm volatile("" : "+v"(sum));
  __m512 x = _mm512_set1_ps(0.5f);
  for (int64_t step = 0; step < kSteps; ++step) {
    asm volatile("" : "+v"(x));
#pragma GCC unroll 24  // in registers
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(x, x, sum);
  }
  for (const __m512& sum : sums) sink = _mm512_cvtss_f32(sum);
}

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bf16")

void multiply_bf16() {
  __m512 sums[kSums] = {};
#pragma GCC unroll 24
  for (__m512& sum : sums) asm volatile("" : "+v"(sum));
  __m512i x = _mm512_set1_epi32(0x3f003f00);
  for (int64_t step = 0; step < kSteps; ++step) {
    asm volatile("" : "+v"(x));
#pragma GCC unroll 24  // in registers
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, (__m512bh)x, (__m512bh)x);
  }
  for (const __m512& sum : sums) sink = _mm512_cvtss_f32(sum);
}

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f")

constexpr double kFlopOfTiles = 4 * 2.0 * 16 * 16 * 32;

// Four tiles of sums, as a kernel has them.
void multiply_tiles() {
  struct alignas(64) {
    uint8_t palette = 1, rest[15] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } tiles;
  asm volatile("ldtilecfg %0" : : "m"(tiles));
  for (int64_t step = 0; step < kSteps / 8; ++step)
    asm volatile(
        "tdpbf16ps %tmm6, %tmm4, %tmm0\n\t"
        "tdpbf16ps %tmm7, %tmm4, %tmm1\n\t"
        "tdpbf16ps %tmm6, %tmm5, %tmm2\n\t"
        "tdpbf16ps %tmm7, %tmm5, %tmm3");
  asm volatile("tilerelease");
}

#pragma GCC pop_options
#pragma GCC diagnostic pop

struct Free {
  void operator()(float* memory) const { free(memory); }
};
using Floats = std::unique_ptr<float, Free>;

Floats floats() {
  Floats array(static_cast<float*>(std::aligned_alloc(64, kBytes)));
  std::memset(array.get(), 0, kBytes);
  return array;
}

// Below AVX-512-bf16 a pair of bf16 is widened and costs what two floats do.
double flop_rate(Isa isa, bool bf16, int threads) {
  if (bf16 && isa == Isa::kAmx) {
    return kFlopOfTiles * static_cast<double>(kSteps / 8) * threads /
           seconds_of(threads, [](int) { multiply_tiles(); });
  }
  const bool wide = isa >= Isa::kAvx512;
  const auto multiply = !wide ? &multiply_avx2 : bf16 && isa == Isa::kAvx512Bf16 ? &multiply_bf16 : &multiply_avx512;
  const double flop = !wide ? 2.0 * 12 * 16 : kSums * (multiply == &multiply_bf16 ? 64.0 : 32.0);
  return flop * static_cast<double>(kSteps) * threads / seconds_of(threads, [&](int) { multiply(); });
}

}  // namespace

nlohmann::json probe(Isa isa, int threads) {
  // One array more than the largest case needs, kept for the length of the program.
  static const Floats arrays[4] = {floats(), floats(), floats(), floats()};
  float* const a = arrays[0].get();
  float* const b = arrays[1].get();
  float* const c = arrays[2].get();
  float* const d = arrays[3].get();
  const auto rate = [&](int count, double arrays_moved, auto&& work) {
    const int64_t part = kFloats / count / 64 * 64;
    return arrays_moved * kBytes / seconds_of(count, [&](int thread) { work(thread * part, part); });
  };
  nlohmann::json roofs;
  roofs["read_one"] = rate(1, 1, [&](int64_t i, int64_t n) { read(a + i, n); });
  roofs["read"] = rate(threads, 1, [&](int64_t i, int64_t n) { read(a + i, n); });
  roofs["copy"] = rate(threads, 2, [&](int64_t i, int64_t n) { copy<false>(b + i, a + i, n); });
  roofs["copy_nt"] = rate(threads, 2, [&](int64_t i, int64_t n) { copy<true>(b + i, a + i, n); });
  roofs["triad"] = rate(threads, 3, [&](int64_t i, int64_t n) { triad<false>(c + i, a + i, b + i, n); });
  roofs["triad_nt"] = rate(threads, 3, [&](int64_t i, int64_t n) { triad<true>(c + i, a + i, b + i, n); });
  roofs["update"] = rate(threads, 7, [&](int64_t i, int64_t n) { update(a + i, b + i, c + i, d + i, n); });
  roofs["fp32_one"] = flop_rate(isa, false, 1);
  roofs["fp32"] = flop_rate(isa, false, threads);
  roofs["bf16_one"] = flop_rate(isa, true, 1);
  roofs["bf16"] = flop_rate(isa, true, threads);
  return roofs;
}

}  // namespace px::bench
