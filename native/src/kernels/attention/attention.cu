// attention over packed sequences, forward and backward, and over sequences in pages, by tiles in shared memory: memory
// linear in the tokens.
//
// Four threads share a query (backward: also a position), each with every fourth element of its head; scores meet by two
// shuffles. A row goes over tiles of kTile keys that lie at fixed places of its sequence, so its bits depend on its query
// and the keys and values it sees alone: not on where those lie. Gradients of keys and values are summed by the position's own threads, over
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

static_assert(kPagePositions % kTile == 0);  // a tile lies in one page

// A block's part of one sequence: rows of the pass, which are positions of the sequence.
struct Place {
  int64_t begin;     // the sequence's first row
  int64_t position;  // of that row
  int64_t rows;      // of the sequence
  int64_t first;     // of the block, among them
  int64_t family;    // the row of the positions before that of `begin`, where those are packed too

  __device__ int64_t length() const { return position + rows; }
  // Behind the last row of the block, as a position.
  __device__ int64_t last() const { return position + (first + kRows < rows ? first + kRows : rows); }
};

__device__ Place place_of(const PackedCuda& sequences, int64_t sequence) {
  const int64_t begin = sequences.offsets[sequence], rows = sequences.offsets[sequence + 1] - begin;
  const int64_t first = static_cast<int64_t>(blockIdx.x) * kRows;
  if (sequences.shared == nullptr) return {begin, 0, rows, first, begin};
  return {begin, sequences.shared[sequence], rows, first, sequences.family[sequence]};
}

__device__ Place place_of(const PackedCuda& sequences) { return place_of(sequences, blockIdx.z); }

__device__ Place place_of(const CachedCuda& sequences) {
  const CachedSequenceCuda& sequence = sequences.sequence[blockIdx.z];
  return {sequence.first_row, sequence.position, sequence.rows, static_cast<int64_t>(blockIdx.x) * kRows, 0};
}

__device__ int64_t row_stride(const AttentionCuda& args) { return (args.heads + 2 * args.kv_heads) * args.head_size; }

// Vectors of one head at positions that follow one another: floats or bf16. From the one numbered `split` on they lie
// `jump` elements further.
struct Vectors {
  const float* f32;
  const uint16_t* bf16;
  int64_t stride;
  int64_t split = 0;
  int64_t jump = 0;

  __device__ int64_t at(int64_t i) const { return i * stride + (i >= split ? jump : 0); }
};

struct KeysAndValues {
  Vectors keys, values;
};

// Of the tile that begins at a position.
__device__ KeysAndValues tile_of(const AttentionCuda& args, const PackedCuda&, const Place& place, int64_t kv,
                                 int64_t position) {
  const int64_t stride = row_stride(args), split = place.position - position;
  const int64_t jump = (place.begin - place.family - place.position) * stride;
  const float* keys = args.qkv + (place.family + position) * stride + (args.heads + kv) * args.head_size;
  return {{keys, nullptr, stride, split, jump}, {keys + args.kv_heads * args.head_size, nullptr, stride, split, jump}};
}

// Elements from a page's beginning to the keys of a head; its values follow them.
__device__ int64_t place_in_page(const AttentionCuda& args, const CachedCuda& sequences, int64_t kv) {
  return sequences.offset + kv * 2 * kPagePositions * args.head_size;
}

__device__ KeysAndValues tile_of(const AttentionCuda& args, const CachedCuda& sequences, const Place&, int64_t kv,
                                 int64_t position) {
  const int64_t page = sequences.sequence[blockIdx.z].first_page + position / kPagePositions;
  const int64_t size = args.head_size, values = kPagePositions * size;
  const int64_t at = place_in_page(args, sequences, kv) + position % kPagePositions * size;
  const void* memory = sequences.pages[page];
  if (args.bf16) {
    const uint16_t* keys = static_cast<const uint16_t*>(memory) + at;
    return {{nullptr, keys, size}, {nullptr, keys + values, size}};
  }
  const float* keys = static_cast<const float*>(memory) + at;
  return {{keys, nullptr, size}, {keys + values, nullptr, size}};
}

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

