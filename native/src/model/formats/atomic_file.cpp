#include "model/formats/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "model/formats/mapped_file.h"

namespace px {
namespace {

constexpr size_t kBuffer = size_t{1} << 20;
constexpr int kReadableByAll = 0644;

// No two writers of this machine share a name.
std::string temporary_name(const std::string& path) {
  static std::atomic<uint64_t> count{0};
  return path + ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

}  // namespace

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), temporary_(temporary_name(path_)) {
  buffer_.reserve(kBuffer);
  file_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kReadableByAll);
  if (file_ < 0) fail_io(path_, "cannot be written", errno);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) close(file_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (buffer_.size() == kBuffer) flush();
    const size_t count = std::min(bytes.size(), kBuffer - buffer_.size());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
  }
}

void AtomicFile::flush() {
  for (size_t done = 0; done < buffer_.size();) {
    const ssize_t written = ::write(file_, buffer_.data() + done, buffer_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_io(path_, "cannot be written", errno);
    done += static_cast<size_t>(written);
  }
  buffer_.clear();
}

void AtomicFile::finish() {
  flush();
  if (fsync(file_) != 0) fail_io(path_, "cannot be written to the disk", errno);
  const int closed = close(file_);
  file_ = -1;
  if (closed != 0) fail_io(path_, "cannot be written to the disk", errno);
}

void AtomicFile::commit() {
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail_io(path_, "cannot be put in place", errno);
  temporary_.clear();
}

void sync_directory(const std::string& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) fail_io(directory, "cannot be opened", errno);
  const int synced = fsync(file);
  const int error = errno;
  close(file);
  if (synced != 0) fail_io(directory, "cannot be written to the disk", error);
}

}  // namespace px
