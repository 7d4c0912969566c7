// gae along each sequence in vectors: a vector of tokens is a scan of its own, A_t = sum_j (gamma lambda)^j delta_{t+j},
// in log2(lanes) steps, and what lies behind it comes in with one multiplication. Vectors are laid from the sequence's
// end, so that a sequence's bits depend on that sequence alone; a vector with a hole in its mask goes token by token.
// Tried first and left: vectors across sequences, whose gathers and scatters cost more than the scan.
#include "kernels/gae/gae.h"

#include <array>
#include <cmath>
#include <limits>

#include "kernels/blocks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gae/gae_cpu.cpp"
#include "kernels/simd.h"
#include <hwy/foreach_target.h>  // NOLINT: after its settings
#include "kernels/simd-inl.h"
#include "kernels/stream-inl.h"

HWY_BEFORE_NAMESPACE();
namespace px::kernels::HWY_NAMESPACE {

// Everything is inlined into one function, in which the state is registers.
class GaeScan {
 public:
  explicit HWY_INLINE GaeScan(const px_gae_args& args) : args_(args), decay_(args.gamma * args.lambda), gamma_(set(args.gamma)) {
    HWY_ALIGN double powers[kLanes];
    double power = 1;
    for (int64_t i = kLanes - 1; i >= 0; --i) powers[i] = power *= decay_;
    carry_decay_ = hn::Load(d, powers);
    for (int step = 0; step < kSteps; ++step) {
      HWY_ALIGN int64_t from[kLanes];
      HWY_ALIGN double factor[kLanes];
      const int64_t shift = int64_t{1} << step;
      for (int64_t i = 0; i < kLanes; ++i) {
        const bool inside = i + shift < kLanes;
        from[i] = inside ? i + shift : i;
        factor[i] = inside ? std::pow(decay_, static_cast<double>(shift)) : 0;
      }
      shift_[step] = hn::SetTableIndices(d, from);
      factor_[step] = hn::Load(d, factor);
    }
  }

  HWY_INLINE void start_sequence() {
    next_value_ = 0;
    next_advantage_ = 0;
  }

  // The tokens begin..end-1 of a sequence whose later ones are scanned. Parts of a sequence end whole vectors before its
  // end, so that it is divided into vectors like a sequence in one part.
  HWY_INLINE void scan_part(int64_t begin, int64_t end, float* advantages, float* returns) {
    int64_t i = end;
    for (; i - kLanes >= begin; i -= kLanes) {
      ahead(args_.reward, i, -kAhead);
      ahead(args_.value, i, -kAhead);
      ahead(args_.mask, i, -kAhead);
      vector(i - kLanes, advantages + (i - kLanes - begin), at(returns, i - kLanes - begin));
    }
    for (--i; i >= begin; --i) token(i, advantages + (i - begin), at(returns, i - begin));
  }

  // Whether all that was read and written was finite.
  HWY_INLINE bool finite() const {
    return not_finite_ == 0 && sum(not_finite_lanes_) == 0 && largest(largest_) <= std::numeric_limits<float>::max();
  }

 private:
  static constexpr int kSteps = kLanes == 8 ? 3 : kLanes == 4 ? 2 : 1;

  HWY_INLINE void vector(int64_t i, float* advantages, float* returns) {
    if (args_.mask == nullptr || all_of_mask(args_.mask + i)) return scan(i, advantages, returns);
    for (int64_t t = kLanes - 1; t >= 0; --t) token(i + t, advantages + t, at(returns, t));
  }