// kTile vectors of `width` elements, of which `count` are there; zeros for the others and behind the head's end.
__device__ void fill_tile(float* tile, int width, const Vectors& from, int64_t size, int64_t count, bool bf16) {
  for (int at = static_cast<int>(threadIdx.x); at < kTile * width; at += kThreads) {
    const int row = at / width, d = at % width;
    tile[at] = row < count && d < size ? rounded(load(from.f32, from.bf16, from.at(row) + d), bf16) : 0;
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

// One block a processor is enough: with more the compiler takes fewer registers and spills.
template <int Own, class Sequences>
__global__ void __launch_bounds__(kThreads, 1) forward_kernel(AttentionCuda args, Sequences sequences) {
  constexpr int kWidth = Own * kShare;
  __shared__ float keys[kTile * kWidth], values[kTile * kWidth];
  const Place place = place_of(sequences);
  if (place.first >= place.rows) return;  // the whole block
  const int share = static_cast<int>(threadIdx.x) % kShare;
  const int64_t own = place.first + threadIdx.x / kShare, h = blockIdx.y, kv = h / (args.heads / args.kv_heads);
  const bool real = own < place.rows;
  const int64_t i = place.position + own;
  const int64_t row = place.begin + (real ? own : place.first);
  float q[Own], sums[Own];
  read_own<Own>(q, args.qkv + row * row_stride(args) + h * args.head_size, args.head_size, share, args.bf16);
  PX_UNROLL
  for (int e = 0; e < Own; ++e) sums[e] = 0;
  float largest = -INFINITY, total = 0;
  for (int64_t tile = first_tile(args, place.position + place.first); tile < place.last(); tile += kTile) {
    const KeysAndValues from = tile_of(args, sequences, place, kv, tile);
    fill_tile(keys, kWidth, from.keys, args.head_size, place.length() - tile, args.bf16);
    fill_tile(values, kWidth, from.values, args.head_size, place.length() - tile, args.bf16);
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
  const int64_t head = row * args.heads + h;
  PX_UNROLL
  for (int e = 0; e < Own; ++e) {
    const int d = e * kShare + share;
    if (d < args.head_size) store(sums[e] * (1 / total), args.out, args.out_bf16, head * args.head_size + d);
  }
  if (args.lse != nullptr && share == 0) args.lse[head] = largest + logf(total);
}

// The keys and values of the rows of the pass to their places in the pages, a thread an element.
__global__ void __launch_bounds__(kThreads) write_kernel(AttentionCuda args, CachedCuda sequences) {
  const CachedSequenceCuda& sequence = sequences.sequence[blockIdx.z];
  const int64_t width = 2 * args.kv_heads * args.head_size;
  const int64_t element = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x, own = element / width;
  if (own >= sequence.rows) return;
  const int64_t position = sequence.position + own, at = element % width, size = args.head_size;
  const int64_t head = at / size % args.kv_heads, values = at / size / args.kv_heads;
  const float value = args.qkv[(sequence.first_row + own) * row_stride(args) + args.heads * size + at];
  void* page = sequences.pages[sequence.first_page + position / kPagePositions];
  const int64_t vector = values * kPagePositions + position % kPagePositions;
  const int64_t to = place_in_page(args, sequences, head) + vector * size + at % size;
  if (args.bf16)
    static_cast<uint16_t*>(page)[to] = to_bf16(value);
  else
    static_cast<float*>(page)[to] = value;
}

// delta of a row and head: out . d_out, which is sum_j p_j (d_out . v_j).
__global__ void __launch_bounds__(kDelta) delta_kernel(AttentionCuda args, int64_t rows, const float* d_out, float* delta) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * kDelta + threadIdx.x;
  if (row >= rows) return;
  float sum = 0;
  for (int64_t d = 0; d < args.head_size; ++d)
    sum = fmaf(load(args.out, args.out_bf16, row * args.head_size + d), d_out[row * args.head_size + d], sum);
  delta[row] = sum;
}

struct Backward {
  PackedCuda sequences;
  const float* d_out;
  const float* delta;
  float* d_qkv;
};

// Behind the last sequence that has rows of the block's sequence for its own first positions.
__device__ int64_t family_end(const PackedCuda& sequences) {
  int64_t s = blockIdx.z + 1;
  if (sequences.shared == nullptr || sequences.shared[blockIdx.z] > 0) return s;
  while (s < sequences.sequences && sequences.shared[s] > 0) ++s;
  return s;
}

// The gradient of queries: the rows of the block over the tiles of keys that they see.
template <int Own>
__global__ void __launch_bounds__(kThreads, 1) queries_kernel(AttentionCuda args, Backward back) {
  constexpr int kWidth = Own * kShare;
  __shared__ float keys[kTile * kWidth], values[kTile * kWidth];
  const Place place = place_of(back.sequences);
  if (place.first >= place.rows) return;  // the whole block
  const int share = static_cast<int>(threadIdx.x) % kShare;
  const int64_t own = place.first + threadIdx.x / kShare, h = blockIdx.y, kv = h / (args.heads / args.kv_heads);
  const int64_t stride = row_stride(args);
  const bool real = own < place.rows;
  const int64_t i = place.position + own;
  const int64_t taken = place.begin + (real ? own : place.first), row = taken * args.heads + h;
  float q[Own], d_out[Own], sums[Own];
  read_own<Own>(q, args.qkv + taken * stride + h * args.head_size, args.head_size, share, args.bf16);
  read_own<Own>(d_out, back.d_out + row * args.head_size, args.head_size, share, false);
  PX_UNROLL
  for (int e = 0; e < Own; ++e) sums[e] = 0;
  const float lse = args.lse[row], delta = back.delta[row];
  for (int64_t tile = first_tile(args, place.position + place.first); tile < place.last(); tile += kTile) {
    const KeysAndValues from = tile_of(args, back.sequences, place, kv, tile);
    fill_tile(keys, kWidth, from.keys, args.head_size, place.length() - tile, args.bf16);
    fill_tile(values, kWidth, from.values, args.head_size, place.length() - tile, args.bf16);
    __syncthreads();
    for (int j = 0; j < kTile; ++j) {
      const float score = dot<Own>(q, keys + j * kWidth, share) * args.scale;
      const float along = dot<Own>(d_out, values + j * kWidth, share);
      if (real && sees(args, i, tile + j)) add_scaled<Own>(sums, expf(score - lse) * (along - delta), keys + j * kWidth, share);
    }
    __syncthreads();  // the tile is filled again
  }
  if (real)
    write_own<Own>(sums, back.d_qkv + taken * stride + h * args.head_size, args.head_size, share, args.scale);
}

// The gradients of keys and values: the positions of the block over the heads of their group and the rows that see them,
// the sequence's own and then those of sequences that share the positions.
template <int Own>
__global__ void __launch_bounds__(kThreads, 1) keys_kernel(AttentionCuda args, Backward back) {
  constexpr int kWidth = Own * kShare;
  __shared__ float queries[kTile * kWidth], slopes[kTile * kWidth];
  const Place place = place_of(back.sequences);
  if (place.first >= place.rows) return;  // the whole block
  const int share = static_cast<int>(threadIdx.x) % kShare;
  const int64_t own = place.first + threadIdx.x / kShare, kv = blockIdx.y, group = args.heads / args.kv_heads;
  const int64_t stride = row_stride(args), size = args.head_size;
  const bool real = own < place.rows;
  const int64_t j = place.position + own, taken = place.begin + (real ? own : place.first);
  const float* key = args.qkv + taken * stride + (args.heads + kv) * size;
  float k[Own], v[Own], d_key[Own], d_value[Own];
  read_own<Own>(k, key, size, share, args.bf16);
  read_own<Own>(v, key + args.kv_heads * size, size, share, args.bf16);
  PX_UNROLL
  for (int e = 0; e < Own; ++e) d_key[e] = d_value[e] = 0;
  for (int64_t h = kv * group; h < (kv + 1) * group; ++h)
    for (int64_t s = blockIdx.z; s < family_end(back.sequences); ++s) {
      const Place other = place_of(back.sequences, s);
      const bool same = s == blockIdx.z;
      // Among the other's rows the first and the one behind the last that see a position of the block.
      const int64_t first = same ? place.first / kTile * kTile : 0;
      const int64_t reach = args.window != 0 ? place.position + place.first + kRows - 1 + args.window - other.position : other.rows;
      const int64_t last = reach < other.rows ? reach : other.rows;
      for (int64_t tile = first; tile < last; tile += kTile) {
        const int64_t row = other.begin + tile;
        fill_tile(queries, kWidth, {args.qkv + row * stride + h * size, nullptr, stride}, size, other.rows - tile, args.bf16);
        fill_tile(slopes, kWidth, {back.d_out + (row * args.heads + h) * size, nullptr, args.heads * size}, size,
                  other.rows - tile, false);
        __syncthreads();
        for (int t = 0; t < kTile; ++t) {
          const float score = dot<Own>(k, queries + t * kWidth, share) * args.scale;
          const float along = dot<Own>(v, slopes + t * kWidth, share);
          if (!real || tile + t >= other.rows || !sees(args, other.position + tile + t, j)) continue;
          if (!same && j >= other.position) continue;  // which is its own position, not ours
          const int64_t head = (row + t) * args.heads + h;
          const float p = expf(score - args.lse[head]);
          add_scaled<Own>(d_value, p, slopes + t * kWidth, share);
          add_scaled<Own>(d_key, p * (along - back.delta[head]), queries + t * kWidth, share);
        }
        __syncthreads();  // the tile is filled again
      }
    }
  if (!real) return;
  float* out = back.d_qkv + taken * stride + (args.heads + kv) * size;
  write_own<Own>(d_key, out, size, share, args.scale);
  write_own<Own>(d_value, out + args.kv_heads * size, size, share, 1);
}

constexpr int64_t kMostSequences = 65535;  // what a grid has in z

template <class Sequences>
dim3 grid_of(const Sequences& sequences, int64_t longest, int64_t heads) {
  check(sequences.sequences <= kMostSequences, PX_UNSUPPORTED, "sequences: expected at most ", kMostSequences, ", got ",
        sequences.sequences);
  return {blocks_for(longest, kRows), static_cast<unsigned>(heads), static_cast<unsigned>(sequences.sequences)};
}

template <class Sequences>
void launch_forward(cudaStream_t stream, const AttentionCuda& args, const Sequences& sequences) {
  const dim3 grid = grid_of(sequences, sequences.longest, args.heads);
  if (args.head_size <= 64)
    PX_LAUNCH((forward_kernel<16, Sequences>), grid, kThreads, 0, stream, args, sequences);
  else
    PX_LAUNCH((forward_kernel<32, Sequences>), grid, kThreads, 0, stream, args, sequences);
}

template <int Own>
void launch_backward(cudaStream_t stream, const AttentionCuda& args, const Backward& back) {
  const PackedCuda& sequences = back.sequences;
  PX_LAUNCH(queries_kernel<Own>, grid_of(sequences, sequences.longest, args.heads), kThreads, 0, stream, args, back);
  PX_LAUNCH(keys_kernel<Own>, grid_of(sequences, sequences.longest, args.kv_heads), kThreads, 0, stream, args, back);
}

}  // namespace

void check_attention_cuda(int64_t head_size) {
  constexpr int64_t kMostElements = 128;  // twice as many would not fit in a thread's registers
  check(head_size >= 1 && head_size <= kMostElements, PX_UNSUPPORTED, "head_size: attention on a CUDA device takes 1 to ",
        kMostElements, ", got ", head_size, "; take device 0, the CPU, for this model");
}

void attention_cuda(cudaStream_t stream, const AttentionCuda& args, const PackedCuda& sequences) {
  check_attention_cuda(args.head_size);
  if (sequences.tokens > 0) launch_forward(stream, args, sequences);
}

void attention_write_cuda(cudaStream_t stream, const AttentionCuda& args, const CachedCuda& sequences) {
  if (sequences.longest == 0) return;
  dim3 grid = grid_of(sequences, sequences.longest, 1);
  grid.x = blocks_for(sequences.longest * 2 * args.kv_heads * args.head_size, kThreads);
  PX_LAUNCH(write_kernel, grid, kThreads, 0, stream, args, sequences);
}

void attention_cuda(cudaStream_t stream, const AttentionCuda& args, const CachedCuda& sequences) {
  check_attention_cuda(args.head_size);
  if (sequences.longest > 0) launch_forward(stream, args, sequences);
}

void attention_backward_cuda(cudaStream_t stream, const AttentionCuda& args, const PackedCuda& sequences,
                             const float* d_out, float* d_qkv, float* delta) {
  check_attention_cuda(args.head_size);
  if (sequences.tokens == 0) return;
  const int64_t rows = sequences.tokens * args.heads;
  PX_LAUNCH(delta_kernel, blocks_for(rows, kDelta), kDelta, 0, stream, args, rows, d_out, delta);
  const Backward back{sequences, d_out, delta, d_qkv};
  if (args.head_size <= 64) return launch_backward<16>(stream, args, back);
  launch_backward<32>(stream, args, back);
}

}  // namespace px::kernels
