#include "abi/guard.h"

#include <algorithm>

namespace px::abi {
namespace {

thread_local std::string last_error;

}  // namespace

void set_last_error(const char* function, const char* message) noexcept {
  try {
    last_error = function;
    last_error += ": ";
    last_error += message;
  } catch (...) {
    last_error.clear();  // out of memory while reporting: the status still tells
  }
}

px_status current_exception_status(const char* function) noexcept {
  try {
    throw;
  } catch (const Error& error) {
    set_last_error(function, error.what());
    return error.status();
  } catch (const std::bad_alloc&) {
    set_last_error(function, "out of memory");
    return PX_OUT_OF_MEMORY;
  } catch (const std::length_error&) {
    set_last_error(function, "out of memory: a size is beyond what the process can address");
    return PX_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    set_last_error(function, error.what());
    return PX_INTERNAL;
  } catch (...) {
    set_last_error(function, "unknown exception");
    return PX_INTERNAL;
  }
}

int64_t copy_text(const std::string& text, char* buffer, int64_t capacity) noexcept {
  if (buffer != nullptr && capacity > 0) {
    const auto bytes = std::min<size_t>(text.size(), static_cast<size_t>(capacity) - 1);
    std::memcpy(buffer, text.data(), bytes);
    buffer[bytes] = '\0';
  }
  return static_cast<int64_t>(text.size()) + 1;
}

}  // namespace px::abi

extern "C" int64_t px_last_error(char* buffer, int64_t capacity) {
  return px::abi::copy_text(px::abi::last_error, buffer, capacity);
}
