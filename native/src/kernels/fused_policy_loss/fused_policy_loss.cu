// fused_policy_loss: for each chunk of rows the logits, their log-probs and entropies, the policy loss with the slopes
// of log-prob and entropy, and with these the gradient; the chunks' totals are added in their order.
#include <algorithm>

#include "cuda/cuda.h"
#include "cuda/heads.h"
#include "cuda/kernels.h"
#include "kernels/token_logprob/head-cuda.h"

namespace px::kernels {
namespace {

using namespace px::cuda;

constexpr int kThreads = 256;

int64_t chunks_of(const HeadCuda& head) { return (head.n + head_rows(head) - 1) / head_rows(head); }

uint64_t aligned(uint64_t bytes) { return (bytes + 255) / 256 * 256; }

// d loss / d entropy = -coefficient weight / normalizer
__global__ void __launch_bounds__(kThreads)
    entropy_slopes(const float* weight, int64_t n, double factor, float* slope) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < n) slope[i] = static_cast<float>(factor * (weight != nullptr ? weight[i] : 1.0f));
}

// The parts of the workspace, one behind the other.
struct Workspace {
  char* logits;
  double* totals;    // [chunks, kPolicyTotals]
  float* slopes;     // [rows] of the log-prob
  float* entropies;  // [rows] of the entropy
  void* sums;

  Workspace(const HeadCuda& head, void* memory) : logits(static_cast<char*>(memory)) {
    char* next = logits + aligned(head_cuda_workspace(head));
    const auto take = [&](uint64_t size) {
      char* taken = next;
      next += aligned(size);
      return taken;
    };
    const auto rows = static_cast<uint64_t>(head_rows(head));
    totals = reinterpret_cast<double*>(take(static_cast<uint64_t>(chunks_of(head)) * kPolicyTotals * sizeof(double)));
    slopes = reinterpret_cast<float*>(take(rows * sizeof(float)));
    entropies = reinterpret_cast<float*>(take(rows * sizeof(float)));
    sums = take(policy_loss_cuda_workspace(head_rows(head)));
    bytes = static_cast<uint64_t>(next - logits);
  }
  uint64_t bytes;
};

const float* at(const float* array, int64_t i) { return array != nullptr ? array + i : nullptr; }

}  // namespace

uint64_t fused_policy_loss_cuda_workspace(const HeadCuda& head) {
  alignas(256) static char origin[1];
  return Workspace(head, origin).bytes;
}

void fused_policy_loss_cuda(Products& products, const FusedPolicyCuda& args, double* totals, int32_t* not_finite,
                            void* workspace) {
  const Workspace work(args.head, workspace);
  const cudaStream_t stream = products.stream();
  int64_t done = 0;
  for (int64_t first = 0; first < args.head.n; first += head_rows(args.head), ++done) {
    HeadChunk chunk(products, args.head, first, work.logits);
    token_logprob_cuda(stream, chunk.logits(), args.logprob + first, args.entropy + first, not_finite);
    px_policy_loss_args loss = args.loss;
    loss.count = chunk.rows();
    loss.logprob = args.logprob + first;
    loss.old_logprob = args.loss.old_logprob + first;
    loss.ref_logprob = at(args.loss.ref_logprob, first);
    loss.advantage = args.loss.advantage + first;
    loss.weight = at(args.loss.weight, first);
    loss.loss = nullptr;
    loss.gradient = work.slopes;
    policy_loss_cuda(stream, loss, work.totals + done * kPolicyTotals, work.sums);
    if (args.entropy_coefficient != 0)
      PX_LAUNCH(entropy_slopes, blocks_for(chunk.rows(), kThreads), kThreads, 0, stream, loss.weight, chunk.rows(),
                -args.entropy_coefficient / args.loss.normalizer, work.entropies);
    chunk.backward(work.slopes, args.entropy_coefficient != 0 ? work.entropies : nullptr, args.gradients, not_finite);
  }
  add_policy_totals_cuda(stream, totals, work.totals, done);
}

}  // namespace px::kernels
