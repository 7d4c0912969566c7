// The one exception of the native side: a status of the ABI and a text that says what, where and the fix.
#pragma once

#include <exception>
#include <sstream>
#include <string>
#include <utility>

#include "proximal/base.h"

namespace px {

class Error final : public std::exception {
 public:
  Error(px_status status, std::string message) : status_(status), message_(std::move(message)) {}
  px_status status() const noexcept { return status_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  px_status status_;
  std::string message_;
};

// Streams all parts into one text.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts>
[[noreturn]] void fail(px_status status, const Parts&... parts) {
  throw Error(status, text(parts...));
}

// Throws unless `condition`: check(n > 0, PX_INVALID_ARGUMENT, "n: expected > 0, got ", n).
template <class... Parts>
void check(bool condition, px_status status, const Parts&... parts) {
  if (!condition) fail(status, parts...);
}

}  // namespace px
