// attention over packed sequences, forward and backward, by tiles in shared memory: memory linear in the tokens.
//
// Four threads share a query (backward: also a position), each with every fourth element of its head; scores meet by two
// shuffles. A row goes over tiles of kTile keys that lie at fixed places of its sequence, so its bits depend on its query
// and the keys and values it sees alone. Gradients of keys and values are summed by the position's own threads, over
// heads and queries in ascending order: no atomics.
// Source: Milakov and Gimelshein 2018 (arXiv 1805.02867); Dao et al. 2022 (arXiv 2205.14135).
// NUMERICS: float; with bf16 queries, keys, values and probabilities are rounded first, sums take unrounded ones.
// Traffic: a tile of keys and values once for kRows queries.
#include "cuda/bf16.h"
#include "cuda/cuda.h"
#include "cuda/heads.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 128;
constexpr int kShare = 4;                   // threads of a row
constexpr int kRows = kThreads / kShare;    // rows of a block
constexpr int kTile = 16;                   // rows of the other side in shared memory
constexpr int kDelta = 128;                 // threads of the kernel before the backward pass

// A block's part of one sequence and one head.
struct Place {
  int64_t begin, length;  // of the sequence
  int64_t first;          // position of the block's first row
};

__device__ Place place_of(const AttentionCuda& args) {
  const int64_t begin = args.offsets[blockIdx.z];
  return {begin, args.offsets[blockIdx.z + 1] - begin, static_cast<int64_t>(blockIdx.x) * kRows};
}

__device__ int64_t row_stride(const AttentionCuda& args) { return (args.heads + 2 * args.kv_heads) * args.head_size; }

__device__ float rounded(float value, bool bf16) { return bf16 ? from_bf16(to_bf16(value)) : value; }

// Whether the row at position i sees position j.
__device__ bool sees(const AttentionCuda& args, int64_t i, int64_t j) {
  return j <= i && (args.window == 0 || j > i - args.window);
}

// The first tile with a position that the row at position i sees.
__device__ int64_t first_tile(const AttentionCuda& args, int64_t i) {
  const int64_t first = args.window != 0 && i >= args.window ? i - args.window + 1 : 0;
  return first / kTile * kTile;
}

// This thread's elements of a vector of the head; zeros behind its end.
template <int Own>
__device__ void read_own(float* own, const float* head, int64_t size, int share, bool bf16) {
  PX_UNROLL
  for (int e = 0; e < Own; ++e) {
    const int d = e * kShare + share;
    own[e] = d < size ? rounded(head[d], bf16) : 0;
  }
}

template <int Own>
__device__ void write_own(const float* own, float* head, int64_t size, int share, float factor) {
  PX_UNROLL
  for (int e = 0; e < Own; ++e) {
    const int d = e * kShare + share;
    if (d < size) head[d] = own[e] * factor;
  }
}

// kTile vectors of `width` elements from position `first` on; zeros where the sequence or the head has none.
__device__ void fill_tile(float* tile, int width, const float* from, int64_t stride, int64_t size, int64_t first,
                          int64_t length, bool bf16) {
  for (int at = static_cast<int>(threadIdx.x); at < kTile * width; at += kThreads) {
    const int64_t position = first + at / width;
    const int d = at % width;
    tile[at] = position < length && d < size ? rounded(from[position * stride + d], bf16) : 0;
  }
}

// The product of a thread's elements with those of a row of the tile, over all four threads.
template <int Own>
__device__ float dot(const float* own, const float* row, int share) {
  float sum = 0;
  PX_UNROLL
  for (int e = 0; e < Own; ++e) sum = fmaf(own[e], row[e * kShare + share], sum);
  sum += __shfl_xor_sync(kAllLanes, sum, 1);
  return sum + __shfl_xor_sync(kAllLanes, sum, 2);
}

template <int Own>
__device__ void add_scaled(float* own, float factor, const float* row, int share) {
  PX_UNROLL
  for (int e = 0; e < Own; ++e) own[e] = fmaf(factor, row[e * kShare + share], own[e]);
}

