#include "kernels/sample/head_sample.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/sample/sample.h"
#include "kernels/sample/shares.h"
#include "kernels/token_logprob/head_block.h"

namespace px::kernels {
namespace {

// Rows whose sums are kept at once.
constexpr int64_t kPassRows = 512;
// Rows of a turn, the fewest that are worth one; most are kTurnRows.
constexpr int64_t kLeastTurnRows = 8;

constexpr int64_t kChunkBlocks = kChunk / kSampleBlock;
static_assert(kSampleBlock == kPanel && kChunk % kSampleBlock == 0, "a block of shares is a panel of the head");

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What is kept of a pass's rows: of row r and chunk c at [r * chunks + c].
struct Kept {
  Kept(Pieces& pieces, int64_t vocabulary, int64_t rows)
      : chunks(chunks_of(vocabulary)),
        sums(pieces.take<ChunkSums>(rows * chunks)),
        shares(pieces.take<double>(rows * chunks * kChunkBlocks)),
        largest(pieces.take<float>(rows * chunks)),
        greatest(pieces.take<int32_t>(rows * chunks)) {}

  int64_t chunks;
  ChunkSums* sums;
  double* shares;     // [.., kChunkBlocks] relative to the chunk's largest logit
  float* largest;     // NaN where one is NaN or +inf
  int32_t* greatest;  // the first token that has it; of greedy draws
};

bool is_greedy(const px_sample_args& draw) { return (draw.flags & PX_SAMPLE_GREEDY) != 0; }

float inverse_temperature(const px_sample_args& draw) { return static_cast<float>(1 / draw.temperature); }

class HeadSampler {
 public:
  HeadSampler(const Cpu& cpu, const HeadSampleArgs& args)
      : cpu_(cpu),
        args_(args),
        scores_(head_kernels(cpu.isa)),
        shares_(share_kernels(cpu.isa)),
        multiply_(multiply_panel(cpu.isa, args.head.dtype)),
        rows_(cpu, args.hidden, args.head.k, args.head),
        pieces_(args.workspace),
        kept_(pieces_, args.head.n, std::min(count_of(args), kPassRows)) {}

  static int64_t count_of(const HeadSampleArgs& args) { return static_cast<int64_t>(args.draws.size()); }

  void pass(int64_t first, int64_t count, std::span<int32_t> tokens, std::span<LogitScore> scores) {
    rows_.select(first, count);
    const int64_t height = turn_rows(count), turns = (count + height - 1) / height;
    cpu_.pool.for_each(kept_.chunks * turns, [&](int64_t i) noexcept {
      const int64_t row = i % turns * height;
      chunk_of_rows(i / turns, row, std::min(height, count - row));
    });
    cpu_.pool.for_each(count, [&](int64_t row) noexcept {
      const auto at = static_cast<size_t>(first + row);
      tokens[at] = kUndecided;
      scores[at] = {};
      if (takes(row)) finish(row, tokens[at], scores[at]);
    });
  }

 private:
  const px_sample_args& draw(int64_t row) const { return args_.draws[static_cast<size_t>(rows_.first() + row)]; }
  bool takes(int64_t row) const { return samples_from_head(cpu_.isa, draw(row)); }

  bool takes_any(int64_t first, int64_t count) const {
    for (int64_t row = first; row < first + count; ++row)
      if (takes(row)) return true;
    return false;
  }

  // Small heads have few chunks: then rows are what threads share.
  int64_t turn_rows(int64_t count) const {
    int64_t height = kTurnRows;
    while (height > kLeastTurnRows && kept_.chunks * ((count + height - 1) / height) < 2 * cpu_.pool.threads())
      height /= 2;
    return height;
  }

  void chunk_of_rows(int64_t chunk, int64_t first, int64_t count) const {
    if (!takes_any(first, count)) return;
    alignas(64) float logits[kTurnRows * kChunk];
    rows_.multiply(chunk, first, count, logits, kChunk);
    for (int64_t row = first; row < first + count; ++row)
      if (takes(row)) keep(chunk, row, logits + (row - first) * kChunk);
  }

