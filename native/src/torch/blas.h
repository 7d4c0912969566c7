// Which BLAS is loaded, and how fast it is.
#pragma once

#include <cstdint>
#include <string>

namespace px::torch_backend {

// The file that the process's matrix products come from; empty when it cannot be told.
std::string blas_file();

// Median GFLOP/s of an fp32 [n, n] x [n, n] product.
double measure_gemm(int64_t n, int32_t repeats);

}  // namespace px::torch_backend
