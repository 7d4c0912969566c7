// A file that appears whole or not at all: written beside its place, synchronised, renamed.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace px {

class AtomicFile {
 public:
  // Opens "PATH.tmp-..." for writing. Throws PX_IO naming the path, here and in all that follows.
  explicit AtomicFile(std::string path);
  // Removes what was not committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);

  // Everything is on the disk, still beside its place.
  void finish();

  // Takes its place. After finish().
  void commit();

 private:
  void flush();

  std::string path_;
  std::string temporary_;
  int file_;
  std::vector<std::byte> buffer_;
};

// Makes renames and removals in a folder last.
void sync_directory(const std::string& directory);

}  // namespace px
