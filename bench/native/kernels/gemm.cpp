// gemm on the shapes of the 135M model: weights that the caches hold, and weights that come from memory.
#include <dlfcn.h>

#include "suite.h"

namespace px::bench {
namespace {

constexpr int64_t kColdBytes = 256 << 20;

struct Shape {
  const char* name;
  int64_t n, k;
};

constexpr Shape kShapes[] = {{"qkv", 960, 576}, {"o", 576, 576}, {"gate|up", 3072, 576}, {"down", 576, 1536}, {"head", 49152, 576}};

// cblas_sgemm of OpenBLAS: row-major, x [m, k] times w [n, k] transposed.
using Sgemm = void (*)(int order, int x_transposed, int w_transposed, int m, int n, int k, float alpha, const float* x,
                       int x_stride, const float* w, int w_stride, float beta, float* out, int out_stride);

Sgemm openblas() {
  constexpr const char* kFile = "/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblas.so.0";
  static void* const library = dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
  return library == nullptr ? nullptr : reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
}

// Copies of one matrix that are read by turns.
template <class T>
struct Copies {
  Copies(const Array<T>& first, int64_t count) : size(first.size()), all(first.size() * count) {
    for (int64_t i = 0; i < count; ++i) std::memcpy(all.data() + i * size, first.data(), static_cast<size_t>(size) * sizeof(T));
  }
  const T* next() {
    at = (at + size) % all.size();
    return all.data() + at;
  }

  int64_t size;
  Array<T> all;
  int64_t at = 0;
};

template <class T>
void measure(Suite& suite, const Shape& shape, px_dtype dtype, bool cold, const std::vector<int64_t>& rows) {
  const int64_t n = shape.n, k = shape.k;
  const Array<T> w(n * k, -1, 1);
  const auto bytes = static_cast<int64_t>(px_gemm_packed_bytes(n, k, dtype));
  const int64_t count = cold ? (kColdBytes + bytes - 1) / bytes : 1;
  const Array<std::byte> packed(bytes);
  auto pack = make_args<px_gemm_pack_args>();
  pack.from = pack.dtype = dtype;
  pack.outputs = n;
  pack.inputs = k;
  pack.w = w;
  pack.packed = packed;
  pack.packed_bytes = static_cast<uint64_t>(bytes);
  Suite::check(px_gemm_pack(suite.engine(), &pack));
  Copies<std::byte> ours(packed, count);
  const bool floats = dtype == PX_DTYPE_F32;
  const Sgemm sgemm = floats ? openblas() : nullptr;
  Copies<T> theirs(w, sgemm != nullptr ? count : 1);
  const bool from_memory = cold || bytes > kBeyondCaches;
  for (const int64_t m : rows) {
    const Array<T> x(m * k, -1, 1);
    const Array<float> out(m * n);
    auto args = make_args<px_gemm_args>();
    args.dtype = dtype;
    args.rows = m;
    args.outputs = n;
    args.inputs = k;
    args.x = x;
    args.packed_bytes = static_cast<uint64_t>(bytes);
    args.out = out;
    std::vector<Contender> contenders{
        {"Proximal", [&] { args.packed = ours.next(), Suite::check(px_gemm(suite.engine(), &args)); }},
        suite.onednn("gemm", {x.view({m, k}), w.view({n, k}), out.view({m, n})}, {static_cast<double>(count)})};
    if (floats) {
      Contender blas{"OpenBLAS", {}};
      if (sgemm != nullptr)
        blas.run = [&] {
          sgemm(101, 111, 112, static_cast<int>(m), static_cast<int>(n), static_cast<int>(k), 1, reinterpret_cast<const float*>(x.data()),
                static_cast<int>(k), reinterpret_cast<const float*>(theirs.next()), static_cast<int>(k), 0, out, static_cast<int>(n));
        };
      contenders.push_back(std::move(blas));
    } else if (!cold) {
      contenders.push_back(suite.torch("gemm", {x.view({m, k}), w.view({n, k})}));
    }
    const double flop = 2.0 * static_cast<double>(m * n * k);
    suite.measure(std::string(shape.name) + " " + std::to_string(n) + "x" + std::to_string(k) + ", M = " + std::to_string(m) +
                      (floats ? ", fp32" : ", bf16") + (cold ? ", cold" : ""),
                  {.flop = flop, .dtype = dtype, .read_bytes = from_memory ? static_cast<double>(bytes) : 0}, contenders);
  }
}

}  // namespace

static const Registration gemm("gemm", [](Suite& suite) {
  for (const Shape& shape : kShapes) {
    measure<uint16_t>(suite, shape, PX_DTYPE_BF16, false, {8, 32, 64, 256, 1024});
    measure<float>(suite, shape, PX_DTYPE_F32, false, {8, 32, 64, 256, 1024});
    measure<uint16_t>(suite, shape, PX_DTYPE_BF16, true, {1, 8, 32, 256});
    measure<float>(suite, shape, PX_DTYPE_F32, true, {1, 32});
  }
});

}  // namespace px::bench
