#include "torch/blas.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <vector>

namespace px::torch_backend {

std::string blas_file() {
  void* gemm = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info info{};
  if (gemm == nullptr || dladdr(gemm, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code error;
  const auto file = std::filesystem::canonical(info.dli_fname, error);  // Debian's name is a chain of links
  return error ? info.dli_fname : file.string();
}

double measure_gemm(int64_t n, int32_t repeats) {
  const at::NoGradGuard no_gradient;
  const at::Tensor a = at::ones({n, n}, at::kFloat);
  at::Tensor product = at::mm(a, a);
  std::vector<double> seconds;
  for (int32_t i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    at::mm_out(product, a, a);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + repeats / 2, seconds.end());
  const auto size = static_cast<double>(n);
  return 2e-9 * size * size * size / seconds[static_cast<size_t>(repeats / 2)];
}

}  // namespace px::torch_backend
