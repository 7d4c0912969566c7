// The engine's handle and how entries reach it.
#pragma once

#include <memory>

#include "abi/guard.h"
#include "base/engine.h"

struct px_engine {
  std::shared_ptr<px::Engine> engine;
};

namespace px::abi {

inline Engine& engine_of(px_engine* handle) {
  check_pointer(handle, "engine");
  return *handle->engine;
}

}  // namespace px::abi