  void keep(int64_t chunk, int64_t row, const float* logits) const {
    const px_sample_args& wanted = draw(row);
    const int64_t at = row * kept_.chunks + chunk, columns = rows_.columns(chunk);
    double* shares = kept_.shares + at * kChunkBlocks;
    kept_.sums[at] = scores_.sums(logits, columns, inverse_temperature(wanted));
    std::fill_n(shares, kChunkBlocks, 0.0);

    float maxima[kChunkBlocks];
    const bool good = shares_.maxima(logits, columns, maxima);
    const float largest = *std::max_element(maxima, maxima + sample_blocks(columns));
    kept_.largest[at] = good ? largest : std::numeric_limits<float>::quiet_NaN();
    if (!good || largest == -kInfinity) return;
    if (is_greedy(wanted))
      kept_.greatest[at] =
          static_cast<int32_t>(chunk * kChunk + (std::find(logits, logits + columns, largest) - logits));
    else
      shares_.sums(logits, columns, largest, wanted.temperature, shares);
  }

  void finish(int64_t row, int32_t& token, LogitScore& score) const {
    const int64_t first = row * kept_.chunks;
    const float* largest = kept_.largest + first;
    const float* most = std::max_element(largest, largest + kept_.chunks);
    if (std::any_of(largest, largest + kept_.chunks, [](float z) { return std::isnan(z); }) || *most == -kInfinity) {
      token = kNoToken;
      return;
    }
    float logit = *most;
    token = is_greedy(draw(row)) ? kept_.greatest[first + (most - largest)] : drawn(row, *most, logit);
    if (token >= 0) score = score_sums(kept_.sums + first, kept_.chunks, inverse_temperature(draw(row)), logit);
  }

  // The token, and its logit.
  int32_t drawn(int64_t row, float most, float& logit) const {
    const px_sample_args& wanted = draw(row);
    const ShareGoal goal = goal_among(shares_of(row, most), args_.head.n,
                                      sample_uniform(wanted.seed, wanted.sample_id, wanted.index));
    alignas(64) float logits[kSampleBlock];
    const int64_t begin = goal.block * kSampleBlock, count = std::min(kSampleBlock, args_.head.n - begin);
    multiply_(rows_.row(row), panel_of(args_.head, goal.block, false), {count, nullptr, nullptr, logits, nullptr, 0});
    const auto place = place_of(goal, count, [&](int64_t i) {
      return std::exp((double{logits[i]} - most) / wanted.temperature);
    });
    if (!place) return kUndecided;
    logit = logits[*place];
    return static_cast<int32_t>(begin + *place);
  }

  // The shares of all blocks, relative to the row's largest logit instead of the chunks'.
  std::span<const double> shares_of(int64_t row, float most) const {
    const int64_t first = row * kept_.chunks;
    for (int64_t chunk = first; chunk < first + kept_.chunks; ++chunk) {
      const double factor = std::exp((double{kept_.largest[chunk]} - most) / draw(row).temperature);
      for (int64_t b = 0; b < kChunkBlocks; ++b) kept_.shares[chunk * kChunkBlocks + b] *= factor;
    }
    return {kept_.shares + first * kChunkBlocks, static_cast<size_t>(sample_blocks(args_.head.n))};
  }

  const Cpu& cpu_;
  const HeadSampleArgs& args_;
  const HeadKernels scores_;
  const ShareKernels shares_;
  const MultiplyPanel multiply_;
  HeadBlock rows_;
  Pieces pieces_;
  const Kept kept_;
};

}  // namespace

bool samples_from_head(Isa isa, const px_sample_args& draw) {
  return isa != Isa::kScalar && !filters(draw) && shares_hold(draw.temperature);
}

uint64_t head_sample_workspace(const Packed& head, int64_t rows) {
  Pieces pieces(nullptr);
  const Kept kept(pieces, head.n, std::min(rows, kPassRows));
  return pieces.used();
}

void head_sample(const Cpu& cpu, const HeadSampleArgs& args, std::span<int32_t> tokens, std::span<LogitScore> scores) {
  HeadSampler sampler(cpu, args);
  const int64_t count = HeadSampler::count_of(args);
  for (int64_t first = 0; first < count; first += kPassRows)
    sampler.pass(first, std::min(kPassRows, count - first), tokens, scores);
}

}  // namespace px::kernels
