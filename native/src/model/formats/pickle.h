// PyTorch's own files (.bin, .pt, .pth): never read, because unpickling runs whatever program the file holds.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace px {

// Begins like a zip archive (torch.save since 1.6) or a pickle (before).
bool is_pickle(std::span<const std::byte> bytes);

// PX_UNSUPPORTED: why `path` is not read, and the way out.
[[noreturn]] void fail_pickle(const std::string& path);

}  // namespace px
