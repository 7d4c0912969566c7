// The handles of weights and models and how entries reach them.
#pragma once

#include <memory>

#include "abi/guard.h"
#include "model/model.h"

struct px_weights {
  std::shared_ptr<px::Weights> weights;
};

struct px_model {
  std::shared_ptr<px::Model> model;
};

namespace px::abi {

inline const std::shared_ptr<Weights>& weights_of(px_weights* handle) {
  check_pointer(handle, "weights");
  return handle->weights;
}

inline const std::shared_ptr<Model>& model_of(px_model* handle, const char* name = "model") {
  check_pointer(handle, name);
  return handle->model;
}

}  // namespace px::abi
