// Weights and a head; and a gradient of the same shape.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/weights.h"
#include "ops/memory.h"

namespace px {

struct TensorSource;

class Model {
 public:
  Model(std::shared_ptr<Weights> weights, const px_model_options& options);
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  Weights& weights() const { return *weights_; }
  const std::shared_ptr<Weights>& shared_weights() const { return weights_; }
  const Descriptor& descriptor() const { return weights_->descriptor(); }
  px_head head() const { return head_; }  // LM or SCALAR

  // The tensors that training moves: the trunk's, then lm_head.weight (untied LM head) or score.weight (scalar head).
  // Offsets count elements from the start of parameters(0), then on into parameters(1).
  const std::vector<TensorSpec>& tensors() const { return tensors_; }
  int64_t elements() const { return elements_; }

  // The parameters behind tensors(), in the memory of the engine's ops: the weights' range, and the scalar head's (empty
  // for an LM head). Like a pointer, a model that is itself const leads to parameters that are not.
  std::span<float> weight_range() const;
  std::span<float> head_range() const {
    return {reinterpret_cast<float*>(scalar_head_.data()), static_cast<size_t>(scalar_elements_)};
  }

  // The tensor's own place in that memory.
  std::span<float> tensor_data(const TensorSpec& tensor) const;

  // The tensor that holds element `index` of the gradient or parameter order, for messages.
  std::string name_of_element(int64_t index) const;

  // Writes a Hugging Face folder.
  void save(const std::string& directory, const px_save_options& options) const;
  void save_gguf(const std::string& path, const px_gguf_options& options) const;

 private:
  // Where the tensors' numbers can be read: `copy` holds them where the parameters are not the host's.
  std::vector<TensorSource> sources(std::vector<float>& copy) const;
  void add_scalar_head(const px_model_options& options);

  std::shared_ptr<Weights> weights_;
  px_head head_;
  Buffer scalar_head_;  // [H]
  int64_t scalar_elements_ = 0;           // H or 0
  std::vector<TensorSpec> tensors_;
  int64_t elements_ = 0;
  LiveHandle<PX_HANDLE_MODEL> live_;
};

// d objective / d parameter: fp32, contiguous, in the order of Model::tensors(), in the memory of the engine's ops.
class GradientArena {
 public:
  // `data` [model.elements()] outlives the arena.
  explicit GradientArena(float* data) : data_(data) {}
  float* data() { return data_; }

  // Whether a pass has begun to add and has not ended.
  bool partial = false;

 private:
  float* data_;
};

}  // namespace px
