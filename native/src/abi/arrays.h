// Checks of the arrays of a kernel entry.
#pragma once

#include "abi/guard.h"
#include "kernels/checks.h"

namespace px::abi {

// An array that is needed unless it would be empty.
inline void check_array(const void* array, int64_t count, const char* name) {
  check(array != nullptr || count == 0, PX_INVALID_ARGUMENT, name, ": expected an array of ", count,
        " elements, got NULL");
}

// Offsets [sequences + 1] of packed sequences; returns the number of tokens.
inline int64_t check_ragged(const int64_t* offsets, int64_t sequences) {
  kernels::check_count(sequences, "args.sequences");
  check_pointer(offsets, "args.offsets");
  return kernels::check_offsets(offsets, sequences);
}

}  // namespace px::abi
