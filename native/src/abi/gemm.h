// Checks of packed weights and their dtype, for the entries that take them.
#pragma once

#include "abi/guard.h"
#include "kernels/gemm/gemm.h"

namespace px::abi {

// F32 or BF16.
px_dtype check_product_dtype(int32_t dtype, const char* name);

// What px_gemm_pack wrote of a matrix [outputs, inputs], whose sizes are checked.
kernels::Packed packed_of(const void* packed, uint64_t bytes, int64_t outputs, int64_t inputs, px_dtype dtype,
                          const char* name);

}  // namespace px::abi
