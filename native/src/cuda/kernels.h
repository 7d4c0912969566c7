// The CUDA kernels: what each operation's <op>.cu offers, over pointers of the device, in the order of a stream.
//
// Arguments are those of the ABI with every default resolved and every count checked; offsets are on the device too, so
// the number of tokens comes beside them. A kernel that can meet what is not finite says so in `not_finite`, an int of
// the device that the caller sets to 0 before, or in its totals; the reference then names the array and the index.
// NUMERICS: arithmetic is in double, as in the references. The cards aimed at (sm_80, sm_90) have it at half the rate
// of float, and these operations wait for memory.
#pragma once

#include <cstdint>

#include "cuda/check.h"
#include "proximal/kernels/adamw.h"
#include "proximal/kernels/gae.h"
#include "proximal/kernels/kl.h"
#include "proximal/kernels/policy_loss.h"
#include "proximal/kernels/sample.h"
#include "proximal/kernels/value_loss.h"
#include "proximal/kernels/whiten.h"

namespace px::kernels {

void gae_cuda(cudaStream_t stream, const px_gae_args& args, int32_t* not_finite);

// totals [kPolicyTotals], workspace of policy_loss_cuda_workspace(count) bytes.
inline constexpr int kPolicyTotals = 15;
uint64_t policy_loss_cuda_workspace(int64_t count);
void policy_loss_cuda(cudaStream_t stream, const px_policy_loss_args& args, double* totals, void* workspace);
// totals of parts [count, kPolicyTotals], added in order.
void add_policy_totals_cuda(cudaStream_t stream, double* totals, const double* parts, int64_t count);
// What the totals say; false where something was not finite.
bool read_policy_totals(const double* totals, px_policy_metrics& metrics);

inline constexpr int kValueTotals = 9;
uint64_t value_loss_cuda_workspace(int64_t count);
void value_loss_cuda(cudaStream_t stream, const px_value_loss_args& args, double* totals, void* workspace);
bool read_value_totals(const double* totals, px_value_metrics& metrics);

void kl_cuda(cudaStream_t stream, const px_kl_args& args);

void reward_shape_cuda(cudaStream_t stream, const px_reward_args& args, int64_t tokens, int32_t* not_finite);

// moments [1] on the device; mask may be null.
uint64_t whiten_moments_cuda_workspace(int64_t n);
void whiten_moments_cuda(cudaStream_t stream, const float* x, const uint8_t* mask, int64_t n, px_moments* moments,
                         void* workspace);
// out = (x - mean) scale + shift where the mask is 1, 0 elsewhere; out may be x.
void whiten_apply_cuda(cudaStream_t stream, const float* x, const uint8_t* mask, int64_t n, double mean, double scale,
                       double shift, float* out);

void adamw_cuda(cudaStream_t stream, const px_adamw_args& args);
// sum [1] on the device.
uint64_t squared_norm_cuda_workspace(int64_t n);
void squared_norm_cuda(cudaStream_t stream, const float* x, int64_t n, double* sum, void* workspace);

// Rows of logits [rows, V] to draw from; args.logits, sample_id and index are the first row's, and row i draws with
// sample_ids[i] and indices[i].
struct SampleRows {
  px_sample_args args;
  const float* logits;         // [rows, V]
  const uint64_t* sample_ids;  // [rows]
  const uint64_t* indices;     // [rows]
  int64_t rows;
};
uint64_t sample_cuda_workspace(int64_t rows, int64_t vocabulary);
// token, logprob [rows]; logprob is without the filters.
void sample_cuda(cudaStream_t stream, const SampleRows& rows, int32_t* token, float* logprob, int32_t* not_finite,
                 void* workspace);
// logprob [rows, V] of what is drawn from.
void sample_distribution_cuda(cudaStream_t stream, const SampleRows& rows, float* logprob, int32_t* not_finite,
                              void* workspace);

// Rows of logits [n, V]; every output and upstream may be null.
struct LogitRows {
  const float* logits;    // [n, V]
  const int32_t* target;  // [n]
  int64_t n;
  int64_t vocabulary;
  double temperature;
};
void token_logprob_cuda(cudaStream_t stream, const LogitRows& rows, float* logprob, float* entropy,
                        int32_t* not_finite);
// gradient [n, V] may be the logits.
void token_logprob_backward_cuda(cudaStream_t stream, const LogitRows& rows, const float* upstream_logprob,
                                 const float* upstream_entropy, float* gradient, int32_t* not_finite);

}  // namespace px::kernels
