// What the tests of kernels over hidden states and an LM head share.
#pragma once

#include <random>

#include "base/float16.h"
#include "kernel_test.h"
#include "kernels/token_logprob/head.h"

namespace px::test {

using namespace px::kernels;  // NOLINT: for tests alone

// Memory at a multiple of 64.
class Aligned {
 public:
  void* of(uint64_t bytes) {
    lines_.resize(bytes / 64 + 2);
    return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(lines_.data()) + 63) / 64 * 64);
  }

 private:
  struct alignas(64) Line { std::byte bytes[64]; };
  std::vector<Line> lines_;
};

// Hidden states, a head and targets, as numbers of the dtype and packed.
struct HeadProblem {
  HeadProblem(const Cpu& cpu, int64_t n_, int64_t hidden_size, int64_t vocabulary_, px_dtype dtype_, uint32_t seed = 1)
      : n(n_), size(hidden_size), vocabulary(vocabulary_), dtype(dtype_), hidden(random_floats(n * size, seed, -2, 2)),
        head(random_floats(vocabulary * size, seed + 1, -1, 1)) {
    for (auto* values : {&hidden, &head})
      for (float& value : *values)
        if (dtype == PX_DTYPE_BF16) value = from_bf16(to_bf16(value));
    for (const float value : hidden) hidden_bf16.push_back(to_bf16(value));
    std::mt19937 random(seed + 2);
    for (int64_t i = 0; i < n; ++i) target.push_back(static_cast<int32_t>(random() % static_cast<uint64_t>(vocabulary)));
    if (n > 1) target[1] = static_cast<int32_t>(vocabulary) - 1;
    words.resize(static_cast<size_t>(packed_words(vocabulary, size, dtype)));
    other_words.resize(static_cast<size_t>(packed_words(size, vocabulary, dtype)));
    packed = gemm_pack(cpu, {head.data(), PX_DTYPE_F32, size, 1}, {nullptr, vocabulary, size, dtype}, words.data());
    transposed = gemm_pack(cpu, {head.data(), PX_DTYPE_F32, 1, size}, {nullptr, size, vocabulary, dtype}, other_words.data());
  }

  // Rows [first, first + count).
  HeadArgs args(int64_t first, int64_t count, double temperature, bool gradients) {
    HeadArgs a;
    a.n = count;
    a.hidden = dtype == PX_DTYPE_F32 ? static_cast<const void*>(hidden.data() + first * size)
                                     : hidden_bf16.data() + first * size;
    a.hidden_stride = size;
    a.head = packed;
    a.head_transposed = transposed;
    a.target = target.data() + first;
    a.temperature = temperature;
    a.workspace = workspace.of(head_workspace(packed, count, gradients));
    return a;
  }

  int64_t n, size, vocabulary;
  px_dtype dtype;
  std::vector<float> hidden, head;
  std::vector<uint16_t> hidden_bf16;
  std::vector<int32_t> target;
  std::vector<uint32_t> words, other_words;
  Aligned workspace;
  Packed packed, transposed;
};

inline std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

}  // namespace px::test
