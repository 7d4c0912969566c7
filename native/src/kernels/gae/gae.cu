// gae as a parallel scan. What a token does to what lies behind it is an affine map of two numbers,
//
//   V' = v,  A' = offset + per_value V + per_advantage A
//
// and maps compose associatively; a masked token is the identity. A block walks one sequence from its end in tiles: each
// thread composes the maps of its tokens, warps scan by shuffles, warps' maps meet in shared memory, and with what lies
// behind its first token each thread runs the recurrence itself. So a sequence's bits depend on that sequence alone.
// Traffic per token: 9 bytes in, 4 bytes out, 8 with returns.
#include "cuda/kernels.h"
#include "cuda/cuda.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 128;
constexpr int kItems = 4;  // tokens of a thread
constexpr int kTile = kThreads * kItems;

// What stands behind a token: the value and the advantage of the next one that counts.
struct Next {
  double value;
  double advantage;
};

struct Map {
  double value;
  double offset;
  double per_value;
  double per_advantage;
  int counts;  // 0: the identity
};

__device__ Map identity() { return {0, 0, 0, 1, 0}; }

// The map of `right`, then of `left`, which stands before it in the sequence.
__device__ Map compose(const Map& left, const Map& right) {
  if (left.counts == 0) return right;
  if (right.counts == 0) return left;
  return {left.value, left.offset + left.per_value * right.value + left.per_advantage * right.offset,
          left.per_advantage * right.per_value, left.per_advantage * right.per_advantage, 1};
}

__device__ Next apply(const Map& map, const Next& next) {
  if (map.counts == 0) return next;
  return {map.value, map.offset + map.per_value * next.value + map.per_advantage * next.advantage};
}

__device__ Map map_from(const Map& map, int lanes_down) {
  return {__shfl_up_sync(kAllLanes, map.value, lanes_down), __shfl_up_sync(kAllLanes, map.offset, lanes_down),
          __shfl_up_sync(kAllLanes, map.per_value, lanes_down),
          __shfl_up_sync(kAllLanes, map.per_advantage, lanes_down),
          __shfl_up_sync(kAllLanes, map.counts, lanes_down)};
}

struct GaeArguments {
  const int64_t* offsets;
  const float* reward;
  const float* value;
  const uint8_t* mask;
  double gamma;
  double decay;
  float* advantage;
  float* returns;
  bool one_step;
  int32_t* not_finite;
};

__device__ bool counts(const GaeArguments& args, int64_t i) { return args.mask == nullptr || args.mask[i] != 0; }

__device__ Map map_of(const GaeArguments& args, int64_t i) {
  if (!counts(args, i)) return identity();
  const double value = args.value[i];
  return {value, args.reward[i] - value, args.gamma, args.decay, 1};
}

// The map of a thread's tokens: `place` counts from the sequence's end.
__device__ Map map_of_thread(const GaeArguments& args, int64_t begin, int64_t end, int64_t place) {
  Map map = identity();
  PX_UNROLL
  for (int item = 0; item < kItems; ++item) {
    const int64_t i = end - 1 - (place + item);
    if (i >= begin) map = compose(map_of(args, i), map);
  }
  return map;
}

// The map of all tokens of the tile behind this thread's.
__device__ Map exclusive_scan(const Map& own) {
  __shared__ Map warps[kThreads / kWarp];
  const int lane = static_cast<int>(threadIdx.x) % kWarp, warp = static_cast<int>(threadIdx.x) / kWarp;
  Map scanned = own;
  for (int by = 1; by < kWarp; by *= 2) {
    const Map behind = map_from(scanned, by);
    if (lane >= by) scanned = compose(scanned, behind);
  }
  if (lane == kWarp - 1) warps[warp] = scanned;
  const Map before = map_from(scanned, 1);
  __syncthreads();
  Map behind = identity();
  for (int w = 0; w < warp; ++w) behind = compose(warps[w], behind);
  return lane == 0 ? behind : compose(before, behind);
}

// One token as the reference computes it. Returns what stands behind the token before it.
__device__ Next write_token(const GaeArguments& args, int64_t i, const Next& next) {
  if (!counts(args, i)) {
    args.advantage[i] = 0;
    if (args.returns != nullptr) args.returns[i] = 0;
    return next;
  }
  const double value = args.value[i];
  const double target = args.reward[i] + args.gamma * next.value;
  const double advantage = target - value + args.decay * next.advantage;
  const double returns = args.one_step ? target : advantage + value;
  const float stored = static_cast<float>(advantage), stored_returns = static_cast<float>(returns);
  args.advantage[i] = stored;
  if (args.returns != nullptr) args.returns[i] = stored_returns;
  if (!isfinite(stored) || !isfinite(stored_returns)) atomicOr(args.not_finite, 1);
  return {value, advantage};
}

__global__ void __launch_bounds__(kThreads, 8) gae_kernel(GaeArguments args) {
  __shared__ Next carried;  // what stands behind the tile
  const int64_t begin = args.offsets[blockIdx.x], end = args.offsets[blockIdx.x + 1];
  if (threadIdx.x == 0) carried = {0, 0};
  __syncthreads();
  for (int64_t tile = 0; tile < end - begin; tile += kTile) {
    const int64_t place = tile + threadIdx.x * kItems;
    Next next = apply(exclusive_scan(map_of_thread(args, begin, end, place)), carried);
    for (int item = 0; item < kItems; ++item) {
      const int64_t i = end - 1 - (place + item);
      if (i >= begin) next = write_token(args, i, next);
    }
    __syncthreads();  // all have read what was carried in
    if (threadIdx.x == kThreads - 1) carried = next;
    __syncthreads();
  }
}

}  // namespace

void gae_cuda(cudaStream_t stream, const px_gae_args& args, int32_t* not_finite) {
  if (args.sequences == 0) return;
  const GaeArguments arguments{args.offsets, args.reward, args.value, args.mask, args.gamma,
                               args.gamma * args.lambda, args.advantage, args.returns,
                               (args.flags & PX_GAE_ONE_STEP_RETURNS) != 0, not_finite};
  PX_LAUNCH(gae_kernel, blocks_for(args.sequences, 1), kThreads, 0, stream, arguments);
}

}  // namespace px::kernels
