#include "model/formats/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/error.h"

namespace px {
namespace {

std::span<const std::byte> map(int file, const std::string& path) {
  struct stat status {};
  if (fstat(file, &status) != 0) fail_io(path, "cannot be read", errno);
  check(S_ISREG(status.st_mode), PX_IO, path, ": expected a file, got a folder or device");
  check(status.st_size > 0, PX_CORRUPT_DATA, path, ": the file is empty; copy it again");
  const auto bytes = static_cast<size_t>(status.st_size);
  void* memory = mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED) fail_io(path, "cannot be mapped into memory", errno);
  return {static_cast<const std::byte*>(memory), bytes};
}

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
  // O_NONBLOCK: a pipe in the file's place must not keep the caller waiting.
  const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) fail_io(path_, "cannot be opened", errno);
  try {
    bytes_ = map(file, path_);
  } catch (...) {
    close(file);
    throw;
  }
  close(file);
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

void MappedFile::release(std::span<const std::byte> part) const noexcept {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(part.data()) + page - 1) / page * page;
  const uintptr_t end = reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
  // Only advice: when it fails, memory stays as it was.
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

void fail_io(const std::string& path, const std::string& what, int error) {
  fail(PX_IO, path, ": ", what, ": ", std::generic_category().message(error));
}

}  // namespace px
