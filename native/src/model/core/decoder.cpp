#include "model/core/decoder.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"
#include "model/targets.h"

namespace px::core {
namespace {

// Rows of a pass at most: enough for the products to run at their rate, few enough for what is between them to stay in
// the caches.
constexpr int64_t kPassRows = 1024;

}  // namespace

struct CoreDecoder::Rows {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<kernels::AttentionSequence> sequences;
  struct Last {
    int64_t row;
    size_t extension;
  };
  std::vector<Last> last;  // rows that are the last of their extension

  int64_t count() const { return static_cast<int64_t>(tokens.size()); }
  void clear() { *this = {}; }
};

CoreDecoder::CoreDecoder(Ops& ops, const Model& model, std::shared_ptr<PackedModel> packed, int64_t slots)
    : ops_(ops),
      model_(model),
      packed_(std::move(packed)),
      positions_(ops, model.descriptor()),
      pool_(ops, model.descriptor(), packed_->dtype()),
      slots_(static_cast<size_t>(slots)),
      rows_(ops),
      last_(ops) {
  check(model.head() == PX_HEAD_LM, PX_INVALID_ARGUMENT, "model: expected a language-model head, got a scalar head");
}

uint64_t CoreDecoder::bytes_of(int64_t tokens) const {
  return static_cast<uint64_t>(kernels::blocks_of(tokens)) * pool_.page_bytes();
}

// Texts are of the weights that computed them.
void CoreDecoder::follow_weights() {
  if (version_ != model_.weights().version()) pool_.forget_texts();
  version_ = model_.weights().version();
}

size_t CoreDecoder::reserve(std::span<const Extension> extensions) {
  check_extensions(extensions, slots_.size(), model_.descriptor().context,
                   [&](size_t slot) { return slots_[slot].length; });
  follow_weights();
  for (size_t i = 0; i < extensions.size(); ++i) {
    const std::span<const int32_t> tokens = extensions[i].tokens;
    PageTable& table = table_of(extensions[i]);
    const bool begins = table.pages.empty();
    if (begins) table.share(pool_, tokens);
    // A sequence that begins leaves a page to each that is under way: it would have to pause for them soon.
    if (!table.reserve(pool_, static_cast<int64_t>(tokens.size()), begins ? static_cast<int64_t>(i) : 0)) {
      if (begins) table.clear(pool_);
      return i;
    }
    counts_.shared_tokens += begins ? table.length : 0;
    table.publish(pool_, tokens);
  }
  return extensions.size();
}

void CoreDecoder::extend(std::span<const Extension> extensions, std::span<const px_sample_args> draws,
                         std::span<int32_t> tokens, std::span<TokenScore> scores) {
  const Descriptor& d = model_.descriptor();
  packed_->refresh(model_.weights(), {.head = true});
  const std::vector<size_t> leaders = leaders_of(extensions);
  auto* last = last_.reserve_of<float>(static_cast<int64_t>(extensions.size()) * d.hidden);
  compute(extensions, leaders, last);
  draw(last, draws, tokens, scores);
  for (const Extension& extension : extensions)
    table_of(extension).length = static_cast<int64_t>(extension.tokens.size());
}

// For each extension the first of the step that has the same tokens: itself, or one that it follows.
std::vector<size_t> CoreDecoder::leaders_of(std::span<const Extension> extensions) const {
  std::vector<size_t> leaders(extensions.size());
  std::unordered_multimap<uint64_t, size_t> begun;  // by the text of their full pages
  for (size_t i = 0; i < extensions.size(); ++i) {
    const PageTable& table = slots_[static_cast<size_t>(extensions[i].slot)];
    leaders[i] = i;
    if (static_cast<int64_t>(extensions[i].tokens.size()) - table.length < 2) continue;
    const auto [first, end] = begun.equal_range(table.text);
    const auto same = std::find_if(first, end, [&](const auto& other) {
      return std::ranges::equal(extensions[other.second].tokens, extensions[i].tokens);
    });
    if (same != end)
      leaders[i] = same->second;
    else
      begun.emplace(table.text, i);
  }
  return leaders;
}

void CoreDecoder::compute(std::span<const Extension> extensions, const std::vector<size_t>& leaders, float* last) {
  const int64_t hidden = model_.descriptor().hidden;
  const uint64_t row_bytes = static_cast<uint64_t>(hidden) * sizeof(float);
  Rows rows;
  for (size_t i = 0; i < extensions.size(); ++i) {
    if (leaders[i] != i) continue;
    const PageTable& table = table_of(extensions[i]);
    const auto end = static_cast<int64_t>(extensions[i].tokens.size());
    for (int64_t from = table.length; from < end;) {
      const int64_t count = std::min(end - from, kPassRows - rows.count());
      rows.sequences.push_back({rows.count(), count, from, table.blocks.data()});
      for (int64_t t = from; t < from + count; ++t) {
        rows.tokens.push_back(extensions[i].tokens[static_cast<size_t>(t)]);
        rows.positions.push_back(static_cast<int32_t>(t));
      }
      from += count;
      if (from == end) rows.last.push_back({rows.count() - 1, i});
      if (rows.count() == kPassRows) pass(rows, last), rows.clear();
    }
  }
  if (rows.count() > 0) pass(rows, last);
  for (size_t i = 0; i < extensions.size(); ++i) {
    if (leaders[i] == i) continue;
    follow(extensions[leaders[i]], extensions[i]);
    ops_.copy(last + static_cast<int64_t>(i) * hidden, last + static_cast<int64_t>(leaders[i]) * hidden, row_bytes);
  }
}

// The residual stream of the extensions' last rows: row i of last [extensions, H].
void CoreDecoder::pass(const Rows& step, float* last) {
  const Descriptor& d = model_.descriptor();
  positions_.prepare(step.positions);
  const std::unique_ptr<Attention> attention =
      ops_.cached_attention(attention_shape(d, packed_->dtype()), step.sequences);
  const Arrivals arrivals(ops_);
  int32_t* tokens = nullptr;
  int32_t* positions = nullptr;
  TransformerRows rows;
  const auto plan = [&](Plan& p) {
    tokens = p.take<int32_t>(step.count());
    positions = p.take<int32_t>(step.count());
    rows = plan_rows(p, d, step.count(), packed_->dtype(), Keep::kNothing, *attention);
  };
  Plan sizes;
  plan(sizes);
  Plan memory(rows_.reserve(sizes.bytes()));
  plan(memory);

  const Tokens given{step.count(), copied<int32_t>(ops_, step.tokens, tokens),
                     copied<int32_t>(ops_, step.positions, positions)};
  Transformer(ops_, model_.weights(), *packed_, positions_).forward(given, rows, *attention);
  for (const auto [row, extension] : step.last)
    ops_.copy(last + static_cast<int64_t>(extension) * d.hidden, rows.final_input + row * d.hidden,
              static_cast<uint64_t>(d.hidden) * sizeof(float));
  counts_.computed_tokens += step.count();
}

// From the residual stream of the extensions' last rows.
void CoreDecoder::draw(const float* last, std::span<const px_sample_args> draws, std::span<int32_t> tokens,
                       std::span<TokenScore> scores) {
  const auto count = static_cast<int64_t>(draws.size());
  const Linear& head = packed_->head();
  Values hidden;
  std::byte* workspace = nullptr;
  const auto plan = [&](Plan& p) {
    hidden = p.take_values(count * head.in, head.dtype);
    workspace = p.take<std::byte>(static_cast<int64_t>(ops_.draw_bytes(head, draws)));
  };
  Plan sizes;
  plan(sizes);
  Plan memory(rows_.reserve(sizes.bytes()));
  plan(memory);
  Transformer(ops_, model_.weights(), *packed_, positions_).final_norm(last, count, hidden, {});
  ops_.draw(head, hidden, draws, tokens, scores, workspace);
}

// The pages that the extension does not share get what those of its leader hold.
void CoreDecoder::follow(const Extension& leader, const Extension& extension) {
  const PageTable& from = table_of(leader);
  const PageTable& to = table_of(extension);
  for (auto page = static_cast<size_t>(to.length / kernels::kBlock); page < to.pages.size(); ++page)
    pool_.copy(*from.pages[page], *to.pages[page]);
  counts_.shared_tokens += static_cast<int64_t>(extension.tokens.size()) - to.length;
}

void CoreDecoder::drop(int64_t slot) {
  check(slot >= 0 && slot < static_cast<int64_t>(slots_.size()), PX_INVALID_ARGUMENT, "slot: expected 0 to ",
        slots_.size() - 1, ", got ", slot);
  PageTable& table = slots_[static_cast<size_t>(slot)];
  // A step that failed has published pages that it did not compute.
  if (table.published * kernels::kBlock > table.length) pool_.forget_texts();
  table.clear(pool_);
}

}  // namespace px::core
