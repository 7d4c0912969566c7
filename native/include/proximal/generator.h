/* Generation: submit sequences, poll sampled tokens, cancel.
 *
 * Finished rows leave the batch and waiting ones take their place in the same step. A sequence's random numbers come
 * from Philox4x32-10 with key = seed and counter = (the caller's sample id, token index): never from its slot, its
 * neighbours or the order of submission.
 * Determinism: the engine's own backend gives a sequence the same bits in any company, and its log-probs and entropies
 * are those of px_model_score. With LibTorch the last bits of a row depend on the other rows of a step: the same requests
 * in the same steps give the same bits, and between batches log-probs differ by rounding, and so does a token whose random
 * number falls within that rounding of the boundary between two (or where greedy meets a tie).
 */
#ifndef PROXIMAL_GENERATOR_H
#define PROXIMAL_GENERATOR_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct px_generator px_generator;

typedef enum px_finish_reason {
  PX_FINISH_NONE = 0,      /* goes on */
  PX_FINISH_STOP = 1,      /* the token is one of the stop tokens (and is part of the response) */
  PX_FINISH_LENGTH = 2,    /* max_new_tokens or the model's context reached */
  PX_FINISH_CANCELLED = 3, /* the event carries token -1 */
  PX_FINISH_ERROR = 4      /* the event carries token -1: logits were not finite */
} px_finish_reason;

typedef enum px_generate_flags {
  PX_GENERATE_GREEDY = 1 /* the most probable token, lowest id on a tie; temperature only scales the log-prob */
} px_generate_flags;

typedef struct px_generator_options {
  uint32_t struct_size;
  uint32_t flags;      /* none yet: 0 */
  int64_t max_batch;   /* sequences decoded together; 0: default 64 */
  uint64_t seed;       /* Philox key */
  int64_t cache_bytes; /* that keys and values may take; 0: what the sequences need. Where they end, the sequences that
                        * came last pause and are computed anew later: what is drawn does not change */
} px_generator_options;

/* What a generator has done since it was made. */
typedef struct px_generator_counts {
  int64_t steps;
  int64_t drawn_tokens;
  int64_t computed_tokens; /* that went through the model, prompts among them */
  int64_t shared_tokens;   /* that did not have to, since another sequence begins in the same way */
  int64_t pauses;          /* of sequences, and of those that were to begin, for want of cache */
  int64_t cache_bytes;     /* of keys and values, now */
} px_generator_counts;

typedef struct px_generate_request {
  uint32_t struct_size;
  uint32_t flags;               /* px_generate_flags */
  uint64_t sample_id;           /* Philox counter; distinct among unfinished sequences of the generator */
  const int32_t* prompt;        /* [prompt_count] */
  int64_t prompt_count;         /* >= 1, below the context */
  int64_t max_new_tokens;       /* >= 1 */
  double temperature;           /* 0: default 1 */
  int64_t top_k;                /* 0: off */
  double top_p;                 /* 0: off; in (0, 1] */
  double min_p;                 /* 0: off; in (0, 1] */
  const int32_t* stop_tokens;   /* [stop_count], optional */
  int64_t stop_count;
} px_generate_request;

/* One sampled token. */
typedef struct px_generation_event {
  uint64_t sample_id;
  int32_t token;          /* -1: none */
  int32_t finish_reason;  /* px_finish_reason; not NONE: the sequence's last event */
  float logprob;          /* log softmax(logits / T)[token], without top-k, top-p, min-p: the training definition */
  float entropy;          /* of softmax(logits / T), nats */
  int32_t index;          /* 0-based place in the response */
  int32_t reserved;       /* 0 */
} px_generation_event;

/* A generator on an LM-head model. options may be NULL. Keeps the model alive and shares its weights: nothing is
 * copied, so a step of a trainer on the weights changes what it samples next.
 * Errors: PX_INVALID_ARGUMENT (a scalar head, max_batch), PX_UNSUPPORTED (no backend), PX_OUT_OF_MEMORY. */
PX_API px_status px_generator_create(px_model* model, const px_generator_options* options, px_generator** generator);

/* Cancels what is unfinished. */
PX_API void px_generator_release(px_generator* generator);

/* Queues a sequence; copies the request. Any thread, also while another one polls. The sequence is unfinished, and its
 * id in use, until its last event is handed out.
 * PX_INVALID_ARGUMENT: a prompt that is empty, not below the context or has foreign tokens; a stop token outside the
 * vocabulary; a number out of range; a sample id in use; more tokens than cache_bytes hold. */
PX_API px_status px_generator_submit(px_generator* generator, const px_generate_request* request);

/* Runs one step of the batch (prefill of arrivals and decode of the others) if no event is waiting, then hands out up
 * to `capacity` >= 1 events; *count is how many. *count = 0: nothing is unfinished. One polling thread at a time:
 * PX_INVALID_STATE for a second one. After another error (PX_OUT_OF_MEMORY) the sequences are unfinished still: poll
 * again, or cancel them and poll what they end with. */
PX_API px_status px_generator_poll(px_generator* generator, px_generation_event* events, int64_t capacity,
                                   int64_t* count);

/* The counts of the steps that have ended. Any thread. */
PX_API px_status px_generator_count(px_generator* generator, px_generator_counts* counts);

/* Ends a sequence at the next poll, which hands out its CANCELLED event. Any thread. An unknown id does nothing. */
PX_API px_status px_generator_cancel(px_generator* generator, uint64_t sample_id);

#ifdef __cplusplus
}
#endif

#endif
