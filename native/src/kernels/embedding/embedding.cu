// embedding, a block a row. Backward without atomics: the block of a token's first row adds all rows of that token, in
// their order; the blocks of the others find that they are not the first. Looking for rows reads the tokens alone.
// Traffic per element: 4 bytes in (2 of a bf16 table) and 4 out, 4 more in with positions; backward 8 in and 4 out.
#include "cuda/bf16.h"
#include "cuda/layers.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 128;

__global__ void __launch_bounds__(kThreads) embedding_kernel(px_embedding_args args) {
  const int64_t n = blockIdx.x;
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) {
    const int64_t at = args.token[n] * args.hidden + i;
    float value = args.table != nullptr ? args.table[at] : from_bf16(args.table_bf16[at]);
    if (args.position != nullptr) value += args.position_table[args.position[n] * args.hidden + i];
    args.out[n * args.hidden + i] = value;
  }
}

__global__ void __launch_bounds__(kThreads) backward_kernel(px_embedding_backward_args args) {
  const int64_t n = blockIdx.x;
  const int32_t token = args.token[n];
  int seen = 0;
  for (int64_t m = threadIdx.x; m < n; m += kThreads) seen |= args.token[m] == token ? 1 : 0;
  if (reduce_block(seen, Greatest()) != 0) return;  // the whole block
  for (int64_t i = threadIdx.x; i < args.hidden; i += kThreads) {
    float sum = args.d_table[token * args.hidden + i];
    for (int64_t m = n; m < args.rows; ++m)
      if (args.token[m] == token) sum += args.d_out[m * args.hidden + i];
    args.d_table[token * args.hidden + i] = sum;
  }
}

}  // namespace

void embedding_cuda(cudaStream_t stream, const px_embedding_args& args) {
  if (args.rows > 0) PX_LAUNCH(embedding_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

void embedding_backward_cuda(cudaStream_t stream, const px_embedding_backward_args& args) {
  if (args.rows > 0) PX_LAUNCH(backward_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

}  // namespace px::kernels
