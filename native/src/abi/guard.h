// What every entry of the ABI is wrapped in, and how it reads its arguments.
#pragma once

#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "base/error.h"

namespace px::abi {

void set_last_error(const char* function, const char* message) noexcept;
px_status current_exception_status(const char* function) noexcept;

// Runs the body; an exception becomes its status and the thread's error text. Nothing crosses the ABI.
template <class Body>
px_status guarded(const char* function, Body&& body) noexcept {
  try {
    body();
    return PX_OK;
  } catch (...) {
    return current_exception_status(function);
  }
}

// No struct of the ABI comes near this size: a larger struct_size is a stray value.
inline constexpr uint32_t kMaxStructSize = 4096;

inline void check_pointer(const void* pointer, const char* name) {
  check(pointer != nullptr, PX_INVALID_ARGUMENT, name, ": expected a pointer, got NULL");
}

inline void check_struct_size(uint32_t size, size_t known, const char* name) {
  check(size >= known && size <= kMaxStructSize, PX_ABI_MISMATCH, name, ".struct_size: expected ", known,
        " or a newer version's, got ", size, "; compile against the headers of this library");
}

// Copies an argument struct. A newer caller's longer struct is accepted while what this library does not know is 0.
template <class Args>
Args read_args(const Args* args, const char* name) {
  check_pointer(args, name);
  uint32_t size = 0;
  std::memcpy(&size, args, sizeof size);
  check_struct_size(size, sizeof(Args), name);
  const auto* bytes = reinterpret_cast<const unsigned char*>(args);
  for (uint32_t i = sizeof(Args); i < size; ++i)
    check(bytes[i] == 0, PX_ABI_MISMATCH, name, ": byte ", i, " is set, which this library (", sizeof(Args),
          " bytes) does not know");
  Args copy;
  std::memcpy(&copy, args, sizeof copy);
  return copy;
}

// The same for a struct that may be NULL: all defaults then.
template <class Args>
Args read_optional_args(const Args* args, const char* name) {
  if (args != nullptr) return read_args(args, name);
  Args defaults{};
  defaults.struct_size = sizeof(Args);
  return defaults;
}

// An out-struct whose struct_size the caller has set.
template <class Result>
void check_result(const Result* result, const char* name) {
  check_pointer(result, name);
  check_struct_size(result->struct_size, sizeof(Result), name);
}

template <class Result>
void write_result(Result* result, Result values) {
  values.struct_size = result->struct_size;
  values.flags = 0;
  std::memcpy(result, &values, sizeof values);
}

inline void check_flags(uint32_t flags, uint32_t known, const char* name) {
  check((flags & ~known) == 0, PX_INVALID_ARGUMENT, name, ".flags: unknown bits 0x", std::hex, flags & ~known);
}

// Copies a text into a caller's buffer, cut and zero-terminated; returns the bytes it needs with the terminator.
int64_t copy_text(const std::string& text, char* buffer, int64_t capacity) noexcept;

}  // namespace px::abi
