// Products of the emulated device, element by element in double.
#include <cstring>

#include "cuda/product.h"

namespace px::cuda {
namespace {

double element(const void* matrix, px_dtype dtype, int64_t i) {
  if (dtype == PX_DTYPE_F32) return static_cast<const float*>(matrix)[i];
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(matrix)[i]} << 16;
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void multiply_now(const Product& p) {
  for (int64_t m = 0; m < p.m; ++m)
    for (int64_t n = 0; n < p.n; ++n) {
      double sum = p.residual != nullptr ? p.residual[m * p.out_stride + n] : 0;
      for (int64_t k = 0; k < p.k; ++k)
        sum += element(p.a, p.dtype, p.a_by_k ? k * p.a_stride + m : m * p.a_stride + k) *
               element(p.b, p.dtype, p.b_by_k ? k * p.b_stride + n : n * p.b_stride + k);
      p.out[m * p.out_stride + n] = static_cast<float>(sum);
    }
}

}  // namespace

class Products::Library {
 public:
  explicit Library(cudaStream_t stream) : stream_(stream) {}
  cudaStream_t stream() const { return stream_; }

 private:
  cudaStream_t stream_;
};

const bool Products::kKeepsRows = true;
Products::Products(cudaStream_t stream) : library_(std::make_unique<Library>(stream)) {}
Products::~Products() = default;
cudaStream_t Products::stream() const { return library_->stream(); }
void Products::multiply(const Product& product) {
  emulator::enqueue(stream(), [product] { multiply_now(product); });
}

}  // namespace px::cuda
