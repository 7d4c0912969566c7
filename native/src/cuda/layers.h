// The CUDA forms of the layers, over pointers of the device in the order of a stream; arguments as in kernels.h, tokens
// and positions checked by the caller.
// NUMERICS: float arithmetic; sums along a row in a fixed order of threads, so that a row's bits are its own; sums over
// rows in fixed parts, added in order.
#pragma once

#include <cstdint>

#include "cuda/check.h"
#include "kernels/rows/rows.h"
#include "proximal/kernels/embedding.h"
#include "proximal/kernels/gelu.h"
#include "proximal/kernels/layernorm.h"
#include "proximal/kernels/rmsnorm.h"
#include "proximal/kernels/rope.h"
#include "proximal/kernels/swiglu.h"

namespace px::kernels {

void rmsnorm_cuda(cudaStream_t stream, const px_rmsnorm_args& args);
// Bytes of args.workspace on the device, for d_weight.
uint64_t rmsnorm_backward_cuda_workspace(int64_t rows, int64_t hidden);
void rmsnorm_backward_cuda(cudaStream_t stream, const px_rmsnorm_backward_args& args);

void layernorm_cuda(cudaStream_t stream, const px_layernorm_args& args);
// Bytes of args.workspace on the device, for d_weight and d_bias.
uint64_t layernorm_backward_cuda_workspace(int64_t rows, int64_t hidden);
void layernorm_backward_cuda(cudaStream_t stream, const px_layernorm_backward_args& args);

void rope_cuda(cudaStream_t stream, const px_rope_args& args);
// Bytes of args.workspace on the device, for d_query_norm and d_key_norm.
uint64_t rope_backward_cuda_workspace(int64_t rows, int64_t head_size);
void rope_backward_cuda(cudaStream_t stream, const px_rope_backward_args& args);

void swiglu_cuda(cudaStream_t stream, const px_swiglu_args& args);
void swiglu_backward_cuda(cudaStream_t stream, const px_swiglu_backward_args& args);

void gelu_cuda(cudaStream_t stream, const px_gelu_args& args);
void gelu_backward_cuda(cudaStream_t stream, const px_gelu_backward_args& args);

void embedding_cuda(cudaStream_t stream, const px_embedding_args& args);
void embedding_backward_cuda(cudaStream_t stream, const px_embedding_backward_args& args);

// As kernels/rows/rows.h has them; values, slopes and rows are on the device.
void gather_rows_cuda(cudaStream_t stream, const void* from, int64_t bytes, const int64_t* rows, int64_t n, void* to);
void add_rows_cuda(cudaStream_t stream, const float* from, int64_t width, const int64_t* rows, int64_t n, float* to);
void scalar_head_cuda(cudaStream_t stream, const ScalarRows& args, float* values);
void scalar_head_backward_cuda(cudaStream_t stream, const ScalarRows& args, const float* slopes, float* d_rows,
                               float* d_head);

// As kernels/reduce/reduce.h has it, summed in double.
void add_column_sums_cuda(cudaStream_t stream, const float* x, const uint16_t* x_bf16, int64_t rows, int64_t stride,
                          int64_t first, int64_t columns, float* to);

void cast_to_bf16_cuda(cudaStream_t stream, const float* x, int64_t n, uint16_t* out);
void cast_from_bf16_cuda(cudaStream_t stream, const uint16_t* x, int64_t n, float* out);

}  // namespace px::kernels
