// One set of parameters: fp32, contiguous, in the order of transformers' state dict, with the LM head last when untied.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/engine.h"
#include "model/layout.h"
#include "ops/memory.h"

namespace px {

class Weights {
 public:
  // Zeroed parameters of the descriptor's shape, in the host's memory. `config` is the family's config.json text, kept
  // for saving.
  Weights(std::shared_ptr<Engine> engine, Descriptor descriptor, std::string config);
  ~Weights();
  Weights(const Weights&) = delete;
  Weights& operator=(const Weights&) = delete;

  // Moves the parameters, which their loading has written on the host, to where the engine's ops are.
  void settle();

  // Of settled weights.
  std::shared_ptr<Weights> clone() const;

  const std::shared_ptr<Engine>& engine() const { return engine_; }
  const Descriptor& descriptor() const { return descriptor_; }
  const std::string& config() const { return config_; }
  const std::vector<TensorSpec>& tensors() const { return layout_.tensors; }  // trunk, then lm_head.weight when untied
  const TrunkOffsets& offsets() const { return layout_.offsets; }
  int64_t trunk_elements() const { return layout_.trunk_elements; }  // without an untied LM head
  int64_t elements() const { return layout_.elements; }              // with it
  int64_t bytes() const { return elements() * static_cast<int64_t>(sizeof(float)); }
  float* data() { return const_cast<float*>(std::as_const(*this).data()); }
  const float* data() const { return device_ ? reinterpret_cast<const float*>(device_->data()) : arena_.get(); }

  px_dtype storage_dtype = PX_DTYPE_F32;  // of the file
  px_head file_head = PX_HEAD_LM;         // what the file is: a language model, or a reward or value model
  std::vector<float> file_score_head;     // [H] when the file holds a scalar head, else empty
  float file_score_bias = 0.0f;           // its bias
  std::string file_score_name;            // its tensors' name without .weight and .bias

  int64_t version() const { return version_; }
  void raise_version() { ++version_; }

  // What the engine's backend keeps with the weights; read and written on the engine's thread.
  std::shared_ptr<void> backend_data;

  // Generators with unfinished sequences, and trainers, on these weights.
  std::atomic<int64_t> unfinished_sequences{0};
  std::atomic<int64_t> trainers{0};

 private:
  // Frees the block that holds the numbers: they begin at its first aligned address.
  struct Free {
    void* block;
    void operator()(float*) const noexcept;
  };
  using Arena = std::unique_ptr<float[], Free>;

  static Arena allocate(int64_t elements);

  std::shared_ptr<Engine> engine_;
  Descriptor descriptor_;
  std::string config_;
  Layout layout_;
  Arena arena_;                   // 64-byte aligned; none where they are on a device
  std::optional<Buffer> device_;  // goes on the engine's thread
  std::atomic<int64_t> version_{0};
  LiveHandle<PX_HANDLE_WEIGHTS> live_;
};

// Loads a Hugging Face folder, a GGUF file or a folder with one, or a llama2.c `.bin` file.
std::shared_ptr<Weights> load_weights(const std::shared_ptr<Engine>& engine, const std::string& path);

}  // namespace px
