// Keys and values of sequences, in pages of one block of positions each, for all layers and heads. A full page is known by
// the text up to its end, so sequences that begin alike share pages: the bits of a row depend on what it sees alone.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/descriptor.h"
#include "ops/memory.h"

namespace px::core {

struct Page {
  explicit Page(Ops& ops) : memory(ops) {}

  Buffer memory;
  int64_t users = 0;            // sequences that have it
  uint64_t left = 0;            // when the last of them left it
  uint64_t text = 0;            // names the text up to its end; 0: nobody may share it
  uint64_t before = 0;          // the text before it
  std::vector<int32_t> tokens;  // its own, where it may be shared
};

// Memory is asked for as sequences grow, up to a limit, and kept. Of the pages that nobody has, those without a text are
// used again first, then those that have been left for longest.
class PagePool {
 public:
  PagePool(Ops& ops, const Descriptor& descriptor, px_dtype dtype);

  void limit(uint64_t bytes) { limit_ = bytes; }  // 0: none

  // Null: the limit is reached.
  Page* take();
  // Pages that are left, beyond which the limit is reached.
  int64_t available() const;
  void give_back(Page* page);

  // The page of these tokens behind a text, with one user more; null: there is none.
  Page* share(uint64_t before, std::span<const int32_t> tokens);
  // From now on the page may be shared. Returns the text's name, an older page's where one has the same text.
  uint64_t publish(Page* page, uint64_t before, std::span<const int32_t> tokens);
  // No page may be shared any more.
  void forget_texts();

  uint64_t page_bytes() const { return page_bytes_; }
  uint64_t bytes() const { return pages_.size() * page_bytes_; }
  void copy(const Page& from, Page& to) const;

 private:
  Page* find(uint64_t before, std::span<const int32_t> tokens) const;
  Page* take_idle();

  Ops& ops_;
  const uint64_t page_bytes_;
  uint64_t limit_ = 0;
  std::vector<std::unique_ptr<Page>> pages_;
  std::vector<Page*> free_;  // no users, no text
  int64_t idle_ = 0;         // pages with a text and no users
  uint64_t turns_ = 0;       // of leaving pages
  std::unordered_map<uint64_t, Page*> texts_;  // by the hash of their text's name before them and their tokens
  uint64_t last_text_ = 0;
};

// One sequence's pages.
struct PageTable {
  int64_t length = 0;  // positions that are written
  uint64_t text = 0;   // of its published pages
  int64_t published = 0;
  std::vector<Page*> pages;
  std::vector<uint32_t*> blocks;  // the pages' memory

  // Takes what the pool has of a text that begins here, but for its last token.
  void share(PagePool& pool, std::span<const int32_t> tokens);
  // Pages for `tokens` positions; false, and nothing changed, where the pool has not as many and `spare` beyond.
  bool reserve(PagePool& pool, int64_t tokens, int64_t spare);
  // Lets others have its full pages.
  void publish(PagePool& pool, std::span<const int32_t> tokens);
  // Empties it.
  void clear(PagePool& pool);

 private:
  void add(Page* page);
};

}  // namespace px::core