  HWY_INLINE void scan(int64_t i, float* advantages, float* all_returns) {
    const V value = load(args_.value + i);
    // V_{t+1} of each token: the vector moved down by one, with what lies behind it in the last lane.
    const V next_value = hn::IfThenElse(last_lane_, set(next_value_), hn::TableLookupLanes(value, shift_[0]));
    const V target = hn::MulAdd(gamma_, next_value, load(args_.reward + i));
    V advantage = hn::Sub(target, value);
    for (int step = 0; step < kSteps; ++step)
      advantage = hn::MulAdd(factor_[step], hn::TableLookupLanes(advantage, shift_[step]), advantage);
    advantage = hn::MulAdd(carry_decay_, set(next_advantage_), advantage);
    store(advantage, advantages);
    const V returns = (args_.flags & PX_GAE_ONE_STEP_RETURNS) != 0 ? target : hn::Add(advantage, value);
    if (all_returns != nullptr) store(returns, all_returns);
    not_finite_lanes_ = hn::MulAdd(advantage, hn::Zero(d), not_finite_lanes_);
    largest_ = larger_magnitude(larger_magnitude(largest_, advantage), returns);
    next_value_ = args_.value[i];
    next_advantage_ = hn::GetLane(advantage);
  }

  HWY_INLINE void token(int64_t i, float* advantage_of, float* returns_of) {
    if (args_.mask != nullptr && args_.mask[i] == 0) {
      *advantage_of = 0;
      if (returns_of != nullptr) *returns_of = 0;
      return;
    }
    const double value = args_.value[i];
    const double target = std::fma(args_.gamma, next_value_, double{args_.reward[i]});
    const double advantage = std::fma(decay_, next_advantage_, target - value);
    const double returns = (args_.flags & PX_GAE_ONE_STEP_RETURNS) != 0 ? target : advantage + value;
    *advantage_of = static_cast<float>(advantage);
    if (returns_of != nullptr) *returns_of = static_cast<float>(returns);
    // 0 times what is not finite is NaN; so it is after a float overflows.
    not_finite_ += 0.0 * static_cast<float>(advantage) + 0.0 * static_cast<float>(returns);
    next_value_ = value;
    next_advantage_ = advantage;
  }

  const px_gae_args args_;
  const double decay_;
  const V gamma_;
  V carry_decay_;
  const M last_lane_ = hn::Not(hn::FirstN(d, static_cast<size_t>(kLanes - 1)));
  decltype(hn::SetTableIndices(d, static_cast<const int64_t*>(nullptr))) shift_[kSteps];
  V factor_[kSteps];
  double next_value_ = 0;
  double next_advantage_ = 0;
  double not_finite_ = 0;
  V not_finite_lanes_ = hn::Zero(d);
  V largest_ = hn::Zero(d);
};

// From the last sequence to the first: memory is walked in one direction.
bool gae_sequences(const px_gae_args& args, int64_t first_sequence, int64_t last_sequence) {
  const int64_t tokens = args.offsets[args.sequences];
  GaeScan scan(args);
  BackwardOutput advantage(args.advantage, tokens), returns(args.returns, tokens);
  for (int64_t s = last_sequence - 1; s >= first_sequence; --s) {
    scan.start_sequence();
    const int64_t begin = args.offsets[s];
    for (int64_t end = args.offsets[s + 1]; end > begin;) {
      const int64_t room = advantage.room(end);
      const int64_t n = room >= end - begin ? end - begin : room / kLanes * kLanes;
      scan.scan_part(end - n, end, advantage.open(end, n), returns.open(end, n));
      end -= n;
    }
  }
  return scan.finite();
}

}  // namespace px::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace px::kernels {
namespace {

// The first sequence that ends behind token `i`'s block: sequences belong to the block in which they begin.
int64_t first_from(const px_gae_args& args, int64_t token) {
  return std::lower_bound(args.offsets, args.offsets + args.sequences, token) - args.offsets;
}

}  // namespace

void gae_cpu(const Cpu& cpu, const px_gae_args& args) {
  const auto sequences = PX_SELECT(cpu.isa, gae_sequences);
  const int64_t tokens = args.offsets[args.sequences];
  const Blocks blocks(tokens);
  std::array<bool, Blocks::kMost> finite{};
  cpu.pool.for_each(blocks.count(), [&](int64_t b) noexcept {
    const int64_t last = b + 1 == blocks.count() ? args.sequences : first_from(args, blocks.end(b));
    finite[static_cast<size_t>(b)] = sequences(args, first_from(args, blocks.begin(b)), last);
  });
  for (int64_t b = 0; b < blocks.count(); ++b)
    if (!finite[static_cast<size_t>(b)]) return gae_ref(args);
}

}  // namespace px::kernels
#endif
