// What a decoder-only transformer of the supported families is made of. A family's file says how its config maps to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proximal/model.h"

namespace px {

// Whose config keys and tensor names. What is computed follows from the other fields alone.
enum class FamilyId { kLlama, kMistral, kQwen2, kQwen3, kGpt2 };

enum class NormKind {
  kRms,   // x / rms(x) * weight
  kLayer  // (x - mean) / deviation * weight + bias
};

enum class FeedForward {
  kGatedSilu,  // down(silu(gate(x)) * up(x))
  kGelu        // down(gelu(up(x))), gelu by its tanh formula
};

enum class PositionKind {
  kRotary,  // queries and keys are turned
  kLearned  // an embedding is added to the token's
};

// kDynamic is kNone as far as the original context goes, which is as far as a model is run here.
enum class RopeScaling { kNone, kLinear, kDynamic, kLlama3, kYarn, kDivisors };

struct Rope {
  double theta = 10000.0;
  RopeScaling scaling = RopeScaling::kNone;
  double factor = 1.0;
  double low_frequency_factor = 1.0;   // llama3
  double high_frequency_factor = 4.0;  // llama3
  int64_t original_context = 0;        // llama3, yarn
  double beta_fast = 32.0;             // yarn: rotations within the original context from which on frequencies are kept
  double beta_slow = 1.0;              // yarn: those up to which they are divided
  double attention_factor = 1.0;       // yarn: cosines and sines are multiplied by it
  bool truncate = true;                // yarn: the bounds between kept and divided are whole dimensions
  std::vector<double> divisors{};      // [D / 2], divisors: what each frequency is divided by

  bool operator==(const Rope&) const = default;
};

struct Descriptor {
  FamilyId family = FamilyId::kLlama;
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  int64_t intermediate = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_size = 0;
  int64_t context = 0;
  NormKind norm = NormKind::kRms;
  double norm_epsilon = 0.0;
  FeedForward feed_forward = FeedForward::kGatedSilu;
  PositionKind position = PositionKind::kRotary;
  Rope rope;                 // for kRotary
  bool tied = false;         // the LM head is the embedding
  bool lm_head = true;       // false: the file is a classifier's and holds none
  bool qkv_bias = false;     // attention's q_proj, k_proj and v_proj
  bool output_bias = false;  // attention's o_proj
  bool mlp_bias = false;
  bool head_norm = false;        // an RMS norm over each query and key head before it is turned
  bool transposed = false;       // the layers' matrices are [in, out] in files and memory (Conv1D)
  std::vector<int64_t> windows;  // by layer: a query sees itself and the window - 1 tokens before it; 0: all before it.
                                 // Empty: 0 in all layers

  bool untied_head() const { return lm_head && !tied; }
  int64_t window(int64_t layer) const { return windows.empty() ? 0 : windows[static_cast<size_t>(layer)]; }
};

}  // namespace px
