#include "model/core/cache.h"

#include <cstdlib>
#include <new>

#include "model/core/attention_contexts.h"

namespace px::core {

PagePool::PagePool(const Descriptor& d, px_dtype dtype)
    : words_(d.layers * d.kv_heads * attention_shape(d, dtype).block_words()) {}

uint32_t* PagePool::take() {
  if (free_.empty()) {
    auto* page = static_cast<uint32_t*>(std::aligned_alloc(64, (page_bytes() + 63) / 64 * 64));
    if (page == nullptr) throw std::bad_alloc();
    pages_.emplace_back(page);
    free_.reserve(pages_.size());
    return page;
  }
  uint32_t* page = free_.back();
  free_.pop_back();
  return page;
}

void PageTable::reserve(PagePool& pool, int64_t tokens) {
  while (static_cast<int64_t>(pages.size()) < kernels::blocks_of(tokens)) {
    pages.reserve(pages.size() + 1);
    pages.push_back(pool.take());
  }
}

void PageTable::clear(PagePool& pool) {
  for (uint32_t* page : pages) pool.give_back(page);
  pages.clear();
  length = 0;
}

}  // namespace px::core
