// Errors of the CUDA runtime as the engine's own.
#pragma once

#ifdef PX_CUDA_EMULATOR
#include "emulator.h"
#else
#include <cuda_runtime.h>
#endif

#include "base/error.h"

namespace px::cuda {

// The status that stands for an error of the runtime: out of memory, nothing to run on, all else of the device.
px_status status_of(cudaError_t error);

// Throws unless `error` is cudaSuccess; `what` is the call that returned it.
void check_cuda(cudaError_t error, const char* what);

}  // namespace px::cuda
