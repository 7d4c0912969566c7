// Products of matrices on the device.
//
//   out[m, n] = sum_k a[m, k] b[n, k] (+ residual[m, n])
//
// NUMERICS: float or bf16 in, summed in float. One algorithm for each (n, k, dtype, layout), chosen at the first use by a
// query for kRows rows whatever their number is, without splits along k: a row's sums are then meant to have one order.
// Whether the hardware keeps it is to be tested there; nothing has run on hardware yet.
#pragma once

#include <cstdint>
#include <memory>

#include "cuda/check.h"
#include "proximal/model.h"

namespace px::cuda {

struct Product {
  px_dtype dtype = PX_DTYPE_F32;  // of a and b: F32 or BF16
  int64_t m = 0, n = 0, k = 0;
  const void* a = nullptr;      // [m, k]; [k, m] where a_by_k
  int64_t a_stride = 0;         // elements from row to row
  bool a_by_k = false;
  const void* b = nullptr;      // [n, k]; [k, n] where b_by_k
  int64_t b_stride = 0;
  bool b_by_k = false;
  const float* residual = nullptr;  // [m, n], optional; may be out
  float* out = nullptr;             // [m, n]
  int64_t out_stride = 0;           // of both
};

class Products {
 public:
  // The rows that algorithms are chosen for.
  static constexpr int64_t kRows = 256;

  explicit Products(cudaStream_t stream);
  ~Products();
  Products(const Products&) = delete;
  Products& operator=(const Products&) = delete;

  cudaStream_t stream() const;

  // Whether it is shown that a row's bits do not depend on the rows beside it.
  static const bool kKeepsRows;

  // In the order of the stream. Throws PX_UNSUPPORTED where no algorithm fits.
  void multiply(const Product& product);

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace px::cuda
