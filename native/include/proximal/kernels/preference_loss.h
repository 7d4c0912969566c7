/* Losses of preferences between whole answers: DPO and its successors, with gradients and metrics in one pass. */
#ifndef PROXIMAL_KERNELS_PREFERENCE_LOSS_H
#define PROXIMAL_KERNELS_PREFERENCE_LOSS_H

#include "../engine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* u, v: log-ratio of the chosen and the rejected answer, after the divergence; x = beta (u - v) - margin;
 * r = beta u, s = beta v; e: label_smoothing; z: reference_point. nls(x) = -log sigmoid(x).
 * KTO and BCO are losses of single answers, the others of pairs. */
typedef enum px_preference_form {
  PX_PREFERENCE_SIGMOID = 1,   /* (1 - e) nls(x) + e nls(-x): DPO (2305.18290), cDPO; with MEAN and margin: SimPO */
  PX_PREFERENCE_HINGE = 2,     /* max(0, 1 - x): SLiC (2305.10425) */
  PX_PREFERENCE_IPO = 3,       /* (u - v - 1 / (2 beta))^2 (2310.12036) */
  PX_PREFERENCE_ROBUST = 4,    /* ((1 - e) nls(x) - e nls(-x)) / (1 - 2 e) (2403.00409) */
  PX_PREFERENCE_EXO = 5,       /* KL(sigmoid(x) || 1 - e), e > 0; 0: default 0.001 (2402.00856) */
  PX_PREFERENCE_NCA = 6,       /* nls(r) + nls(-r) / 2 + nls(-s) / 2 (2402.05369) */
  PX_PREFERENCE_SPPO = 7,      /* (u - 1 / (2 beta))^2 + (v + 1 / (2 beta))^2: hard labels (2405.00675) */
  PX_PREFERENCE_APO_ZERO = 8,  /* sigmoid(-r) + sigmoid(s) (2408.06266) */
  PX_PREFERENCE_APO_DOWN = 9,  /* sigmoid(r) + sigmoid(-x) */
  PX_PREFERENCE_DISCOPOP = 10, /* (1 - g) nls(x) + g exp(-x), g = sigmoid(x / tau) (2406.08414) */
  PX_PREFERENCE_ORPO = 11,     /* beta nls(logit(exp u) - logit(exp v)): needs MEAN, no reference (2403.07691) */
  PX_PREFERENCE_KTO = 12,      /* desirable: w sigmoid(z - r), other: w sigmoid(r - z) (2402.01306) */
  PX_PREFERENCE_BCO = 13       /* desirable: w nls(r - z), other: w nls(z - r) (2404.04656) */
} px_preference_form;

/* What takes the place of the log-ratio u in a loss of pairs (f-DPO, arXiv 2309.16240; alpha: AlphaPO, 2501.03884). */
typedef enum px_preference_divergence {
  PX_PREFERENCE_REVERSE_KL = 1,     /* u */
  PX_PREFERENCE_FORWARD_KL = 2,     /* -exp(-u) */
  PX_PREFERENCE_JENSEN_SHANNON = 3, /* -nls(u) */
  PX_PREFERENCE_ALPHA = 4           /* exp((alpha - 1) u) / (alpha - 1) */
} px_preference_divergence;

typedef enum px_preference_flags {
  PX_PREFERENCE_MEAN = 1 /* log-ratios are means over an answer's tokens instead of sums: divided by its weights' sum */
} px_preference_flags;

/* Letters: S answers, N packed tokens, P losses: S / 2 of pairs, S of single answers. */
typedef struct px_preference_loss_args {
  uint32_t struct_size;
  uint32_t flags;              /* px_preference_flags */
  int64_t sequences;           /* S >= 0; of pairs: answer 2i is chosen over answer 2i + 1 */
  const int64_t* offsets;      /* [S + 1], non-decreasing from 0; N = offsets[S] */
  const float* logprob;        /* [N] nats, the policy in training */
  const float* ref_logprob;    /* [N] nats, the reference; NULL: reference-free, as if 0 */
  const float* weight;         /* [N], optional (ones) of a token in its answer's sum; 0: none, whatever stands elsewhere */
  const uint8_t* desirable;    /* [S] 1: wanted; needed by KTO and BCO alone */
  int32_t form;                /* px_preference_form; 0: default SIGMOID */
  int32_t divergence;          /* px_preference_divergence; 0: default REVERSE_KL */
  double beta;                 /* > 0; 0: default 0.1 */
  double label_smoothing;      /* e in [0, 0.5) for SIGMOID, ROBUST, EXO */
  double margin;               /* for SIGMOID, HINGE, ROBUST, EXO, DISCOPOP: SimPO's gamma */
  double reference_point;      /* z of KTO (beta times its KL) and BCO (its running mean), no gradient; from the caller */
  double alpha;                /* of the alpha divergence, not 1; 0: default 0.5 */
  double tau;                  /* of DISCOPOP, > 0; 0: default 0.05 */
  double desirable_weight;     /* w of KTO and BCO, > 0; 0: default 1 */
  double undesirable_weight;   /* w of KTO and BCO, > 0; 0: default 1 */
  double normalizer;           /* > 0, finite; the mean: the number of losses of the step */
  float* loss;                 /* [P] out, optional: before the normalizer */
  float* reward;               /* [S] out, optional: beta times the answer's log-ratio, always the sum */
  float* gradient;             /* [N] out, optional: d (sum(loss) / normalizer) / d logprob; 0 where the weight is */
} px_preference_loss_args;

/* Sums, so that micro-batches and ranks add. Chosen answers are also the desirable ones, rejected the others. */
typedef struct px_preference_metrics {
  double loss;               /* sum, not normalised */
  int64_t losses;            /* P */
  int64_t correct;           /* pairs whose chosen answer has the higher reward; 0 for single answers */
  int64_t chosen;            /* answers */
  int64_t rejected;          /* answers */
  double reward_chosen;      /* sum of beta times log-ratio */
  double reward_rejected;
  double logprob_chosen;     /* sum over weight times log-prob */
  double logprob_rejected;
} px_preference_metrics;

/* log-ratio of an answer = sum(weight (logprob - ref_logprob)) over its tokens, in double. metrics optional,
 * overwritten. PX_INVALID_ARGUMENT names a number that the form does not take, and with MEAN an answer whose weights'
 * sum is not above 0; PX_NOT_FINITE names an array and index that is. Deterministic for any thread count. */
PX_API px_status px_preference_loss_f32(px_engine* engine, const px_preference_loss_args* args,
                                        px_preference_metrics* metrics);

#ifdef __cplusplus
}
#endif

#endif
