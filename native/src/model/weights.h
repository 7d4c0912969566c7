// One set of parameters: fp32, contiguous, in the order of transformers' state dict, with the LM head last when untied.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/engine.h"
#include "model/descriptor.h"

namespace px {

struct TensorSpec {
  std::string name;            // as transformers writes it, e.g. model.layers.0.self_attn.q_proj.weight
  std::vector<int64_t> shape;  // matrices are [out, in]
  int64_t offset = 0;          // elements into the arena
  int64_t elements = 0;
};

// Places in the arena, in elements; -1: absent.
struct LayerOffsets {
  int64_t input_norm = -1;      // [H]
  int64_t query = -1;           // [heads * D, H]
  int64_t key = -1;             // [kv_heads * D, H]
  int64_t value = -1;           // [kv_heads * D, H]
  int64_t output = -1;          // [H, heads * D]
  int64_t query_bias = -1;
  int64_t key_bias = -1;
  int64_t value_bias = -1;
  int64_t output_bias = -1;
  int64_t post_norm = -1;       // [H]
  int64_t gate = -1;            // [F, H]
  int64_t up = -1;              // [F, H]
  int64_t down = -1;            // [H, F]
  int64_t gate_bias = -1;
  int64_t up_bias = -1;
  int64_t down_bias = -1;
};

struct TrunkOffsets {
  int64_t embedding = -1;  // [V, H]
  std::vector<LayerOffsets> layers;
  int64_t final_norm = -1;  // [H]
  int64_t lm_head = -1;     // [V, H]; the embedding's place when tied
};

class Weights {
 public:
  // Zeroed parameters of the descriptor's shape. `config` is the family's config.json text, kept for saving.
  Weights(std::shared_ptr<Engine> engine, Descriptor descriptor, std::string config);
  ~Weights();
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  std::shared_ptr<Weights> clone() const;

  const std::shared_ptr<Engine>& engine() const { return engine_; }
  const Descriptor& descriptor() const { return descriptor_; }
  const std::string& config() const { return config_; }
  const std::vector<TensorSpec>& tensors() const { return tensors_; }  // trunk, then lm_head.weight when untied
  const TrunkOffsets& offsets() const { return offsets_; }
  int64_t trunk_elements() const { return trunk_elements_; }  // without an untied LM head
  int64_t elements() const { return elements_; }              // with it
  float* data() { return arena_.get(); }
  const float* data() const { return arena_.get(); }

  px_dtype storage_dtype = PX_DTYPE_F32;  // of the file
  std::vector<float> file_score_head;     // [H] when the file is a ...ForSequenceClassification, else empty

  int64_t version() const { return version_; }
  void raise_version() { ++version_; }

  // Generators with unfinished sequences, and trainers, on these weights.
  std::atomic<int64_t> unfinished_sequences{0};
  std::atomic<int64_t> trainers{0};

 private:
  struct Free {
    void operator()(float* data) const noexcept;
  };

  std::shared_ptr<Engine> engine_;
  Descriptor descriptor_;
  std::string config_;
  std::vector<TensorSpec> tensors_;
  TrunkOffsets offsets_;
  int64_t trunk_elements_ = 0;
  int64_t elements_ = 0;
  std::unique_ptr<float[], Free> arena_;  // 64-byte aligned
  std::atomic<int64_t> version_{0};
  LiveHandle<PX_HANDLE_WEIGHTS> live_;
};

// Loads a Hugging Face folder or a llama2.c `.bin` file.
std::shared_ptr<Weights> load_weights(const std::shared_ptr<Engine>& engine, const std::string& path);

}  // namespace px
