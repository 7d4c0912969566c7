// Counts of live handles, one per kind.
#pragma once

#include <atomic>

#include "proximal/base.h"

namespace px {

inline constexpr int kHandleKinds = 5;
inline std::atomic<int64_t> live_handles[kHandleKinds];

// A member of everything that the ABI hands out.
template <px_handle_kind Kind>
class LiveHandle {
 public:
  LiveHandle() noexcept { ++live_handles[Kind]; }
  ~LiveHandle() { --live_handles[Kind]; }
  LiveHandle(const LiveHandle&) = delete;
  LiveHandle& operator=(const LiveHandle&) = delete;
};

}  // namespace px
