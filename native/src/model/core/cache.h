// Keys and values of sequences, in pages of one block of positions each, for all layers and heads.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/attention/attention.h"
#include "model/descriptor.h"

namespace px::core {

// Pages that were used before are used again first; memory is asked for as sequences grow and kept.
class PagePool {
 public:
  PagePool(const Descriptor& descriptor, px_dtype dtype);

  uint32_t* take();
  void give_back(uint32_t* page) { free_.push_back(page); }

  uint64_t bytes() const { return pages_.size() * page_bytes(); }

 private:
  struct Free {
    void operator()(uint32_t* page) const noexcept { std::free(page); }
  };

  uint64_t page_bytes() const { return static_cast<uint64_t>(words_) * sizeof(uint32_t); }

  int64_t words_;  // of a page
  std::vector<std::unique_ptr<uint32_t, Free>> pages_;
  std::vector<uint32_t*> free_;
};

// One sequence's table of pages.
struct PageTable {
  int64_t length = 0;  // positions that are written
  std::vector<uint32_t*> pages;

  // Pages for `tokens` positions.
  void reserve(PagePool& pool, int64_t tokens);
  // Empties it.
  void clear(PagePool& pool);
};

}  // namespace px::core
