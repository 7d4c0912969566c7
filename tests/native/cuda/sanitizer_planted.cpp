// Defects of kernels on purpose, one per argument: the sanitizer runs fail unless each is seen.
#include <cstdio>
#include <cstring>
#include <vector>

#include "emulator.h"
#include "planted.h"

int main(int argc, char** argv) {
  const char* defect = argc == 2 ? argv[1] : "";
  const std::vector<float> in(256, 1);
  std::vector<float> out(256);
  cudaStream_t stream = nullptr;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (std::strcmp(defect, "missing-barrier") == 0) {
    px::test::reverse_without_barrier(stream, in.data(), out.data());
  } else if (std::strcmp(defect, "shared-overflow") == 0) {
    px::test::shared_overflow(stream, out.data());
  } else if (std::strcmp(defect, "none") == 0) {
    px::test::reverse(stream, in.data(), out.data());
  } else {
    std::fprintf(stderr, "usage: %s missing-barrier|shared-overflow|none\n", argv[0]);
    return 2;
  }
  return cudaStreamDestroy(stream) == cudaSuccess ? 0 : 1;
}