template <int Own>
__global__ void __launch_bounds__(kThreads) forward_kernel(AttentionCuda args, float* out, float* lse) {
  constexpr int kWidth = Own * kShare;
  __shared__ float keys[kTile * kWidth], values[kTile * kWidth];
  const Place place = place_of(args);
  if (place.first >= place.length) return;  // the whole block
  const int share = static_cast<int>(threadIdx.x) % kShare;
  const int64_t i = place.first + threadIdx.x / kShare, h = blockIdx.y, kv = h / (args.heads / args.kv_heads);
  const int64_t stride = row_stride(args), last = place.first + kRows < place.length ? place.first + kRows : place.length;
  const float* sequence = args.qkv + place.begin * stride;
  const bool real = i < place.length;
  float q[Own], sums[Own];
  read_own<Own>(q, sequence + (real ? i : place.first) * stride + h * args.head_size, args.head_size, share, args.bf16);
  PX_UNROLL
  for (int e = 0; e < Own; ++e) sums[e] = 0;
  float largest = -INFINITY, total = 0;
  for (int64_t tile = first_tile(args, place.first); tile < last; tile += kTile) {
    const float* key = sequence + (args.heads + kv) * args.head_size;
    fill_tile(keys, kWidth, key, stride, args.head_size, tile, place.length, args.bf16);
    fill_tile(values, kWidth, key + args.kv_heads * args.head_size, stride, args.head_size, tile, place.length, args.bf16);
    __syncthreads();
    float scores[kTile], tile_largest = largest;
    PX_UNROLL
    for (int j = 0; j < kTile; ++j) {
      const float score = dot<Own>(q, keys + j * kWidth, share) * args.scale;
      scores[j] = real && sees(args, i, tile + j) ? score : -INFINITY;
      tile_largest = scores[j] > tile_largest ? scores[j] : tile_largest;
    }
    if (tile_largest != -INFINITY) {  // a tile before the window of this row, or behind the row, adds nothing
      const float keep = expf(largest - tile_largest);
      total *= keep;
      PX_UNROLL
      for (int e = 0; e < Own; ++e) sums[e] *= keep;
      PX_UNROLL
      for (int j = 0; j < kTile; ++j) {
        const float p = expf(scores[j] - tile_largest);
        total += p;
        if (p != 0) add_scaled<Own>(sums, rounded(p, args.bf16), values + j * kWidth, share);
      }
      largest = tile_largest;
    }
    __syncthreads();  // the tile is filled again
  }
  if (!real) return;
  const int64_t row = (place.begin + i) * args.heads + h;
  write_own<Own>(sums, out + row * args.head_size, args.head_size, share, 1 / total);
  if (lse != nullptr && share == 0) lse[row] = largest + logf(total);
}

// delta of a row and head: out . d_out, which is sum_j p_j (d_out . v_j).
__global__ void __launch_bounds__(kDelta) delta_kernel(AttentionCuda args, const float* out, const float* d_out, float* delta) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kDelta + threadIdx.x;
  if (row >= args.tokens * args.heads) return;
  float sum = 0;
  for (int64_t d = 0; d < args.head_size; ++d)
    sum = fmaf(out[row * args.head_size + d], d_out[row * args.head_size + d], sum);
  delta[row] = sum;
}

struct Backward {
  const float* lse;
  const float* d_out;
  const float* delta;
  float* d_qkv;
};

// The gradient of queries: the rows of the block over the tiles of keys that they see.
template <int Own>
__global__ void __launch_bounds__(kThreads) queries_kernel(AttentionCuda args, Backward back) {
  constexpr int kWidth = Own * kShare;
  __shared__ float keys[kTile * kWidth], values[kTile * kWidth];
  const Place place = place_of(args);
  if (place.first >= place.length) return;  // the whole block
  const int share = static_cast<int>(threadIdx.x) % kShare;
  const int64_t i = place.first + threadIdx.x / kShare, h = blockIdx.y, kv = h / (args.heads / args.kv_heads);
  const int64_t stride = row_stride(args), last = place.first + kRows < place.length ? place.first + kRows : place.length;
  const float* sequence = args.qkv + place.begin * stride;
  const bool real = i < place.length;
  const int64_t row = (place.begin + (real ? i : place.first)) * args.heads + h;
  float q[Own], d_out[Own], sums[Own];
  read_own<Own>(q, sequence + (real ? i : place.first) * stride + h * args.head_size, args.head_size, share, args.bf16);
  read_own<Own>(d_out, back.d_out + row * args.head_size, args.head_size, share, false);
  PX_UNROLL
  for (int e = 0; e < Own; ++e) sums[e] = 0;
  const float lse = back.lse[row], delta = back.delta[row];
  for (int64_t tile = first_tile(args, place.first); tile < last; tile += kTile) {
    const float* key = sequence + (args.heads + kv) * args.head_size;
    fill_tile(keys, kWidth, key, stride, args.head_size, tile, place.length, args.bf16);
    fill_tile(values, kWidth, key + args.kv_heads * args.head_size, stride, args.head_size, tile, place.length, args.bf16);
    __syncthreads();
    for (int j = 0; j < kTile; ++j) {
      const float score = dot<Own>(q, keys + j * kWidth, share) * args.scale;
      const float along = dot<Own>(d_out, values + j * kWidth, share);
      if (real && sees(args, i, tile + j)) add_scaled<Own>(sums, expf(score - lse) * (along - delta), keys + j * kWidth, share);
    }
    __syncthreads();  // the tile is filled again
  }
  if (real)
    write_own<Own>(sums, back.d_qkv + (place.begin + i) * stride + h * args.head_size, args.head_size, share, args.scale);
}

