// rope, a block a token and a warp a head at a time. Gradients of the norms over parts of kRowsOfPart tokens, a thread a
// column, added in order. Traffic per element of queries and keys: 4 bytes in, 4 out, 2 for bf16.
#include "cuda/bf16.h"
#include "cuda/layers.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 128;
constexpr int64_t kRowsOfPart = 64;

// Where heads lie: the same in both directions.
template <class Args>
__device__ int64_t turned(const Args& args) {
  return args.heads + args.kv_heads;
}

template <class Args>
__device__ int64_t head_at(const Args& args, int64_t n, int64_t h) {
  return (n * (turned(args) + args.kv_heads) + h) * args.head_size;
}

template <class Args>
__device__ const float* norm_of(const Args& args, int64_t h) {
  return h < args.heads ? args.query_norm : args.key_norm;
}

// A warp turns one head. Lanes read and write the same two elements, so that out may be x.
__device__ void turn_head(const px_rope_args& args, int64_t n, int64_t h, int lane) {
  const int64_t half = args.head_size / 2, at = head_at(args, n, h);
  const float* x = args.x + at;
  const float* weight = norm_of(args, h);
  float rstd = 1;
  if (weight != nullptr) {
    float squares = 0;
    for (int64_t i = lane; i < args.head_size; i += kWarp) squares = fmaf(x[i], x[i], squares);
    squares = reduce_warp(squares, Add());
    rstd = 1 / sqrtf(squares / static_cast<float>(args.head_size) + static_cast<float>(args.epsilon));
    if (args.rstd != nullptr && lane == 0) args.rstd[n * turned(args) + h] = rstd;
  }
  for (int64_t i = lane; i < half; i += kWarp) {
    const float c = args.cos[args.position[n] * half + i], s = args.sin[args.position[n] * half + i];
    const float a = weight != nullptr ? x[i] * rstd * weight[i] : x[i];
    const float b = weight != nullptr ? x[i + half] * rstd * weight[i + half] : x[i + half];
    store(a * c - b * s, args.out, args.out_bf16, at + i);
    store(b * c + a * s, args.out, args.out_bf16, at + i + half);
  }
}

__global__ void __launch_bounds__(kThreads) rope_kernel(px_rope_args args) {
  const int64_t n = blockIdx.x;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int64_t h = threadIdx.x / kWarp; h < turned(args) + args.kv_heads; h += kThreads / kWarp) {
    if (h < turned(args)) {
      turn_head(args, n, h, lane);
    } else {
      const int64_t at = head_at(args, n, h);
      for (int64_t i = lane; i < args.head_size; i += kWarp) store(args.x[at + i], args.out, args.out_bf16, at + i);
    }
  }
}

// The gradients of elements i and i + half of a head, before it was turned.
struct Pair {
  float a, b;
};

__device__ Pair turned_back(const px_rope_backward_args& args, int64_t n, int64_t at, int64_t i) {
  const int64_t half = args.head_size / 2;
  const float c = args.cos[args.position[n] * half + i], s = args.sin[args.position[n] * half + i];
  const float low = args.d_out[at + i], high = args.d_out[at + i + half];
  return {low * c + high * s, high * c - low * s};
}

__device__ void turn_back_head(const px_rope_backward_args& args, int64_t n, int64_t h, int lane) {
  const int64_t half = args.head_size / 2, at = head_at(args, n, h);
  const float* weight = norm_of(args, h);
  float rstd = 1, along = 0;  // rstd^2 mean(g x) with g = w dh
  if (weight != nullptr) {
    rstd = args.rstd[n * turned(args) + h];
    for (int64_t i = lane; i < half; i += kWarp) {
      const Pair d = turned_back(args, n, at, i);
      along += d.a * weight[i] * args.x[at + i] + d.b * weight[i + half] * args.x[at + i + half];
    }
    along = reduce_warp(along, Add()) / static_cast<float>(args.head_size) * rstd * rstd;
  }
  for (int64_t i = lane; i < half; i += kWarp) {
    Pair d = turned_back(args, n, at, i);
    if (weight != nullptr) {
      d.a = rstd * (d.a * weight[i] - args.x[at + i] * along);
      d.b = rstd * (d.b * weight[i + half] - args.x[at + i + half] * along);
    }
    store(d.a, args.d_x, args.d_x_bf16, at + i);
    store(d.b, args.d_x, args.d_x_bf16, at + i + half);
  }
}

