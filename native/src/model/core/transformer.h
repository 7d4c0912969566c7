// The one forward pass: over packed rows, for training, scoring, prefill and decoding alike. What differs is where
// attention finds keys and values, and what is kept for a backward pass.
#pragma once

#include <cstdint>
#include <vector>

#include "model/core/packed_model.h"
#include "model/core/positions.h"

namespace px::core {

// Elements of a token: queries, keys and values; what the first matrix of the feed-forward gives.
inline int64_t projected(const Descriptor& d) { return (d.heads + 2 * d.kv_heads) * d.head_size; }
inline int64_t features(const Descriptor& d) {
  return d.feed_forward == FeedForward::kGelu ? d.intermediate : 2 * d.intermediate;
}

// A kernel's arguments, zeros but for their size.
template <class Args>
Args make_args() {
  Args args{};
  args.struct_size = sizeof args;
  return args;
}

// The tokens of a pass and their positions, in the memory of the ops.
struct Tokens {
  int64_t count = 0;  // N
  const int32_t* token = nullptr;
  const int32_t* position = nullptr;
};

// A norm's place in the arena and, after it ran, what its backward pass needs of each row.
struct RowStatistics {
  float* mean = nullptr;  // [N], of a layer norm
  float* rstd = nullptr;  // [N]
};

// What a pass leaves in memory for the backward pass, which computes the rest again: the bits are the same.
enum class Keep {
  kNothing,  // no backward pass follows
  kInputs,   // the residual stream before each layer
  kStreams,  // and before each feed-forward
  kAll,
};

// A layer's numbers on their way. What is not kept lies in one place for all layers.
struct LayerRows {
  const float* input = nullptr;  // [N, H] the residual stream before the layer
  RowStatistics input_statistics;
  float* projected = nullptr;  // [N, (Hq + 2 Hkv) D] queries, keys and values before the norm of heads; else null
  float* head_rstd = nullptr;  // [N, Hq + Hkv], with `projected`
  float* qkv = nullptr;        // [N, (Hq + 2 Hkv) D] turned
  Values attended;             // [N, Hq D]
  float* lse = nullptr;        // [N, Hq], for a backward pass
  float* middle = nullptr;     // [N, H] the residual stream after attention; input where nothing is kept
  RowStatistics middle_statistics;
  Values gate_up;           // [N, 2 F] or [N, F]; absent where `activated` comes from the product at once
  float* output = nullptr;  // [N, H] the residual stream after the layer; middle where nothing is kept
};

struct TransformerRows {
  int64_t count = 0;  // N
  std::vector<LayerRows> layers;
  Values normed;                   // [N, H], used by all layers
  Values activated;                // [N, F], likewise
  std::byte* attention = nullptr;  // workspace of a forward pass through attention, likewise
  float* final_input = nullptr;    // [N, H]: the last layer's output
  RowStatistics final_statistics;
};

// Takes the arrays of N rows out of a plan.
TransformerRows plan_rows(Plan& plan, const Descriptor& descriptor, int64_t count, px_dtype dtype, Keep keep,
                          const Attention& attention);

// What attention of the model is, with what the products take.
kernels::AttentionShape attention_shape(const Descriptor& descriptor, px_dtype dtype);

class Transformer {
 public:
  Transformer(Ops& ops, const Weights& weights, const PackedModel& packed, const PositionTable& positions)
      : ops_(ops), weights_(weights), d_(weights.descriptor()), packed_(packed), positions_(positions) {}

  // Up to the residual stream behind the last layer. positions are prepared in the table.
  void forward(const Tokens& tokens, const TransformerRows& rows, Attention& attention) const;

  // Parts of a layer, which the backward pass computes again where they were not kept: from the layer's input to what
  // attention gives, from there to `middle`, from `middle` to gate_up, from there to `output`.
  void attend(size_t layer, const Tokens& tokens, const TransformerRows& rows, Attention& attention) const;
  void close_attention(size_t layer, const TransformerRows& rows) const;
  void open_feed_forward(size_t layer, const TransformerRows& rows) const;
  void close_feed_forward(size_t layer, const TransformerRows& rows) const;

  // The final norm of some rows [count, H]: as floats, as bf16, or both.
  void final_norm(const float* x, int64_t count, Values out, const RowStatistics& statistics) const;

  // What the backward pass always computes again. `weight` and `bias` are places in the arena.
  void normalise(const float* x, int64_t count, int64_t weight, int64_t bias, Values out,
                 const RowStatistics& statistics) const;
  void activate(const LayerRows& rows, int64_t count, Values out) const;
  // What attention takes of a layer.
  AttentionRows attention_rows(size_t layer, const LayerRows& rows) const;

 private:
  void embed(const Tokens& tokens, float* out) const;
  void turn(const Tokens& tokens, const LayerOffsets& layer, const LayerRows& rows) const;

  Ops& ops_;
  const Weights& weights_;
  const Descriptor& d_;
  const PackedModel& packed_;
  const PositionTable& positions_;
};

}  // namespace px::core
