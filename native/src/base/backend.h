// What a model backend does: forward, backward and decoding. Everything else (parameters, gradients, optimizer,
// objectives, sampling, scheduling) is the engine's own and is shared by all backends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "proximal/kernels/sample.h"

namespace px {

class Model;
class GradientArena;

// A validated px_batch: N = tokens.size(), S = offsets.size() - 1.
struct Batch {
  std::span<const int64_t> offsets;    // [S + 1]
  std::span<const int32_t> tokens;     // [N]
  std::span<const int32_t> positions;  // [N]
  std::span<const float> weight;       // [N] 0: nothing is computed for that target; empty: ones
  int64_t sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t count() const { return static_cast<int64_t>(tokens.size()); }
};

// Where results go, aligned to the target token (entry i speaks of token i; the first entry of a sequence and entries
// of weight 0 are written as 0). A null pointer: not wanted.
struct ForwardOutputs {
  float* logprob = nullptr;  // [N]
  float* entropy = nullptr;  // [N]
  float* value = nullptr;    // [N]
  float* score = nullptr;    // [S]
  float* hidden = nullptr;   // [N, H], not shifted
};

// d loss / d output in the same alignment; a null pointer: no gradient through that output.
struct OutputGradients {
  const float* logprob = nullptr;
  const float* entropy = nullptr;
  const float* value = nullptr;
  const float* score = nullptr;
};

// One step of decoding for some sequences: all the tokens of each, of which its slot holds some leading ones at most.
struct Extension {
  int64_t slot;
  std::span<const int32_t> tokens;  // more than the slot holds
};

// Of a distribution and one of its tokens, as scoring gives them; zeros where there is none.
struct TokenScore {
  float logprob;
  float entropy;
};

// What a decoder did so far.
struct DecoderCounts {
  int64_t computed_tokens = 0;  // tokens that went through the model
  int64_t shared_tokens = 0;    // tokens whose keys and values another sequence had already
};

// Key/value caches of up to `slots` sequences.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // The memory that caches may take; 0: what they need.
  virtual void limit(uint64_t bytes) = 0;
  // Of a sequence of so many tokens, alone.
  virtual uint64_t bytes_of(int64_t tokens) const = 0;

  // Makes room for the extensions in their order and returns for how many there was. The first alone always has it where
  // nothing else is held and its bytes are within the limit.
  virtual size_t reserve(std::span<const Extension> extensions) = 0;
  // After a reserve() of these very extensions: brings each slot to its extension's tokens and draws the next one by
  // draws [extensions], every default resolved. tokens [extensions]: -1 where the logits are not finite; scores
  // [extensions]: log softmax(logits / T)[token], and the entropy of softmax(logits / T).
  virtual void extend(std::span<const Extension> extensions, std::span<const px_sample_args> draws,
                      std::span<int32_t> tokens, std::span<TokenScore> scores) = 0;
  // Empties a slot.
  virtual void drop(int64_t slot) = 0;
  virtual uint64_t bytes() const = 0;
  virtual DecoderCounts counts() const = 0;
};

// Asked during a pass for the gradients of the outputs of entries [first, end), which are there. The ranges come in order and
// cover all entries; a scalar head's outputs come at once. The arrays that it returns live until the pass ends.
using Upstream = std::function<OutputGradients(int64_t first, int64_t end)>;

// What a pass computes a second time on its way back instead of keeping it: the same numbers for less memory.
enum class Recompute {
  kNone,
  kAttentionMlp,  // inside attention and the feed-forward
  kBlock,         // all but the residual stream before each layer
};

class Backend {
 public:
  virtual ~Backend() = default;

  // JSON object text: name, version, blas and the like.
  virtual std::string describe() const = 0;

  virtual void forward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs) = 0;

  // Forward as above (same arithmetic, same bits), while `upstream` says the outputs' gradients, and backward: adds to
  // `gradients`, which are partial where it throws on the way.
  virtual void forward_backward(const Model& model, const Batch& batch, double temperature,
                                const ForwardOutputs& outputs, const Upstream& upstream, Recompute recompute,
                                GradientArena& gradients) = 0;

  virtual std::unique_ptr<Decoder> decoder(const Model& model, int64_t slots) = 0;

  // Median GFLOP/s of an fp32 [n, n] x [n, n] product.
  virtual double measure_gemm(int64_t n, int32_t repeats) = 0;
};

// The symbol by which a backend library hands itself out.
inline constexpr const char* kTorchBackendSymbol = "proximal_torch_backend";
using BackendFactory = Backend* (*)(const char* proximal_version, int32_t threads);

}  // namespace px
