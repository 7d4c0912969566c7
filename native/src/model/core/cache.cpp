#include "model/core/cache.h"

#include <algorithm>
#include <limits>

#include "model/core/transformer.h"

namespace px::core {
namespace {

using kernels::kBlock;

uint64_t hash_of(uint64_t before, std::span<const int32_t> tokens) {
  uint64_t hash = before * 0x9e3779b97f4a7c15u + 1;
  for (const int32_t token : tokens) {
    hash = (hash ^ static_cast<uint32_t>(token)) * 0xff51afd7ed558ccdu;
    hash ^= hash >> 32;
  }
  return hash;
}

std::span<const int32_t> block_of(std::span<const int32_t> tokens, int64_t block) {
  return tokens.subspan(static_cast<size_t>(block * kBlock), static_cast<size_t>(kBlock));
}

}  // namespace

PagePool::PagePool(Ops& ops, const Descriptor& d, px_dtype dtype)
    : ops_(ops),
      page_bytes_(static_cast<uint64_t>(d.layers * d.kv_heads) * ops.block_bytes(attention_shape(d, dtype))) {}

Page* PagePool::take() {
  Page* page = nullptr;
  if (!free_.empty()) {
    page = free_.back();
    free_.pop_back();
  } else if (idle_ > 0) {
    page = take_idle();
  } else if (available() > 0) {
    auto made = std::make_unique<Page>(ops_);
    made->memory.reserve(page_bytes_);
    free_.reserve(pages_.size() + 1);  // giving back must not fail
    pages_.push_back(std::move(made));
    page = pages_.back().get();
  } else {
    return nullptr;
  }
  page->users = 1;
  return page;
}

int64_t PagePool::available() const {
  if (limit_ == 0) return std::numeric_limits<int64_t>::max();
  const uint64_t most = limit_ / page_bytes_;
  const uint64_t more = most > pages_.size() ? most - pages_.size() : 0;
  return static_cast<int64_t>(free_.size() + static_cast<uint64_t>(idle_) + more);
}

void PagePool::give_back(Page* page) {
  if (--page->users > 0) return;
  if (page->text == 0) {
    free_.push_back(page);
  } else {
    page->left = ++turns_;
    ++idle_;
  }
}

Page* PagePool::take_idle() {
  Page* longest = nullptr;
  for (const auto& page : pages_)
    if (page->users == 0 && page->text != 0 && (longest == nullptr || page->left < longest->left)) longest = page.get();
  texts_.erase(hash_of(longest->before, longest->tokens));
  longest->text = 0;
  --idle_;
  return longest;
}

Page* PagePool::find(uint64_t before, std::span<const int32_t> tokens) const {
  const auto found = texts_.find(hash_of(before, tokens));
  if (found == texts_.end()) return nullptr;
  Page* page = found->second;
  return page->before == before && std::ranges::equal(page->tokens, tokens) ? page : nullptr;
}

Page* PagePool::share(uint64_t before, std::span<const int32_t> tokens) {
  Page* page = find(before, tokens);
  if (page == nullptr) return nullptr;
  if (page->users++ == 0) --idle_;
  return page;
}

uint64_t PagePool::publish(Page* page, uint64_t before, std::span<const int32_t> tokens) {
  if (const Page* known = find(before, tokens)) return known->text;
  page->tokens.assign(tokens.begin(), tokens.end());
  const uint64_t text = ++last_text_;
  // Of two texts with one hash the first alone is found.
  if (texts_.try_emplace(hash_of(before, tokens), page).second) {
    page->before = before;
    page->text = text;
  }
  return text;
}

void PagePool::forget_texts() {
  texts_.clear();
  for (const auto& page : pages_) {
    if (page->users == 0 && page->text != 0) free_.push_back(page.get());
    page->text = 0;
  }
  idle_ = 0;
}

void PagePool::copy(const Page& from, Page& to) const {
  ops_.copy(to.memory.data(), from.memory.data(), page_bytes_);
}

void PageTable::add(Page* page) {
  pages.push_back(page);
  blocks.push_back(reinterpret_cast<uint32_t*>(page->memory.data()));
}

void PageTable::share(PagePool& pool, std::span<const int32_t> tokens) {
  const auto shareable = (static_cast<int64_t>(tokens.size()) - 1) / kBlock;
  pages.reserve(static_cast<size_t>(shareable));
  blocks.reserve(static_cast<size_t>(shareable));
  for (; published < shareable; ++published) {
    Page* page = pool.share(text, block_of(tokens, published));
    if (page == nullptr) break;
    add(page);
    text = page->text;
    length += kBlock;
  }
}

bool PageTable::reserve(PagePool& pool, int64_t tokens, int64_t spare) {
  const auto all = static_cast<size_t>(kernels::blocks_of(tokens));
  if (all > pages.size() && pool.available() - spare < static_cast<int64_t>(all - pages.size())) return false;
  pages.reserve(all);
  blocks.reserve(all);
  while (pages.size() < all) add(pool.take());
  return true;
}

void PageTable::publish(PagePool& pool, std::span<const int32_t> tokens) {
  for (; (published + 1) * kBlock <= static_cast<int64_t>(tokens.size()); ++published)
    text = pool.publish(pages[static_cast<size_t>(published)], text, block_of(tokens, published));
}

// The last page first, so that of a text that nobody has the end is given away before the beginning.
void PageTable::clear(PagePool& pool) {
  for (auto page = pages.rbegin(); page != pages.rend(); ++page) pool.give_back(*page);
  *this = {};
}

}  // namespace px::core
