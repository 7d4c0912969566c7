// LibTorch's exceptions as the engine's.
#pragma once

#include <c10/util/Exception.h>

#include <string>

#include "base/error.h"

namespace px::torch_backend {

// The first line of what LibTorch says; its backtraces stay out.
[[noreturn]] inline void fail_as(const c10::Error& error) {
  std::string message = error.what_without_backtrace();
  message = message.substr(0, message.find('\n'));
  const bool memory = message.find("can't allocate memory") != std::string::npos ||
                      message.find("not enough memory") != std::string::npos;
  fail(memory ? PX_OUT_OF_MEMORY : PX_INTERNAL, "LibTorch: ", message);
}

template <class Body>
auto translated(Body&& body) {
  try {
    return body();
  } catch (const c10::Error& error) {
    fail_as(error);
  }
}

}  // namespace px::torch_backend
