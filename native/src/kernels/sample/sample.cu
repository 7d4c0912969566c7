// sample, a block a row. Filters need no sort: logits as ordered whole numbers have a threshold for top-k and one for
// top-p, found bit by bit, each bit with one pass over the row, counts and masses in a fixed tree. The draw walks over
// sums of 64 shares in id order, as the reference does.
// Traffic per logit: 4 bytes in and 8 out without filters; with top-k or top-p 32 passes that find the row in the cache.
#include "cuda/kernels.h"
#include "cuda/reduce.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;
constexpr int kShareRun = 64;  // ids that share a partial sum

int64_t runs_of(int64_t vocabulary) { return (vocabulary + kShareRun - 1) / kShareRun; }

// u in [0, 1) of Philox4x32-10: sample_uniform of sample.cpp.
__device__ double uniform(uint64_t seed, uint64_t sample_id, uint64_t index) {
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  uint32_t c0 = static_cast<uint32_t>(index), c1 = static_cast<uint32_t>(index >> 32);
  uint32_t c2 = static_cast<uint32_t>(sample_id), c3 = static_cast<uint32_t>(sample_id >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint32_t high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    const uint32_t high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ key0;
    c2 = high0 ^ c3 ^ key1;
    c1 = low1;
    c3 = low0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  const uint64_t bits = static_cast<uint64_t>(c1) << 32 | c0;
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// Whole numbers in the order of floats; both zeros are one.
__device__ uint32_t ordered(float value) {
  const uint32_t bits = __float_as_uint(value + 0.0f);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

struct Row {
  const float* logits;
  double* shares;  // [V] exp((logit - largest) / T), 0 for what the filters remove
  double* sums;    // [runs] of shares
  int64_t vocabulary;
  double temperature;
  int32_t greatest;
  double log_total;  // of all shares, before the filters
  bool good;

  __device__ uint32_t key(int64_t i) const { return ordered(logits[i]); }

  // NUMERICS: the difference comes before the division, so that no finite logit or temperature gives inf - inf.
  __device__ double relative(int64_t i) const {
    return (static_cast<double>(logits[i]) - logits[greatest]) / temperature;
  }
};

// What the filters leave: keys from `least` on, of those equal to it ids from `first_tie` on.
struct Kept {
  uint32_t least;
  int64_t first_tie;
};

__device__ bool keeps(const Row& row, const Kept& kept, int64_t i) {
  const uint32_t key = row.key(i);
  return key > kept.least || (key == kept.least && i >= kept.first_tie);
}

// How many ids the condition holds for. All threads call.
template <class Condition>
__device__ int64_t count_of(const Row& row, Condition condition) {
  long long count = 0;
  for (int64_t i = threadIdx.x; i < row.vocabulary; i += kThreads) count += condition(i) ? 1 : 0;
  return reduce_block(count, Add());
}

// The sum of share / divisor over the ids that the condition holds for. All threads call.
template <class Condition>
__device__ double mass_of(const Row& row, double divisor, Condition condition) {
  double mass = 0;
  for (int64_t i = threadIdx.x; i < row.vocabulary; i += kThreads)
    if (condition(i)) mass += row.shares[i] / divisor;
  return reduce_block(mass, Add());
}

// The largest number of `bits` bits for which `holds` is true; it holds for 0 and, once false, stays so.
template <class Holds>
__device__ uint32_t largest_that(int bits, Holds holds) {
  uint32_t found = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    const uint32_t next = found | 1u << bit;
    if (holds(next)) found = next;
  }
  return found;
}

// The k largest and what ties with the k-th.
__device__ Kept keep_top_k(const Row& row, int64_t k) {
  if (k <= 0 || k >= row.vocabulary) return {0, 0};
  return {largest_that(32, [&](uint32_t key) {
            return count_of(row, [&](int64_t i) { return row.key(i) >= key; }) >= k;
          }), 0};
}

// The ids from which ties with `key` stay when `removed` of them go, the lowest ids first.
__device__ int64_t first_tie_after(const Row& row, uint32_t key, int64_t removed) {
  if (removed == 0) return 0;
  return largest_that(31, [&](uint32_t end) {
    return count_of(row, [&](int64_t i) { return i < end && row.key(i) == key; }) <= removed;
  });
}

// Removes the smallest while their cumulative probability is at most 1 - p. The most probable token stays.
__device__ Kept keep_top_p(const Row& row, const Kept& before, double top_p) {
  const double left = mass_of(row, 1, [&](int64_t i) { return keeps(row, before, i); });
  const auto below = [&](uint32_t key) {
    return mass_of(row, left, [&](int64_t i) { return keeps(row, before, i) && row.key(i) < key; });
  };
  uint32_t least = largest_that(32, [&](uint32_t key) { return below(key) <= 1 - top_p; });
  least = Least()(least, row.key(row.greatest));
  if (least < before.least) return before;
  // Of the tokens with this very key as many go as the rest of 1 - p takes; one of the most probable stays.
  const double step = mass_of(row, left, [&](int64_t i) { return row.key(i) == least; });
  const int64_t ties = count_of(row, [&](int64_t i) { return row.key(i) == least; });
  const int64_t most = least == row.key(row.greatest) ? ties - 1 : ties;
  double cumulative = below(least);
  int64_t removed = 0;
  for (; removed < most; ++removed) {
    cumulative += step / static_cast<double>(ties);
    if (cumulative > 1 - top_p) break;
  }
  return {least, first_tie_after(row, least, removed)};
}

// Gives what the filters remove a share of 0.
__device__ void filter(const Row& row, const px_sample_args& args, Kept& kept) {
  kept = keep_top_k(row, args.top_k);
  if (args.top_p < 1) kept = keep_top_p(row, kept, args.top_p);
  for (int64_t i = threadIdx.x; i < row.vocabulary; i += kThreads)
    if (!keeps(row, kept, i) || row.shares[i] < args.min_p) row.shares[i] = 0;
  __syncthreads();
}

// The sum of each run of shares, in id order.
__device__ void sum_runs(const Row& row) {
  for (int64_t run = threadIdx.x; run * kShareRun < row.vocabulary; run += kThreads) {
    double sum = 0;
    for (int64_t i = run * kShareRun; i < (run + 1) * kShareRun && i < row.vocabulary; ++i) sum += row.shares[i];
    row.sums[run] = sum;
  }
  __syncthreads();
}

// All runs together, in order: the same additions in every thread.
__device__ double total_of(const Row& row) {
  double total = 0;
  for (int64_t run = 0; run * kShareRun < row.vocabulary; ++run) total += row.sums[run];
  return total;
}

__device__ Row read_row(const SampleRows& rows, double* workspace, int32_t* not_finite) {
  const int64_t vocabulary = rows.args.vocabulary, runs = (vocabulary + kShareRun - 1) / kShareRun;
  double* shares = workspace + blockIdx.x * (vocabulary + runs);
  Row row{rows.logits + blockIdx.x * vocabulary, shares, shares + vocabulary, vocabulary, rows.args.temperature,
          0, 0, true};
  // The greatest key, the lowest id on a tie, as one number.
  unsigned long long greatest = 0;
  int bad = 0;
  for (int64_t i = threadIdx.x; i < vocabulary; i += kThreads) {
    // NaN fails the comparison too.
    if (!(row.logits[i] < INFINITY)) bad = 1;
    greatest = Greatest()(greatest, static_cast<unsigned long long>(row.key(i)) << 32 |
                                        (0xffffffffu - static_cast<uint32_t>(i)));
  }
  bad = reduce_block(bad, Greatest());
  row.greatest = static_cast<int32_t>(0xffffffffu - static_cast<uint32_t>(reduce_block(greatest, Greatest())));
  row.good = bad == 0 && isfinite(row.logits[row.greatest]);
  if (!row.good) {
    if (threadIdx.x == 0) atomicOr(not_finite, 1);
    return row;
  }
  for (int64_t i = threadIdx.x; i < vocabulary; i += kThreads) row.shares[i] = exp(row.relative(i));
  __syncthreads();
  sum_runs(row);
  row.log_total = log(total_of(row));
  return row;
}

// The first token in id order at which the cumulative share exceeds u of the total. Rounding may let no run exceed it,
// or no token of the run that does: the last that can be drawn is it.
__device__ int32_t draw(const Row& row, double u) {
  const double goal = u * total_of(row);
  double cumulative = 0;
  int64_t run = 0;
  while ((run + 1) * kShareRun < row.vocabulary && cumulative + row.sums[run] <= goal) cumulative += row.sums[run++];
  int64_t i = run * kShareRun;
  for (; i < (run + 1) * kShareRun && i < row.vocabulary; ++i) {
    cumulative += row.shares[i];
    if (cumulative > goal && row.shares[i] > 0) return static_cast<int32_t>(i);
  }
  while (i > 0 && row.shares[i - 1] == 0) --i;
  return i > 0 ? static_cast<int32_t>(i - 1) : row.greatest;
}

__device__ bool is_greedy(const SampleRows& rows) { return (rows.args.flags & PX_SAMPLE_GREEDY) != 0; }

__global__ void __launch_bounds__(kThreads)
    sample_kernel(SampleRows rows, int32_t* token, float* logprob, int32_t* not_finite, double* workspace) {
  const Row row = read_row(rows, workspace, not_finite);
  if (!row.good) return;  // the whole block
  if (!is_greedy(rows)) {
    Kept kept;
    filter(row, rows.args, kept);
    sum_runs(row);
  }
  if (threadIdx.x != 0) return;
  const int32_t drawn = is_greedy(rows) ? row.greatest
                                        : draw(row, uniform(rows.args.seed, rows.sample_ids[blockIdx.x],
                                                            rows.indices[blockIdx.x]));
  token[blockIdx.x] = drawn;
  if (logprob != nullptr) logprob[blockIdx.x] = static_cast<float>(row.relative(drawn) - row.log_total);
}

__global__ void __launch_bounds__(kThreads)
    distribution_kernel(SampleRows rows, float* logprob, int32_t* not_finite, double* workspace) {
  const Row row = read_row(rows, workspace, not_finite);
  if (!row.good) return;  // the whole block
  Kept kept{0, 0};
  double log_total = 0;
  if (!is_greedy(rows)) {
    filter(row, rows.args, kept);
    sum_runs(row);
    log_total = log(total_of(row));
  }
  float* out = logprob + blockIdx.x * row.vocabulary;
  for (int64_t i = threadIdx.x; i < row.vocabulary; i += kThreads) {
    if (is_greedy(rows)) {
      out[i] = i == row.greatest ? 0 : -INFINITY;
    } else {
      // A share below the smallest double is 0 and may still be kept.
      const bool is_kept = keeps(row, kept, i) && !(exp(row.relative(i)) < rows.args.min_p);
      out[i] = is_kept ? static_cast<float>(row.relative(i) - log_total) : -INFINITY;
    }
  }
}

}  // namespace

uint64_t sample_cuda_workspace(int64_t rows, int64_t vocabulary) {
  return static_cast<uint64_t>(rows * (vocabulary + runs_of(vocabulary))) * sizeof(double);
}

void sample_cuda(cudaStream_t stream, const SampleRows& rows, int32_t* token, float* logprob, int32_t* not_finite,
                 void* workspace) {
  if (rows.rows > 0)
    PX_LAUNCH(sample_kernel, blocks_for(rows.rows, 1), kThreads, 0, stream, rows, token, logprob, not_finite,
              static_cast<double*>(workspace));
}

void sample_distribution_cuda(cudaStream_t stream, const SampleRows& rows, float* logprob, int32_t* not_finite,
                              void* workspace) {
  if (rows.rows > 0)
    PX_LAUNCH(distribution_kernel, blocks_for(rows.rows, 1), kThreads, 0, stream, rows, logprob, not_finite,
              static_cast<double*>(workspace));
}

}  // namespace px::kernels
