// The one forward pass: over packed rows, for training, scoring, prefill and decoding alike. What differs is where
// attention finds keys and values, and what is kept for a backward pass.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/cpu.h"
#include "model/core/arena.h"
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

// An array in the dtype of the products: one of the two is there.
struct Values {
  float* f32 = nullptr;
  uint16_t* bf16 = nullptr;

  const void* data() const { return f32 != nullptr ? static_cast<const void*>(f32) : bf16; }
};

inline Values take_values(Plan& plan, int64_t count, px_dtype dtype) {
  return dtype == PX_DTYPE_F32 ? Values{plan.take<float>(count), nullptr} : Values{nullptr, plan.take<uint16_t>(count)};
}

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
  const float* input = nullptr;    // [N, H] the residual stream before the layer
  RowStatistics input_statistics;
  float* projected = nullptr;  // [N, (Hq + 2 Hkv) D] queries, keys and values before the norm of heads; else null
  float* head_rstd = nullptr;  // [N, Hq + Hkv], with `projected`
  float* qkv = nullptr;        // [N, (Hq + 2 Hkv) D] turned
  Values attended;             // [N, Hq D]
  float* lse = nullptr;        // [N, Hq], for a backward pass
  float* middle = nullptr;     // [N, H] the residual stream after attention; input where nothing is kept
  RowStatistics middle_statistics;
  Values gate_up;            // [N, 2 F] or [N, F]; absent where `activated` comes from the product at once
  float* output = nullptr;   // [N, H] the residual stream after the layer; middle where nothing is kept
};

// Where a layer's rows find the keys and values that they see.
class AttentionContext {
 public:
  virtual ~AttentionContext() = default;
  virtual void attend(int64_t layer, const LayerRows& rows) = 0;
};

struct TransformerRows {
  int64_t count = 0;  // N
  std::vector<LayerRows> layers;
  Values normed;                 // [N, H], used by all layers
  Values activated;              // [N, F], likewise
  float* final_input = nullptr;  // [N, H]: the last layer's output
  RowStatistics final_statistics;
};

// Takes the arrays of N rows out of a plan.
TransformerRows plan_rows(Plan& plan, const Descriptor& descriptor, int64_t count, px_dtype dtype, Keep keep);

class Transformer {
 public:
  Transformer(const Cpu& cpu, const Weights& weights, const PackedModel& packed, const PositionTable& positions)
      : cpu_(cpu), weights_(weights), d_(weights.descriptor()), packed_(packed), positions_(positions) {}

  // Up to the residual stream behind the last layer. positions are prepared in the table.
  void forward(std::span<const int32_t> tokens, std::span<const int32_t> positions, const TransformerRows& rows,
               AttentionContext& attention) const;

  // Parts of a layer, which the backward pass computes again where they were not kept: from the layer's input to what
  // attention gives, from there to `middle`, from `middle` to gate_up, from there to `output`.
  void attend(size_t layer, std::span<const int32_t> positions, const TransformerRows& rows,
              AttentionContext& attention) const;
  void close_attention(size_t layer, const TransformerRows& rows) const;
  void open_feed_forward(size_t layer, const TransformerRows& rows) const;
  void close_feed_forward(size_t layer, const TransformerRows& rows) const;

  // The final norm of some rows [count, H]: as floats, as bf16, or both.
  void final_norm(const float* x, int64_t count, Values out, const RowStatistics& statistics) const;

  // What the backward pass always computes again. `weight` and `bias` are places in the arena.
  void normalise(const float* x, int64_t count, int64_t weight, int64_t bias, Values out,
                 const RowStatistics& statistics) const;
  void activate(const LayerRows& rows, int64_t count, Values out) const;

 private:
  void embed(std::span<const int32_t> tokens, std::span<const int32_t> positions, float* out) const;
  void turn(std::span<const int32_t> positions, const LayerOffsets& layer, const LayerRows& rows) const;
  void project(const Linear& linear, Values x, int64_t count, const float* residual, Values out,
               px_activation activation = PX_ACTIVATION_NONE) const;

  const Cpu cpu_;
  const Weights& weights_;
  const Descriptor& d_;
  const PackedModel& packed_;
  const PositionTable& positions_;
};

}  // namespace px::core
