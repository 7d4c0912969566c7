/* Weights, models (weights + head) and scoring.
 *
 * A px_weights is one set of parameters, counted and shared. A px_model is weights, an adapter id (0: none) and a head;
 * px_model_derive makes another one on the same weights, so four models on one base cost one base.
 * Letters: S sequences, N packed tokens, H hidden size, V vocabulary.
 */
#ifndef PROXIMAL_MODEL_H
#define PROXIMAL_MODEL_H

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_weights px_weights;
typedef struct px_model px_model;

typedef enum px_dtype { PX_DTYPE_F32 = 0, PX_DTYPE_BF16 = 1, PX_DTYPE_F16 = 2 } px_dtype;

/* What stands on the last hidden state. */
typedef enum px_head {
  PX_HEAD_FROM_FILE = 0, /* what the folder holds: a scalar head if it is a ...ForSequenceClassification or OpenRLHF's
                            reward or value model, or has no LM head; else the LM head */
  PX_HEAD_LM = 1,        /* [V, H], tied to the embedding where the config says so: log-probs and generation */
  PX_HEAD_SCALAR = 2     /* [1, H], no bias: rewards (at the last token) and values (at every token) */
} px_head;

/* How a scalar head that does not come from the file starts. */
typedef enum px_head_init {
  PX_HEAD_INIT_FROM_FILE = 0, /* score.weight, OpenRLHF's value_head.weight or TRL's v_head.summary.weight; error when
                                 the file has none. A bias other than 0 is PX_UNSUPPORTED, by name */
  PX_HEAD_INIT_ZERO = 1,      /* value heads */
  PX_HEAD_INIT_NORMAL = 2     /* N(0, 1/(H+1)), i.e. std 1/sqrt(H+1), from head_seed: reward heads */
} px_head_init;

typedef struct px_load_options {
  uint32_t struct_size;
  uint32_t flags;   /* none yet: 0 */
  const char* base; /* optional: the base model of an adapter's folder, in place of the one that its adapter_config.json
                       names; PX_INVALID_ARGUMENT when the path is no adapter */
} px_load_options;

typedef struct px_model_options {
  uint32_t struct_size;
  uint32_t flags;       /* none yet: 0 */
  int32_t head;         /* px_head */
  int32_t head_init;    /* px_head_init; for PX_HEAD_SCALAR */
  uint64_t head_seed;   /* for PX_HEAD_INIT_NORMAL */
  int32_t adapter;      /* 0: none; others PX_UNSUPPORTED in this version */
  int32_t reserved;
} px_model_options;

typedef struct px_model_info {
  uint32_t struct_size;
  uint32_t flags;
  int64_t vocabulary;
  int64_t hidden;
  int64_t layers;
  int64_t heads;
  int64_t kv_heads;
  int64_t head_size;
  int64_t intermediate;
  int64_t context;        /* longest sequence (max_position_embeddings) */
  int64_t parameters;     /* with the head */
  int32_t head;           /* px_head: LM or SCALAR */
  int32_t tied;           /* 1: LM head is the embedding */
  int32_t storage_dtype;  /* px_dtype of the file; memory is fp32 */
  int32_t tensors;        /* count for px_model_tensor */
} px_model_info;

typedef struct px_tensor_info {
  uint32_t struct_size;
  uint32_t flags;
  int64_t shape[4];  /* leading `dimensions` entries */
  int64_t elements;
  int32_t dimensions;
  int32_t name_bytes; /* length of the name without terminator */
  char name[256];     /* as transformers writes it, zero-terminated (longer names are refused at load) */
} px_tensor_info;

typedef struct px_save_options {
  uint32_t struct_size;
  uint32_t flags;             /* none yet: 0 */
  int32_t dtype;              /* px_dtype; 0: fp32, which loses nothing */
  int32_t reserved;
  uint64_t shard_bytes;       /* 0: one file; else the largest size of a shard's tensor data */
} px_save_options;

/* What the matrices of a GGUF file are made of; the numbers are ggml's. */
typedef enum px_gguf_type {
  PX_GGUF_F32 = 0,
  PX_GGUF_F16 = 1,
  PX_GGUF_Q8_0 = 8, /* blocks of 32 with one scale in half precision: within 1/250 of a block's largest magnitude */
  PX_GGUF_BF16 = 30
} px_gguf_type;

typedef struct px_gguf_options {
  uint32_t struct_size;
  uint32_t flags;           /* none yet: 0 */
  int32_t type;             /* px_gguf_type; vectors and learned positions are F32, rows of no whole blocks F16 */
  int32_t reserved;
  const uint8_t* metadata;  /* [metadata_bytes], optional: key-values as GGUF version 3 has them (the tokenizer, names);
                               not those of the architecture, general.architecture, .file_type, .quantization_version,
                               .alignment, which the model says itself */
  int64_t metadata_bytes;
  int64_t metadata_count;   /* how many key-values they are */
} px_gguf_options;

/* One ragged batch, packed end to end. Positions restart at 0 in each sequence unless given. What sequences have in
 * common at their beginning, as samples of one prompt or the two answers of a pair do, is computed once where it is 32
 * tokens or more; outputs keep the bits that each sequence has alone. */
typedef struct px_batch {
  uint32_t struct_size;
  uint32_t flags;             /* none yet: 0 */
  int64_t sequences;          /* S >= 1 */
  const int64_t* offsets;     /* [S + 1], 0 = offsets[0] < ... < offsets[S] = N: no empty sequence */
  const int32_t* tokens;      /* [N], 0..V-1 */
  const int32_t* positions;   /* [N], optional */
  const int32_t* adapter;     /* [S], optional: the model's; others PX_UNSUPPORTED in this version */
  const float* weight;        /* [N], optional (ones): 0 = nothing is computed for that target token */
} px_batch;