// The gradients of keys and values: the positions of the block over the heads of their group and the rows that see them.
template <int Own>
__global__ void __launch_bounds__(kThreads) keys_kernel(AttentionCuda args, Backward back) {
  constexpr int kWidth = Own * kShare;
  __shared__ float queries[kTile * kWidth], slopes[kTile * kWidth];
  const Place place = place_of(args);
  if (place.first >= place.length) return;  // the whole block
  const int share = static_cast<int>(threadIdx.x) % kShare;
  const int64_t j = place.first + threadIdx.x / kShare, kv = blockIdx.y, group = args.heads / args.kv_heads;
  const int64_t stride = row_stride(args), size = args.head_size;
  const float* sequence = args.qkv + place.begin * stride;
  const bool real = j < place.length;
  const float* own = sequence + (real ? j : place.first) * stride + (args.heads + kv) * size;
  float k[Own], v[Own], d_key[Own], d_value[Own];
  read_own<Own>(k, own, size, share, args.bf16);
  read_own<Own>(v, own + args.kv_heads * size, size, share, args.bf16);
  PX_UNROLL
  for (int e = 0; e < Own; ++e) d_key[e] = d_value[e] = 0;
  // The last row that sees a position of the block.
  const int64_t reach = args.window != 0 ? place.first + kRows - 1 + args.window : place.length;
  const int64_t last = reach < place.length ? reach : place.length;
  for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
    for (int64_t tile = place.first / kTile * kTile; tile < last; tile += kTile) {
      fill_tile(queries, kWidth, sequence + h * size, stride, size, tile, place.length, args.bf16);
      fill_tile(slopes, kWidth, back.d_out + (place.begin * args.heads + h) * size, args.heads * size, size, tile,
                place.length, false);
      __syncthreads();
      for (int t = 0; t < kTile; ++t) {
        const float score = dot<Own>(k, queries + t * kWidth, share) * args.scale;
        const float along = dot<Own>(v, slopes + t * kWidth, share);
        const int64_t i = tile + t;
        if (!real || i >= place.length || !sees(args, i, j)) continue;
        const int64_t row = (place.begin + i) * args.heads + h;
        const float p = expf(score - back.lse[row]);
        add_scaled<Own>(d_value, p, slopes + t * kWidth, share);
        add_scaled<Own>(d_key, p * (along - back.delta[row]), queries + t * kWidth, share);
      }
      __syncthreads();  // the tile is filled again
    }
  if (!real) return;
  float* out = back.d_qkv + (place.begin + j) * stride + (args.heads + kv) * size;
  write_own<Own>(d_key, out, size, share, args.scale);
  write_own<Own>(d_value, out + args.kv_heads * size, size, share, 1);
}

dim3 grid_of(const AttentionCuda& args, int64_t heads) {
  return {blocks_for(args.longest, kRows), static_cast<unsigned>(heads), static_cast<unsigned>(args.sequences)};
}

template <int Own>
void launch_forward(cudaStream_t stream, const AttentionCuda& args, float* out, float* lse) {
  PX_LAUNCH(forward_kernel<Own>, grid_of(args, args.heads), kThreads, 0, stream, args, out, lse);
}

template <int Own>
void launch_backward(cudaStream_t stream, const AttentionCuda& args, const Backward& back) {
  PX_LAUNCH(queries_kernel<Own>, grid_of(args, args.heads), kThreads, 0, stream, args, back);
  PX_LAUNCH(keys_kernel<Own>, grid_of(args, args.kv_heads), kThreads, 0, stream, args, back);
}

void check_attention(const AttentionCuda& args) {
  constexpr int64_t kMostSequences = 65535;  // what a grid has in z
  constexpr int64_t kMostElements = 128;     // twice as many would not fit in a thread's registers
  check(args.head_size >= 1 && args.head_size <= kMostElements, PX_UNSUPPORTED, "head_size: expected 1 to ", kMostElements, ", got ", args.head_size);
  check(args.sequences <= kMostSequences, PX_UNSUPPORTED, "sequences: expected at most ", kMostSequences, ", got ",
        args.sequences);
}

}  // namespace

void attention_cuda(cudaStream_t stream, const AttentionCuda& args, float* out, float* lse) {
  check_attention(args);
  if (args.tokens == 0) return;
  if (args.head_size <= 64) return launch_forward<16>(stream, args, out, lse);
  launch_forward<32>(stream, args, out, lse);
}

void attention_backward_cuda(cudaStream_t stream, const AttentionCuda& args, const float* out, const float* lse,
                             const float* d_out, float* d_qkv, float* delta) {
  check_attention(args);
  if (args.tokens == 0) return;
  PX_LAUNCH(delta_kernel, blocks_for(args.tokens * args.heads, kDelta), kDelta, 0, stream, args, out, d_out, delta);
  const Backward back{lse, d_out, delta, d_qkv};
  if (args.head_size <= 64) return launch_backward<16>(stream, args, back);
  launch_backward<32>(stream, args, back);
}

}  // namespace px::kernels
