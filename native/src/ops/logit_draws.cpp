#include "ops/logit_draws.h"

#include <algorithm>
#include <vector>

#include "ops/memory.h"

namespace px {
namespace {

// Bytes of logits that lie in memory at once, at most, but for a single row.
constexpr int64_t kLogitBytes = int64_t{48} << 20;

int64_t rows_at_once(const Linear& head, int64_t rows) {
  const int64_t fitting = kLogitBytes / (static_cast<int64_t>(sizeof(float)) * head.out);
  return std::clamp<int64_t>(fitting, 1, std::max<int64_t>(1, rows));
}

struct Places {
  float* logits;     // [rows, V]
  Values hidden;     // [rows, H]
  int64_t* numbers;  // [rows]
};

Places plan_places(Plan& plan, const Linear& head, int64_t rows) {
  return {plan.take<float>(rows * head.out), plan.take_values(rows * head.in, head.dtype), plan.take<int64_t>(rows)};
}

// The hidden states of the rows, one behind the other.
Values together(Ops& ops, const HeadDraws& all, std::span<const int64_t> rows, const Places& places) {
  const int64_t width = all.head.in;
  if (rows.back() - rows.front() + 1 == static_cast<int64_t>(rows.size())) {
    const int64_t first = rows.front() * width;
    return all.hidden.f32 != nullptr ? Values{all.hidden.f32 + first, nullptr}
                                     : Values{nullptr, all.hidden.bf16 + first};
  }
  const int64_t bytes = width * (all.hidden.f32 != nullptr ? 4 : 2);
  void* to = places.hidden.f32 != nullptr ? static_cast<void*>(places.hidden.f32) : places.hidden.bf16;
  ops.gather_rows(all.hidden.data(), bytes, copied<int64_t>(ops, rows, places.numbers),
                  static_cast<int64_t>(rows.size()), to);
  return places.hidden;
}

void draw_some(Ops& ops, const HeadDraws& all, std::span<const int64_t> rows, const Places& places) {
  const Arrivals arrivals(ops);
  const auto count = static_cast<int64_t>(rows.size());
  ops.project(all.head, together(ops, all, rows, places), count, nullptr, {places.logits});
  std::vector<px_sample_args> wanted;
  for (const int64_t row : rows) wanted.push_back(all.draws[static_cast<size_t>(row)]);
  std::vector<int32_t> tokens(rows.size());
  ops.sample(places.logits, wanted, tokens);
  std::vector<TokenScore> scores(rows.size());
  ops.score(places.logits, wanted, tokens, scores);
  for (size_t i = 0; i < rows.size(); ++i) {
    all.tokens[static_cast<size_t>(rows[i])] = tokens[i];
    all.scores[static_cast<size_t>(rows[i])] = scores[i];
  }
}

}  // namespace

uint64_t logit_draw_bytes(const Linear& head, int64_t rows) {
  Plan plan;
  plan_places(plan, head, rows_at_once(head, rows));
  return plan.bytes();
}

void draw_from_logits(Ops& ops, const HeadDraws& all, std::span<const int64_t> rows, int64_t planned,
                      std::byte* workspace) {
  const auto most = static_cast<size_t>(rows_at_once(all.head, planned));
  Plan memory(workspace);
  const Places places = plan_places(memory, all.head, static_cast<int64_t>(most));
  for (size_t first = 0; first < rows.size(); first += most)
    draw_some(ops, all, rows.subspan(first, std::min(most, rows.size() - first)), places);
}

}  // namespace px
