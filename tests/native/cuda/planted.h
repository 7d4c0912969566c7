// Kernels that are wrong on purpose: what the emulator and the sanitizers have to see.
#pragma once

#include "cuda/check.h"

namespace px::test {

// out[i] = in[255 - i] through shared memory, of 256 threads. Without the barrier a thread may read what another has not
// written yet.
void reverse(cudaStream_t stream, const float* in, float* out);
void reverse_without_barrier(cudaStream_t stream, const float* in, float* out);

// Half of the block stands at another barrier than the other half.
void divergent_barrier(cudaStream_t stream, float* out);

// A thread ends before the barrier that the others wait at.
void early_end(cudaStream_t stream, float* out);

// Some lanes wait for a shuffle that the others do not come to.
void lost_lanes(cudaStream_t stream, float* out);

// The block writes behind the end of its shared array.
void shared_overflow(cudaStream_t stream, float* out);

// Sums of neighbours by all collectives, right: out[i] of n threads.
void collectives(cudaStream_t stream, const int* in, int* out, int n);

// out = what lies in dynamic shared memory before anything is written.
void unwritten_shared(cudaStream_t stream, float* out);

}  // namespace px::test
