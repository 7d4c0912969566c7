/* Proximal C ABI: status codes, errors, versions, live handles.
 *
 * Rules of every header of this folder:
 *  - A fallible function returns px_status. On failure the calling thread's error text says function, argument,
 *    expected and got; px_last_error copies it out.
 *  - Argument structs start with struct_size (sizeof as the caller compiled it) and flags (unknown bits are refused).
 *    They only ever grow; a field the caller does not know reads as 0, and 0 means the default that the field names.
 *    Where a limit can be switched off, INFINITY switches it off.
 *  - Counts are int64_t elements, byte sizes uint64_t. Arrays are host memory, dense, row-major. Inputs are borrowed for
 *    the call, outputs are allocated by the caller; an output pointer may be NULL where the text says "optional".
 *  - Handles are opaque, created through an out-parameter (untouched on failure), counted, and released once; releasing
 *    NULL does nothing. A child keeps its parent alive. One thread at a time per handle unless the text says otherwise;
 *    any thread may be that one.
 *  - No function throws, exits or aborts.
 */
#ifndef PROXIMAL_BASE_H
#define PROXIMAL_BASE_H

#include <stdint.h>

#ifndef PX_API
#define PX_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this ABI: raised when a caller compiled against an older header could no longer work. */
#define PX_ABI_VERSION 1

/* Outcome of a call. */
typedef enum px_status {
  PX_OK = 0,
  PX_INVALID_ARGUMENT = 1,
  PX_SHAPE_MISMATCH = 2,
  PX_UNSUPPORTED = 3,
  PX_OUT_OF_MEMORY = 4,
  PX_DEVICE_OUT_OF_MEMORY = 5,
  PX_DEVICE_ERROR = 6,
  PX_CANCELLED = 7,
  PX_INVALID_STATE = 8,
  PX_NOT_FINITE = 9,
  PX_IO = 10,
  PX_CORRUPT_DATA = 11,
  PX_INTERNAL = 12,
  PX_ABI_MISMATCH = 13
} px_status;

/* Kinds of handles, for px_live_handles. */
typedef enum px_handle_kind {
  PX_HANDLE_ENGINE = 0,
  PX_HANDLE_WEIGHTS = 1,
  PX_HANDLE_MODEL = 2,
  PX_HANDLE_TRAINER = 3,
  PX_HANDLE_GENERATOR = 4
} px_handle_kind;

/* Argument structs, for px_abi_sizeof. */
typedef enum px_struct_id {
  PX_STRUCT_ENGINE_OPTIONS = 0,
  PX_STRUCT_MEMORY_STATS = 1,
  PX_STRUCT_LOAD_OPTIONS = 2,
  PX_STRUCT_MODEL_OPTIONS = 3,
  PX_STRUCT_MODEL_INFO = 4,
  PX_STRUCT_TENSOR_INFO = 5,
  PX_STRUCT_SAVE_OPTIONS = 6,
  PX_STRUCT_BATCH = 7,
  PX_STRUCT_SCORE_ARGS = 8,
  PX_STRUCT_TRAINER_OPTIONS = 9,
  PX_STRUCT_OBJECTIVE = 10,
  PX_STRUCT_OBJECTIVE_METRICS = 11,
  PX_STRUCT_STEP_ARGS = 12,
  PX_STRUCT_STEP_RESULT = 13,
  PX_STRUCT_GENERATOR_OPTIONS = 14,
  PX_STRUCT_GENERATE_REQUEST = 15,
  PX_STRUCT_GENERATION_EVENT = 16,
  PX_STRUCT_KL_ARGS = 17,
  PX_STRUCT_REWARD_ARGS = 18,
  PX_STRUCT_GAE_ARGS = 19,
  PX_STRUCT_MOMENTS = 20,
  PX_STRUCT_POLICY_LOSS_ARGS = 21,
  PX_STRUCT_POLICY_METRICS = 22,
  PX_STRUCT_VALUE_LOSS_ARGS = 23,
  PX_STRUCT_VALUE_METRICS = 24,
  PX_STRUCT_BRADLEY_TERRY_ARGS = 25,
  PX_STRUCT_BRADLEY_TERRY_METRICS = 26,
  PX_STRUCT_ADAMW_ARGS = 27,
  PX_STRUCT_SAMPLE_ARGS = 28,
  PX_STRUCT_RMSNORM_ARGS = 29,
  PX_STRUCT_RMSNORM_BACKWARD_ARGS = 30,
  PX_STRUCT_ROPE_ARGS = 31,
  PX_STRUCT_ROPE_BACKWARD_ARGS = 32,
  PX_STRUCT_SWIGLU_ARGS = 33,
  PX_STRUCT_SWIGLU_BACKWARD_ARGS = 34,
  PX_STRUCT_EMBEDDING_ARGS = 35,
  PX_STRUCT_EMBEDDING_BACKWARD_ARGS = 36,
  PX_STRUCT_LAYERNORM_ARGS = 37,
  PX_STRUCT_LAYERNORM_BACKWARD_ARGS = 38,
  PX_STRUCT_GELU_ARGS = 39,
  PX_STRUCT_GELU_BACKWARD_ARGS = 40,
  PX_STRUCT_ATTENTION_ARGS = 41,
  PX_STRUCT_ATTENTION_BACKWARD_ARGS = 42,
  PX_STRUCT_GEMM_PACK_ARGS = 43,
  PX_STRUCT_GEMM_ARGS = 44,
  PX_STRUCT_PREFERENCE_LOSS_ARGS = 45,
  PX_STRUCT_PREFERENCE_METRICS = 46,
  PX_STRUCT_GROUP_ADVANTAGE_ARGS = 47,
  PX_STRUCT_GROUP_METRICS = 48,
  PX_STRUCT_GGUF_OPTIONS = 49,
  PX_STRUCT_GENERATOR_COUNTS = 50,
  PX_STRUCT_HEAD_KL_ARGS = 51
} px_struct_id;

/* Returns PX_ABI_VERSION of the library that is loaded. */
PX_API int32_t px_abi_version(void);

/* Returns sizeof of the struct `struct_id` (px_struct_id) as the library was compiled, or 0 for an unknown id. */
PX_API uint32_t px_abi_sizeof(int32_t struct_id);

/* Copies the library's version ("0.1.0") into buffer [capacity], zero-terminated and cut if need be.
 * Returns the bytes needed with the terminator. buffer may be NULL when capacity is 0. */
PX_API int64_t px_version(char* buffer, int64_t capacity);

/* Copies the calling thread's last error text (UTF-8) into buffer [capacity], zero-terminated and cut if need be.
 * Returns the bytes needed with the terminator; 1 when there was no error. A successful call leaves the text alone. */
PX_API int64_t px_last_error(char* buffer, int64_t capacity);

/* Returns how many handles of `kind` (px_handle_kind) are alive in the process, or -1 for an unknown kind.
 * Any thread. Leak tests rest on it. */
PX_API int64_t px_live_handles(int32_t kind);

#ifdef __cplusplus
}
#endif

#endif
