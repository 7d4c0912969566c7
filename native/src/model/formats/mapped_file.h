// A file as read-only memory.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace px {

// Hears that a part of a file's bytes has been read and is not needed any more.
using Consumed = std::function<void(std::span<const std::byte>)>;

class MappedFile {
 public:
  // Throws PX_IO (the path and the system's reason) when the file cannot be opened, PX_CORRUPT_DATA when it is empty.
  explicit MappedFile(std::string path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }

  // Says that a part has been read: its pages need not stay in this process's memory. They can be read again.
  void release(std::span<const std::byte> part) const noexcept;

  // release() for those who read.
  Consumed releaser() const {
    return [this](std::span<const std::byte> part) { release(part); };
  }

 private:
  std::string path_;
  std::span<const std::byte> bytes_;
};

// "PATH: what it is for: reason of errno", as PX_IO.
[[noreturn]] void fail_io(const std::string& path, const std::string& what, int error);

}  // namespace px