__global__ void __launch_bounds__(kThreads, 6) backward_kernel(px_rope_backward_args args) {
  const int64_t n = blockIdx.x;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  for (int64_t h = threadIdx.x / kWarp; h < turned(args) + args.kv_heads; h += kThreads / kWarp) {
    if (h < turned(args)) {
      turn_back_head(args, n, h, lane);
    } else {
      const int64_t at = head_at(args, n, h);
      for (int64_t i = lane; i < args.head_size; i += kWarp) store(args.d_out[at + i], args.d_x, args.d_x_bf16, at + i);
    }
  }
}

// Column c of the queries' weight, then of the keys', over the tokens of a part: parts [count, 2, D].
__global__ void __launch_bounds__(kThreads) norm_parts_kernel(px_rope_backward_args args, float* parts) {
  const int64_t half = args.head_size / 2, begin = blockIdx.x * kRowsOfPart;
  const int64_t end = begin + kRowsOfPart < args.rows ? begin + kRowsOfPart : args.rows;
  for (int64_t c = threadIdx.x; c < 2 * args.head_size; c += kThreads) {
    const int64_t column = c % args.head_size, i = column % half;
    const int64_t first = c < args.head_size ? 0 : args.heads, last = c < args.head_size ? args.heads : turned(args);
    float sum = 0;
    for (int64_t n = begin; n < end; ++n)
      for (int64_t h = first; h < last; ++h) {
        const int64_t at = head_at(args, n, h);
        const Pair d = turned_back(args, n, at, i);
        sum = fmaf((column < half ? d.a : d.b) * args.x[at + column], args.rstd[n * turned(args) + h], sum);
      }
    parts[blockIdx.x * 2 * args.head_size + c] = sum;
  }
}

__global__ void __launch_bounds__(kThreads)
    add_norm_parts_kernel(px_rope_backward_args args, const float* parts, int64_t count) {
  for (int64_t c = threadIdx.x; c < 2 * args.head_size; c += kThreads) {
    float* d_norm = c < args.head_size ? args.d_query_norm : args.d_key_norm;
    if (d_norm == nullptr) continue;
    float sum = d_norm[c % args.head_size];
    for (int64_t part = 0; part < count; ++part) sum += parts[part * 2 * args.head_size + c];
    d_norm[c % args.head_size] = sum;
  }
}

int64_t parts_of(int64_t rows) { return (rows + kRowsOfPart - 1) / kRowsOfPart; }

}  // namespace

void rope_cuda(cudaStream_t stream, const px_rope_args& args) {
  if (args.rows > 0) PX_LAUNCH(rope_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

uint64_t rope_backward_cuda_workspace(int64_t rows, int64_t head_size) {
  return static_cast<uint64_t>(parts_of(rows) * 2 * head_size) * sizeof(float);
}

void rope_backward_cuda(cudaStream_t stream, const px_rope_backward_args& args) {
  if (args.rows == 0) return;
  // The weights first: d_x may lie where d_out does.
  if (args.d_query_norm != nullptr) {
    auto* parts = static_cast<float*>(args.workspace);
    PX_LAUNCH(norm_parts_kernel, blocks_for(args.rows, kRowsOfPart), kThreads, 0, stream, args, parts);
    PX_LAUNCH(add_norm_parts_kernel, 1, kThreads, 0, stream, args, parts, parts_of(args.rows));
  }
  PX_LAUNCH(backward_kernel, blocks_for(args.rows, 1), kThreads, 0, stream, args);
}

}  // namespace px::kernels
