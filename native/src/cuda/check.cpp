#include "cuda/check.h"

namespace px::cuda {

px_status status_of(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return PX_OK;
    case cudaErrorMemoryAllocation:
      return PX_DEVICE_OUT_OF_MEMORY;
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
      return PX_UNSUPPORTED;
    default:
      return PX_DEVICE_ERROR;
  }
}

void check_cuda(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  // The runtime keeps the error of a launch until somebody asks; the next call is not to be blamed for it.
  cudaGetLastError();
  fail(status_of(error), "CUDA: ", what, ": ", cudaGetErrorName(error), ", ", cudaGetErrorString(error));
}

}  // namespace px::cuda
