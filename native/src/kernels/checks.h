// Checks that the kernels share: counts, offsets and numbers.
#pragma once

#include <cmath>
#include <cstdint>

#include "base/error.h"

namespace px::kernels {

// No array of a machine comes near this many elements: a larger count is a stray value.
inline constexpr int64_t kMaxElements = int64_t{1} << 40;

inline void check_count(int64_t count, const char* name) {
  check(count >= 0 && count <= kMaxElements, PX_INVALID_ARGUMENT, name, ": expected 0 to ", kMaxElements, ", got ",
        count);
}

// A count that must not be 0.
inline void check_size(int64_t size, const char* name) {
  check(size >= 1 && size <= kMaxElements, PX_INVALID_ARGUMENT, name, ": expected 1 to ", kMaxElements, ", got ", size);
}

// A matrix of rows of one size. Returns the number of its elements.
inline int64_t check_matrix(int64_t rows, const char* rows_name, int64_t columns, const char* columns_name) {
  check_count(rows, rows_name);
  check_size(columns, columns_name);
  check(rows <= kMaxElements / columns, PX_INVALID_ARGUMENT, rows_name, " x ", columns_name, ": expected at most ",
        kMaxElements, " elements, got ", rows, " x ", columns);
  return rows * columns;
}

// A result in float, in bf16, or both.
inline void check_some_output(const void* out, const void* out_bf16, int64_t count, const char* name) {
  check(out != nullptr || out_bf16 != nullptr || count == 0, PX_INVALID_ARGUMENT, name, ": expected an array of ", count,
        " elements or one for ", name, "_bf16, got NULL for both");
}

// An array that comes as floats or as bf16.
inline void check_one_input(const void* x, const void* x_bf16, int64_t count, const char* name) {
  check((x != nullptr) != (x_bf16 != nullptr) || count == 0, PX_INVALID_ARGUMENT, "args.", name, ": expected an array of ",
        count, " elements or one for ", name, "_bf16, got ", x != nullptr ? "both" : "NULL for both");
}

inline void check_workspace(const void* workspace, uint64_t bytes, uint64_t needed) {
  check(bytes >= needed, PX_INVALID_ARGUMENT, "workspace_bytes: expected at least ", needed, ", got ", bytes);
  check(workspace != nullptr || needed == 0, PX_INVALID_ARGUMENT, "workspace: expected ", needed, " bytes, got NULL");
  check(reinterpret_cast<uintptr_t>(workspace) % alignof(float) == 0, PX_INVALID_ARGUMENT,
        "workspace: expected an address that is a multiple of ", alignof(float));
}

// Offsets [sequences + 1] from 0, not decreasing. Returns the number of tokens.
inline int64_t check_offsets(const int64_t* offsets, int64_t sequences) {
  check(offsets[0] == 0, PX_INVALID_ARGUMENT, "offsets[0]: expected 0, got ", offsets[0]);
  for (int64_t s = 0; s < sequences; ++s)
    check(offsets[s + 1] >= offsets[s], PX_INVALID_ARGUMENT, "offsets[", s + 1, "]: expected at least offsets[", s,
          "] = ", offsets[s], ", got ", offsets[s + 1]);
  check_count(offsets[sequences], "offsets: tokens");
  return offsets[sequences];
}

// The text is built on failure only: these run once per element.
[[noreturn]] inline void fail_not_finite(const char* name, int64_t index, double value) {
  fail(PX_NOT_FINITE, name, "[", index, "]: expected a finite number, got ", value);
}

inline void check_finite(double value, const char* name, int64_t index) {
  if (!std::isfinite(value)) fail_not_finite(name, index, value);
}

// A result as it is stored. Finite inputs can still overflow a float; the caller hears of it here, not from a NaN
// later.
inline float finite_float(double value, const char* name, int64_t index) {
  const auto stored = static_cast<float>(value);
  if (!std::isfinite(stored)) fail_not_finite(name, index, value);
  return stored;
}

inline void check_finite(double value, const char* name) {
  check(std::isfinite(value), PX_INVALID_ARGUMENT, name, ": expected a finite number, got ", value);
}

inline void check_positive(double value, const char* name) {
  check(value > 0 && std::isfinite(value), PX_INVALID_ARGUMENT, name, ": expected a finite number above 0, got ",
        value);
}

inline void check_not_negative(double value, const char* name) {
  check(value >= 0 && std::isfinite(value), PX_INVALID_ARGUMENT, name, ": expected a finite number of at least 0, got ",
        value);
}

// A limit that INFINITY switches off.
inline void check_limit(double value, const char* name) {
  check(value > 0, PX_INVALID_ARGUMENT, name, ": expected a number above 0 or INFINITY, got ", value);
}

inline void check_probability(double value, const char* name) {
  check(value >= 0 && value <= 1, PX_INVALID_ARGUMENT, name, ": expected 0 to 1, got ", value);
}

// 0 in an argument struct stands for the default. A NaN stays one and is refused by the check that follows.
template <class T>
T or_default(T value, T fallback) {
  return value == T{} ? fallback : value;
}

}  // namespace px::kernels