/* Every per-token array is aligned to the target: entry i speaks of token i given those before it in its sequence.
 * So the first entry of a sequence is 0, and value[i] is the head at the position before token i. */
typedef struct px_score_args {
  uint32_t struct_size;
  uint32_t flags;       /* none yet: 0 */
  double temperature;   /* logits / T; 0: default 1 */
  float* logprob;       /* [N], optional, LM head: log softmax(logits / T)[token] in nats */
  float* entropy;       /* [N], optional, LM head: entropy of softmax(logits / T) in nats */
  float* value;         /* [N], optional, scalar head */
  float* score;         /* [S], optional, scalar head at each sequence's last token */
  float* hidden;        /* [N, H], optional: state after the final norm at each token (not shifted) */
} px_score_args;

/* Reads a Hugging Face folder (config.json and safetensors, one or sharded, fp32/bf16/fp16, memory-mapped) a
 * GGUF file (or a folder with one and no safetensors) or a llama2.c `.bin` file at `path` (UTF-8). options may be NULL. Families (model_type): llama, mistral, qwen2, qwen3, gpt2.
 * A folder with adapter_config.json (PEFT LoRA) gives the base model that it names, with the adapter merged. Links are
 * followed, as caches of the hub need; PyTorch's pickles are never opened as such (PX_UNSUPPORTED).
 * Errors: PX_IO (which file), PX_CORRUPT_DATA (file, tensor, what), PX_UNSUPPORTED (the key or dtype by name),
 * PX_NOT_FINITE (a tensor with NaN or Inf), PX_OUT_OF_MEMORY. */
PX_API px_status px_weights_load(px_engine* engine, const char* path, const px_load_options* options,
                                 px_weights** weights);

/* Starts new weights (version 0) of the shape that a config.json says (`path`, UTF-8: the file or the folder that holds
 * it) from a seed: matrices N(0, initializer_range^2) (the config's key; 0.02 without it), norms 1, biases 0. The same
 * seed gives the same weights everywhere. They hold a language-model head and no scalar head.
 * Errors: as px_weights_load for the config.json. */
PX_API px_status px_weights_create(px_engine* engine, const char* path, uint64_t seed, px_weights** weights);

/* Copies parameters into new weights (version 0). */
PX_API px_status px_weights_clone(px_weights* weights, px_weights** clone);

/* Counts the optimizer steps and writes made to these weights since they were loaded. */
PX_API px_status px_weights_version(px_weights* weights, int64_t* version);

PX_API void px_weights_release(px_weights* weights);

/* Puts a head on weights. options may be NULL: the head of the file. */
PX_API px_status px_model_create(px_weights* weights, const px_model_options* options, px_model** model);

/* Another model on the same weights. */
PX_API px_status px_model_derive(px_model* base, const px_model_options* options, px_model** model);

PX_API void px_model_release(px_model* model);

PX_API px_status px_model_get_info(px_model* model, px_model_info* info);

/* Describes tensor `index` in 0..tensors-1: the trunk's in file order of transformers, then the head's. */
PX_API px_status px_model_tensor(px_model* model, int64_t index, px_tensor_info* info);

/* Copies tensor `index` (fp32, row-major) into values [count]; count must be its element count. */
PX_API px_status px_model_read_tensor(px_model* model, int64_t index, float* values, int64_t count);

/* Replaces tensor `index`; refused (PX_NOT_FINITE) when a value is not finite. Raises the version.
 * PX_INVALID_STATE while a generator has unfinished sequences on the weights. */
PX_API px_status px_model_write_tensor(px_model* model, int64_t index, const float* values, int64_t count);

/* Writes config.json and model.safetensors (with an index when sharded) into `directory`, which is created if its
 * parent exists; each file is written beside and renamed, weight files of an earlier save under other names are removed.
 * options may be NULL. Errors: PX_IO (which path), PX_NOT_FINITE (a value that is not finite, or not in the dtype). */
PX_API px_status px_model_save(px_model* model, const char* directory, const px_save_options* options);

/* Writes a GGUF file (version 3) that llama.cpp loads, beside its place and renamed: tensors under llama.cpp's names and
 * in its order of rows, the keys of the architecture, then the given ones. options may be NULL. Errors: PX_UNSUPPORTED
 * (a scalar head, or what the architecture has no key for, by name), PX_INVALID_ARGUMENT and PX_CORRUPT_DATA (the
 * metadata), PX_SHAPE_MISMATCH (tokenizer.ggml.tokens has not the model's vocabulary), PX_IO, PX_NOT_FINITE. */
PX_API px_status px_model_save_gguf(px_model* model, const char* path, const px_gguf_options* options);

/* Runs the model over the batch and fills what `args` asks for.
 * Determinism: the same batch gives the same bits; how rows depend on their batch is the backend's (LibTorch: they may
 * differ in the last bits). Errors: PX_INVALID_ARGUMENT (a token outside the vocabulary, a sequence beyond the context,
 * an output the head cannot give), PX_NOT_FINITE (an output is NaN or Inf), PX_OUT_OF_MEMORY. */
PX_API px_status px_model_score(px_model* model, const px_batch* batch, const px_score_args* args);

#ifdef __cplusplus
}
#endif

#endif
