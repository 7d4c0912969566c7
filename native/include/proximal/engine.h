/* The engine: backend, device, threads, log; first argument of every computing entry. */
#ifndef PROXIMAL_ENGINE_H
#define PROXIMAL_ENGINE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What runs the model's arithmetic. Kernels of the ABI run without any of them. */
typedef enum px_backend {
  PX_BACKEND_DEFAULT = 0, /* environment PROXIMAL_BACKEND = core | torch, else the engine's own */
  PX_BACKEND_CORE = 1,    /* the engine's own forward and backward, over its kernels */
  PX_BACKEND_TORCH = 2    /* LibTorch, from libproximal_torch.so beside this library, opened on first use */
} px_backend;

/* What a model's matrices are multiplied in. Parameters, gradients, sums and the residual stream are fp32 either way. */
typedef enum px_products {
  PX_PRODUCTS_DEFAULT = 0, /* environment PROXIMAL_PRODUCTS = f32 | bf16, else fp32 */
  PX_PRODUCTS_F32 = 1,
  PX_PRODUCTS_BF16 = 2 /* weights and activations rounded to bf16 where they are multiplied, keys and values too */
} px_products;

/* Severity of a log line. */
typedef enum px_log_level { PX_LOG_DEBUG = 0, PX_LOG_INFO = 1, PX_LOG_WARNING = 2, PX_LOG_ERROR = 3 } px_log_level;

typedef struct px_engine px_engine;

/* Receives one log line (UTF-8, zero-terminated, valid for the call). Called on any thread; must not throw. */
typedef void (*px_log_sink)(void* context, int32_t level, const char* message);

typedef struct px_engine_options {
  uint32_t struct_size;
  uint32_t flags;       /* none yet: 0 */
  int32_t backend;      /* px_backend; 0: default */
  int32_t device;       /* 0: CPU; 1..64: the first..64th CUDA device, through libproximal_cuda.so beside this library */
  int32_t threads;      /* 0: environment PROXIMAL_THREADS, else the cores this process may use; at most 1024 */
  int32_t products;     /* px_products; 0: default. LibTorch multiplies in fp32 alone */
  px_log_sink log;      /* optional */
  void* log_context;    /* handed to log; borrowed until the engine is gone */
} px_engine_options;

typedef struct px_memory_stats {
  uint32_t struct_size;
  uint32_t flags;
  uint64_t weight_bytes;        /* parameters of live weights and heads */
  uint64_t gradient_bytes;      /* gradient ranges of live trainers */
  uint64_t optimizer_bytes;     /* optimizer moments of live trainers */
  uint64_t cache_bytes;         /* key/value caches of live generators */
  uint64_t peak_resident_bytes; /* largest resident set of the process so far */
} px_memory_stats;

/* Creates an engine. options may be NULL (all defaults). Any thread. Its kernels use the best instruction set of the
 * machine; the environment variable PROXIMAL_ISA = scalar | avx2 | avx512 | avx512bf16 | amx forces one. Results of one
 * level are the same bits for any number of threads; levels differ in the last bits.
 * With a CUDA device models live there: parameters, gradients, moments, caches and activations; what a call is given and
 * what it returns is copied, nothing else is. The LibTorch backend has no such form (PX_UNSUPPORTED on first use). The
 * kernels gae, policy_loss, value_loss, kl, reward_shape, whiten, adamw, squared_norm, sample and token_logprob copy
 * their arrays there, compute there and copy the results back; all other kernels compute on the CPU. Nothing of this has
 * run on hardware yet: tests run it on an emulated device. The environment variable PROXIMAL_CUDA_LIBRARY names another
 * file than libproximal_cuda.so.
 * Errors: PX_INVALID_ARGUMENT, PX_UNSUPPORTED (no such device or no library for it, PROXIMAL_ISA beyond the machine),
 * PX_OUT_OF_MEMORY, PX_DEVICE_ERROR. Every call that computes on a device may return PX_DEVICE_OUT_OF_MEMORY, after which
 * what was there before is as it was (of a gradient px_trainer_accumulate says more) and the call may be made again; or
 * PX_DEVICE_ERROR. After that from a call with weights, a model, a trainer or a generator the engine is closed: what
 * computes or copies for these returns PX_DEVICE_ERROR; release all that is on it, and create another engine. */
PX_API px_status px_engine_create(const px_engine_options* options, px_engine** engine);

/* Gives up the caller's reference. Children that are alive keep the engine alive. NULL does nothing. */
PX_API void px_engine_release(px_engine* engine);

/* Fills `stats` (struct_size set by the caller). Any thread. */
PX_API px_status px_engine_memory(px_engine* engine, px_memory_stats* stats);

/* Describes the engine as a JSON object: version, backend, threads, isa, device ("cpu", or an object with name, memory
 * and what kernels copied to and from it), and once a backend is in use (or when
 * `load_backend` is not 0) what it says of itself: of a device what models copied to and from it, of LibTorch its version,
 * its BLAS file and thread library. Copies it into buffer [capacity],
 * zero-terminated and cut if need be; *needed (optional) is the full size with the terminator. Any thread.
 * Errors: PX_UNSUPPORTED when the backend is asked for and cannot be opened: the text lists what was tried. */
PX_API px_status px_engine_describe(px_engine* engine, int32_t load_backend, char* buffer, int64_t capacity,
                                    int64_t* needed);

/* Measures the backend's matrix product [n, n] x [n, n] in the type of the engine's products (n in 1..8192, median of `repeats`
 * in 1..1000) in GFLOP/s. */
PX_API px_status px_engine_measure_gemm(px_engine* engine, int64_t n, int32_t repeats, double* gflops);

#ifdef __cplusplus
}
#endif

#endif
