// attention through its internal interface: closeness to double sums, and a row's bits whatever is computed beside it and
// wherever its keys and values lie.
#include "kernels/attention/attention.h"

#include <cstring>
#include <functional>
#include <memory>
#include <numeric>

#include "base/isa.h"
#include "kernel_test.h"
#include "base/float16.h"

using namespace px;
using namespace px::kernels;
using namespace px::test;

namespace {

// Memory of an array that begins at a line of the cache, filled with NaN.
class Memory {
 public:
  explicit Memory(uint64_t bytes) : words_(bytes / 4 + 17, 0xffffffffu) {}

  template <class T = std::byte>
  T* data() {
    return reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(words_.data()) + 63) / 64 * 64);
  }

 private:
  std::vector<uint32_t> words_;
};

struct Result {
  std::vector<float> out, lse;
  std::vector<uint16_t> out_bf16;

  bool operator==(const Result& other) const {
    return same(out, other.out) && same(lse, other.lse) && out_bf16 == other.out_bf16;
  }

  static bool same(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
  }
};

// Rows of packed sequences.
struct Inputs {
  Inputs(const AttentionShape& shape_, std::vector<int64_t> lengths, uint32_t seed = 1) : shape(shape_), offsets{0} {
    for (const int64_t length : lengths) offsets.push_back(offsets.back() + length);
    qkv = random_floats(offsets.back() * shape.row(), seed, -2, 2);
  }

  int64_t rows() const { return offsets.back(); }
  int64_t sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  PackedSequences packed() const { return {offsets.data(), sequences(), shared.empty() ? nullptr : shared.data()}; }

  AttentionShape shape;
  std::vector<int64_t> offsets;
  std::vector<int64_t> shared;  // by sequence, where families share rows
  std::vector<float> qkv;
  float scale = 0.25f;
  int64_t window = 0;
};

Result empty_result(const Inputs& in) {
  Result r;
  r.out.assign(static_cast<size_t>(in.rows() * in.shape.heads * in.shape.head_size), kNan);
  r.out_bf16.assign(r.out.size(), 0x1234);
  r.lse.assign(static_cast<size_t>(in.rows() * in.shape.heads), kNan);
  return r;
}

AttentionArgs args_of(const Inputs& in, Result& to) {
  AttentionArgs args;
  args.shape = in.shape;
  args.scale = in.scale;
  args.window = in.window;
  args.qkv = in.qkv.data();
  args.qkv_stride = in.shape.row();
  args.out = to.out.data();
  args.out_bf16 = to.out_bf16.data();
  args.out_stride = in.shape.heads * in.shape.head_size;
  args.lse = to.lse.data();
  return args;
}

Result run_packed(const Cpu& cpu, const Inputs& in) {
  Result result = empty_result(in);
  AttentionArgs args = args_of(in, result);
  Memory workspace(packed_attention_workspace(in.shape, in.packed(), cpu.pool.threads()));
  args.workspace = workspace.data();
  packed_attention(cpu, args, in.packed());
  return result;
}

// A cache of pages, each with the blocks of all heads of some layers, of which the last one is used. Pages of a sequence
// are scattered, those of sequences mixed; nothing that was not written is anything but NaN.
class Cache {
 public:
  static constexpr int64_t kLayers = 2;

  Cache(const Inputs& in, int64_t step) : page_words_(kLayers * in.shape.kv_heads * in.shape.block_words()) {
    int64_t pages = 0;
    for (int64_t s = 0; s < in.sequences(); ++s) pages += blocks_of(in.offsets[s + 1] - in.offsets[s]);
    words_ = std::make_unique<Memory>(static_cast<uint64_t>(pages * page_words_ * 4));
    int64_t page = 0;
    for (int64_t s = 0; s < in.sequences(); ++s) {
      tables_.emplace_back();
      for (int64_t b = 0; b < blocks_of(in.offsets[s + 1] - in.offsets[s]); ++b, ++page)
        tables_.back().push_back(words_->data<uint32_t>() + page * step % pages * page_words_);
    }
  }

  uint32_t** table(int64_t s) { return tables_[static_cast<size_t>(s)].data(); }
  int64_t block_offset() const { return page_words_ / kLayers * (kLayers - 1); }

 private:
  int64_t page_words_;
  std::unique_ptr<Memory> words_;
  std::vector<std::vector<uint32_t*>> tables_;
};

// Rows in pieces: chunk(s, position) of them at a time from sequence s, all sequences that have rows left in one call.
Result run_cached(const Cpu& cpu, const Inputs& in, int64_t page_step,
                  const std::function<int64_t(int64_t s, int64_t position)>& chunk) {
  Result result = empty_result(in);
  AttentionArgs args = args_of(in, result);
  Cache cache(in, page_step);
  Memory workspace(attention_workspace(in.shape, in.sequences(), cpu.pool.threads()));
  args.workspace = workspace.data();
  args.block_offset = cache.block_offset();
  std::vector<int64_t> done(static_cast<size_t>(in.sequences()));
  for (;;) {
    std::vector<AttentionSequence> list;
    for (int64_t s = 0; s < in.sequences(); ++s) {
      int64_t& position = done[static_cast<size_t>(s)];
      const int64_t rows = std::min(chunk(s, position), in.offsets[s + 1] - in.offsets[s] - position);
      list.push_back({in.offsets[s] + position, rows, position, cache.table(s)});
      position += rows;
    }
    args.sequences = list.data();
    args.count = in.sequences();
    if (std::ranges::all_of(list, [](const auto& s) { return s.rows == 0; })) return result;
    attention_write(cpu, args);
    attention(cpu, args);
  }
}

// In double, from the definition.
std::vector<double> exact(const Inputs& in, std::vector<double>& lse) {
  const AttentionShape& shape = in.shape;
  const int64_t size = shape.head_size;
  std::vector<double> out;
  const auto at = [&](int64_t row, int64_t head, int64_t d) {
    const float value = in.qkv[static_cast<size_t>(row * shape.row() + head * size + d)];
    return double{shape.dtype == PX_DTYPE_F32 ? value : from_bf16(to_bf16(value))};
  };
  for (int64_t s = 0; s < in.sequences(); ++s)
    for (int64_t i = in.offsets[s]; i < in.offsets[s + 1]; ++i)
      for (int64_t h = 0; h < shape.heads; ++h) {
        const int64_t key = shape.heads + h / shape.group(), value = key + shape.kv_heads;
        const int64_t begin = in.window != 0 ? std::max(in.offsets[s], i - in.window + 1) : in.offsets[s];
        std::vector<double> p;
        double sum = 0;
        for (int64_t j = begin; j <= i; ++j) {
          double score = 0;
          for (int64_t d = 0; d < size; ++d) score += at(i, h, d) * at(j, key, d);
          p.push_back(std::exp(score * in.scale));
          sum += p.back();
        }
        lse.push_back(std::log(sum));
        for (int64_t d = 0; d < size; ++d) {
          double o = 0;
          for (int64_t j = begin; j <= i; ++j) o += p[static_cast<size_t>(j - begin)] / sum * at(j, value, d);
          out.push_back(o);
        }
      }
  return out;
}

class AttentionLevels : public testing::TestWithParam<std::tuple<Isa, px_dtype>> {
 protected:
  Cpu cpu(Pool& pool) const { return {std::get<0>(GetParam()), pool}; }
  px_dtype dtype() const { return std::get<1>(GetParam()); }
  AttentionShape shape(int64_t heads, int64_t kv_heads, int64_t size) const { return {heads, kv_heads, size, dtype()}; }
  bool scalar() const { return std::get<0>(GetParam()) == Isa::kScalar; }
};

TEST_P(AttentionLevels, MixesTheValuesThatARowSees) {
  Pool pool(2);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{9, 3, 64}, {1, 1, 1}, {2, 1, 3},
                                              {4, 4, 8}, {3, 1, 16}, {2, 2, 33}, {4, 2, 80}, {2, 1, 128}, {70, 1, 5}})
    for (const int64_t window : {0, 1, 5, 64, 100}) {
      Inputs in(shape(heads, kv_heads, size), {0, 1, scalar() ? 70 : 130, 2, 0, 64, 65, 17});
      in.window = window;
      in.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(size)));
      const Result got = run_packed(cpu(pool), in);
      std::vector<double> lse;
      const std::vector<double> expected = exact(in, lse);
      for (size_t i = 0; i < expected.size(); ++i) {
        // Values are below 2. bf16: a probability is rounded by 2^-9 of it at most, which averages out. The worst that
        // was seen: 1e-6, 3e-3.
        const double bound = dtype() == PX_DTYPE_F32 || scalar() ? 4e-6 : 6e-3;
        ASSERT_NEAR(got.out[i], expected[i], bound) << heads << ' ' << kv_heads << ' ' << size << " at " << i;
        ASSERT_EQ(got.out_bf16[i], to_bf16(got.out[i]));
      }
      for (size_t i = 0; i < lse.size(); ++i)
        ASSERT_NEAR(got.lse[i], lse[i], 4e-6);
    }
}

// A page of a cache, blocks one behind the other, all at once, row by row, in uneven chunks: the same bits.
TEST_P(AttentionLevels, ARowsBitsDoNotDependOnWhereAndWithWhatItIsComputed) {
  Pool one(1), two(2);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{9, 3, 64}, {2, 1, 7}, {2, 2, 80}}) {
    if (scalar() && size > 64) continue;
    for (const int64_t window : {0, 30}) {
      Inputs in(shape(heads, kv_heads, size), {1, 150, 0, 64, 63, 97});
      in.window = window;
      const Result expected = run_packed(cpu(one), in);
      EXPECT_EQ(run_packed(cpu(two), in), expected);
      const auto all = [](int64_t, int64_t) { return int64_t{1000}; };
      EXPECT_EQ(run_cached(cpu(two), in, 1, all), expected) << "contiguous";
      EXPECT_EQ(run_cached(cpu(two), in, 5, all), expected) << "paged";
      EXPECT_EQ(run_cached(cpu(two), in, 5, [](int64_t, int64_t) { return int64_t{1}; }), expected) << "row by row";
      EXPECT_EQ(run_cached(cpu(one), in, 5, [](int64_t s, int64_t position) { return (s * 7 + position) % 23 + 1; }),
                expected) << "in chunks";
    }
  }
}

// Any number of rows, any number of threads.
TEST_P(AttentionLevels, ComputesTheSameBitsForAnyNumberOfRowsAndThreads) {
  Pool one(1), two(2), three(3);
  const int64_t rows = scalar() ? 64 : 1024;
  const Inputs in(shape(3, 1, 16), {rows});
  const Result expected = run_packed(cpu(one), in);
  for (Pool* pool : {&two, &three}) EXPECT_EQ(run_packed(cpu(*pool), in), expected);
  for (const int64_t m : {1, 2, 3, 7, 8, 31, 64, 257, 1024}) {
    if (m > rows) continue;
    // The last m rows by themselves, after all before them.
    const auto chunk = [&](int64_t, int64_t position) { return position == 0 && m < rows ? rows - m : m; };
    for (Pool* pool : {&one, &two, &three}) EXPECT_EQ(run_cached(cpu(*pool), in, 3, chunk), expected) << m;
  }
}

// What another sequence holds does not matter, nor does what a row does not see.
TEST_P(AttentionLevels, ARowDoesNotFeelWhatItDoesNotSee) {
  Pool pool(2);
  Inputs in(shape(2, 1, 12), {40, 70});
  in.window = 20;
  const Result before = run_packed(cpu(pool), in);
  const auto poison = [&](int64_t row) {
    for (int64_t i = 0; i < in.shape.row(); ++i)
      in.qkv[static_cast<size_t>(row * in.shape.row() + i)] = i % 2 == 0 ? 300.f : -300.f;
  };
  poison(5);        // of the first sequence, behind the window from its row 25 on
  poison(40 + 60);  // of the second one, not seen by its rows before
  const Result after = run_packed(cpu(pool), in);
  const auto row_differs = [&](int64_t row) {
    const int64_t width = in.shape.heads * in.shape.head_size;
    return std::memcmp(&before.out[static_cast<size_t>(row * width)], &after.out[static_cast<size_t>(row * width)],
                       static_cast<size_t>(width) * sizeof(float)) != 0;
  };
  for (int64_t row = 0; row < 110; ++row) EXPECT_EQ(row_differs(row), (row >= 5 && row < 25) || (row >= 100)) << row;
}

// Scores beyond what e^x can hold; a row's NaN is its own.
TEST_P(AttentionLevels, TakesLargeScoresAndKeepsNaNToTheRowsThatSeeIt) {
  Pool pool(1);
  Inputs in(shape(1, 1, 4), {100});
  in.scale = 1e4f;
  const Result got = run_packed(cpu(pool), in);
  for (const float value : got.out) EXPECT_LE(std::abs(value), 2.001f);
  in.scale = 1;
  in.qkv[50 * 12 + 5] = kNan;  // a key
  const Result with_nan = run_packed(cpu(pool), in);
  for (int64_t row = 0; row < 100; ++row) EXPECT_EQ(std::isnan(with_nan.out[static_cast<size_t>(row * 4)]), row >= 50);
}

std::vector<float> gradient(const Cpu& cpu, const Inputs& in, const std::vector<float>& d_out, bool from_bf16 = false) {
  const Result forward = run_packed(cpu, in);
  std::vector<float> d_qkv(in.qkv.size(), kNan);
  AttentionGradientArgs args;
  args.shape = in.shape;
  args.scale = in.scale;
  args.window = in.window;
  args.qkv = in.qkv.data();
  args.qkv_stride = args.d_qkv_stride = in.shape.row();
  args.out = from_bf16 ? nullptr : forward.out.data();
  args.out_bf16 = from_bf16 ? forward.out_bf16.data() : nullptr;
  args.lse = forward.lse.data();
  args.d_out = d_out.data();
  args.out_stride = args.d_out_stride = in.shape.heads * in.shape.head_size;
  args.d_qkv = d_qkv.data();
  Memory workspace(packed_attention_backward_workspace(in.shape, in.packed(), cpu.pool.threads()));
  args.workspace = workspace.data();
  packed_attention_backward(cpu, args, in.packed());
  return d_qkv;
}

std::vector<float> upstream(const Inputs& in) {
  return random_floats(in.rows() * in.shape.heads * in.shape.head_size, 21, -1, 1);
}

// sum of out . d_out, in double.
double objective(const Inputs& in, const std::vector<float>& d_out) {
  std::vector<double> lse;
  const std::vector<double> out = exact(in, lse);
  double sum = 0;
  for (size_t i = 0; i < out.size(); ++i) sum += out[i] * d_out[i];
  return sum;
}

// In float alone: differences of rounded inputs say nothing.
TEST(Attention, GradientsAreWhatDifferencesSay) {
  Pool pool(2);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{3, 1, 4}, {2, 2, 3}, {1, 1, 1}})
    for (const int64_t window : {0, 3}) {
      Inputs in({heads, kv_heads, size, PX_DTYPE_F32}, {1, 9, 0, 5});
      in.window = window;
      in.scale = 0.5f;
      const std::vector<float> d_out = upstream(in);
      std::vector<std::vector<float>> got;
      for (const Isa isa : usable_isas()) got.push_back(gradient({isa, pool}, in, d_out));
      constexpr float kStep = 0x1p-9f;
      for (size_t i = 0; i < in.qkv.size(); ++i) {
        const float value = in.qkv[i];
        in.qkv[i] = value + kStep;
        const double above = objective(in, d_out);
        in.qkv[i] = value - kStep;
        const double below = objective(in, d_out);
        in.qkv[i] = value;
        // The differences are wrong by the third derivative times the step squared over 6.
        for (const std::vector<float>& of_level : got)
          ASSERT_NEAR(of_level[i], (above - below) / (2.0 * kStep), 3e-5) << heads << " heads, " << i;
      }
    }
}

TEST_P(AttentionLevels, GradientsAgreeWithTheReference) {
  if (scalar()) return;
  Pool pool(2);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{3, 1, 16}, {2, 1, 7}, {1, 1, 80}})
    for (const int64_t window : {0, 10, 70}) {
      Inputs in(shape(heads, kv_heads, size), {3, 135, 0, 64, 1});
      in.window = window;
      in.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(size)));
      const std::vector<float> d_out = upstream(in);
      const std::vector<float> expected = gradient({Isa::kScalar, pool}, in, d_out);
      for (const bool from_bf16 : {false, true}) {
        const std::vector<float> got = gradient(cpu(pool), in, d_out, from_bf16);
        for (size_t i = 0; i < got.size(); ++i) {
          // Gradients are below 10. The worst that was seen: 1.5e-6; 0.01 where something was rounded to bf16.
          const double bound = dtype() == PX_DTYPE_F32 && !from_bf16 ? 5e-6 : 0.02;
          ASSERT_NEAR(got[i], expected[i], bound) << heads << ' ' << size << ' ' << window << " at " << i;
        }
      }
    }
}

// Alone or among others, on any number of threads, whole groups of heads or one head a turn.
TEST_P(AttentionLevels, ASequencesGradientsAreItsOwn) {
  Pool one(1), two(2), eight(8);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{6, 2, 16}, {3, 3, 5}}) {
    const Inputs in(shape(heads, kv_heads, size), {30, 1, 90, 0, 65, 2, 40, 3});
    const std::vector<float> d_out = upstream(in);
    const std::vector<float> expected = gradient(cpu(one), in, d_out);
    EXPECT_TRUE(Result::same(gradient(cpu(two), in, d_out), expected));
    EXPECT_TRUE(Result::same(gradient(cpu(eight), in, d_out), expected));
    Inputs alone(in.shape, {90});
    const auto part = [](const std::vector<float>& rows, int64_t width) {
      return std::vector<float>(rows.begin() + 31 * width, rows.begin() + (31 + 90) * width);
    };
    alone.qkv = part(in.qkv, in.shape.row());
    const std::vector<float> d_out_alone = part(d_out, heads * size);
    for (Pool* pool : {&one, &two, &eight})
      EXPECT_TRUE(Result::same(gradient(cpu(*pool), alone, d_out_alone), part(expected, in.shape.row())))
          << pool->threads() << " threads";
  }
}

// Families of sequences that share rows, and the same sequences with rows of their own.
struct Families {
  Families(const AttentionShape& shape, int64_t window)
      // Own rows and what is shared: within a block, whole blocks, up to one row before the end, and alone.
      : together(shape, {70, 3, 65, 1, 20, 130, 9, 100, 64, 40}), apart(shape, {}) {
    together.shared = {0, 69, 32, 64, 0, 0, 128, 1, 127, 0};
    together.window = window;
    together.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(shape.head_size)));
    const PackedSequences all = together.packed();
    int64_t first = 0;
    for (int64_t s = 0; s < all.count; ++s) {
      if (all.shared_of(s) == 0) first = all.offsets[s];
      for (int64_t i = 0; i < all.shared_of(s); ++i) row_of.push_back(first + i);
      for (int64_t i = 0; i < all.rows(s); ++i) row_of.push_back(all.offsets[s] + i);
      apart.offsets.push_back(static_cast<int64_t>(row_of.size()));
    }
    apart.window = together.window;
    apart.scale = together.scale;
    apart.qkv = spread(together.qkv, shape.row());
  }

  // Of the rows together, the rows apart.
  template <class T>
  std::vector<T> spread(const std::vector<T>& rows, int64_t width) const {
    std::vector<T> all;
    for (const int64_t row : row_of) all.insert(all.end(), rows.begin() + row * width, rows.begin() + (row + 1) * width);
    return all;
  }

  Inputs together, apart;
  std::vector<int64_t> row_of;  // by row apart, which one together
};

TEST_P(AttentionLevels, SequencesThatShareRowsHaveTheBitsOfSequencesApart) {
  Pool one(1), two(2);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{9, 3, 64}, {2, 1, 7}})
    for (const int64_t window : {0, 30}) {
      const Families families(shape(heads, kv_heads, size), window);
      const Result expected = run_packed(cpu(one), families.apart);
      for (Pool* pool : {&one, &two}) {
        Result got = run_packed(cpu(*pool), families.together);
        got.out = families.spread(got.out, heads * size);
        got.out_bf16 = families.spread(got.out_bf16, heads * size);
        got.lse = families.spread(got.lse, heads);
        EXPECT_EQ(got, expected) << heads << " heads, window " << window;
      }
    }
}

// Rows that are shared get the sum of the gradients that the sequences apart have.
TEST_P(AttentionLevels, GradientsOfSharedRowsAreThoseOfAllTheirSequences) {
  Pool one(1), two(2), eight(8);
  for (const auto& [heads, kv_heads, size] : {std::tuple<int64_t, int64_t, int64_t>{3, 1, 16}, {2, 2, 7}})
    for (const int64_t window : {0, 10, 70}) {
      const Families families(shape(heads, kv_heads, size), window);
      const Inputs& in = families.together;
      const std::vector<float> d_out = upstream(in);
      // A shared row's upstream gradient goes to the first sequence that has it: apart, the others get none.
      std::vector<float> d_out_apart(families.row_of.size() * static_cast<size_t>(heads * size));
      std::vector<bool> given(static_cast<size_t>(in.rows()));
      for (size_t i = 0; i < families.row_of.size(); ++i) {
        const int64_t row = families.row_of[i], width = heads * size;
        if (given[static_cast<size_t>(row)]) continue;
        given[static_cast<size_t>(row)] = true;
        std::copy_n(d_out.begin() + row * width, width, d_out_apart.begin() + static_cast<int64_t>(i) * width);
      }
      const std::vector<float> apart = gradient({Isa::kScalar, two}, families.apart, d_out_apart);
      std::vector<double> expected(in.qkv.size());
      const auto width = static_cast<size_t>(in.shape.row());
      for (size_t i = 0; i < apart.size(); ++i)
        expected[static_cast<size_t>(families.row_of[i / width]) * width + i % width] += double{apart[i]};
      const std::vector<float> got = gradient(cpu(one), in, d_out);
      for (size_t i = 0; i < got.size(); ++i)
        // Of several sequences' gradients, each below 10, that single ones bound by 5e-6 and 0.02.
        ASSERT_NEAR(got[i], expected[i], scalar() || dtype() == PX_DTYPE_F32 ? 1e-5 : 0.04) << size << ' ' << window << " at " << i;
      EXPECT_TRUE(Result::same(gradient(cpu(two), in, d_out), got));
      EXPECT_TRUE(Result::same(gradient(cpu(eight), in, d_out), got));
    }
}

INSTANTIATE_TEST_SUITE_P(All, AttentionLevels,
                         testing::Combine(testing::ValuesIn(usable_isas()), testing::Values(PX_DTYPE_F32, PX_DTYPE_BF16)),
                         [](const auto& level) {
                           return std::string(name_of(std::get<0>(level.param))) +
                                  (std::get<1>(level.param) == PX_DTYPE_F32 ? "F32" : "Bf16");
                         });

TEST(Attention, MemoryIsLinearInTokens) {
  const AttentionShape shape{9, 3, 64, PX_DTYPE_BF16};
  const auto bytes = [&](int64_t tokens) {
    const std::vector<int64_t> offsets{0, tokens};
    return static_cast<double>(packed_attention_workspace(shape, {offsets.data(), 1}, 2));
  };
  EXPECT_LT(bytes(1 << 20), 1.01 * (bytes(1 << 19) * 2));
  // Keys and values in bf16, a table, and what threads need.
  EXPECT_LT(bytes(1 << 20), (1 << 20) * (3.0 * 64 * 2 * 2 + 1) + 1e6);
}

// The entries of the library.
class AttentionEntry : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    forward_ = make_args<px_attention_args>();
    forward_.sequences = in_.sequences();
    forward_.offsets = in_.offsets.data();
    forward_.heads = 4;
    forward_.kv_heads = 2;
    forward_.head_size = 8;
    forward_.dtype = PX_DTYPE_BF16;
    forward_.window = 9;
    forward_.qkv = in_.qkv.data();
    forward_.out = result_.out.data();
    forward_.out_bf16 = result_.out_bf16.data();
    forward_.lse = result_.lse.data();
    workspace_.resize(px_attention_workspace(engine_, 2, in_.offsets.data(), 4, 2, 8, PX_DTYPE_BF16) + 1);
    // Any address will do.
    forward_.workspace = workspace_.data() + 4;
    forward_.workspace_bytes = workspace_.size() - 1;
    workspace_.resize(workspace_.size() + 4);
    backward_ = make_args<px_attention_backward_args>();
    backward_.sequences = forward_.sequences;
    backward_.offsets = forward_.offsets;
    backward_.heads = forward_.heads;
    backward_.kv_heads = forward_.kv_heads;
    backward_.head_size = forward_.head_size;
    backward_.dtype = forward_.dtype;
    backward_.window = forward_.window;
    backward_.qkv = forward_.qkv;
    backward_.out = forward_.out;
    backward_.lse = forward_.lse;
    backward_.d_out = d_out_.data();
    backward_.d_qkv = d_qkv_.data();
    forward_.workspace = workspace_.data() + 4;
    backward_.workspace = forward_.workspace;
    backward_.workspace_bytes = forward_.workspace_bytes;
  }

  Inputs in_{{4, 2, 8, PX_DTYPE_BF16}, {70, 3}};
  Result result_ = empty_result(in_);
  std::vector<float> d_out_ = upstream(in_);
  std::vector<float> d_qkv_ = std::vector<float>(in_.qkv.size(), kNan);
  std::vector<std::byte> workspace_;
  px_attention_args forward_{};
  px_attention_backward_args backward_{};
};

TEST_F(AttentionEntry, ComputesWhatTheKernelDoes) {
  Pool pool(2);
  const Cpu cpu{choose_isa(), pool};
  in_.window = 9;
  in_.scale = static_cast<float>(1 / std::sqrt(8.0));
  ASSERT_EQ(px_attention_f32(engine_, &forward_), PX_OK) << last_error();
  EXPECT_EQ(result_, run_packed(cpu, in_));
  ASSERT_EQ(px_attention_backward_f32(engine_, &backward_), PX_OK) << last_error();
  EXPECT_TRUE(Result::same(d_qkv_, gradient(cpu, in_, d_out_)));
  backward_.out_bf16 = result_.out_bf16.data();
  backward_.out = nullptr;
  ASSERT_EQ(px_attention_backward_f32(engine_, &backward_), PX_OK) << last_error();
  EXPECT_TRUE(Result::same(d_qkv_, gradient(cpu, in_, d_out_, true)));
}

TEST_F(AttentionEntry, TakesNoTokens) {
  const std::vector<int64_t> none{0, 0, 0};
  forward_.offsets = backward_.offsets = none.data();
  forward_.qkv = backward_.qkv = nullptr;
  forward_.out = nullptr;
  forward_.out_bf16 = nullptr;
  EXPECT_EQ(px_attention_f32(engine_, &forward_), PX_OK) << last_error();
  backward_.out = backward_.lse = backward_.d_out = nullptr;
  backward_.d_qkv = nullptr;
  EXPECT_EQ(px_attention_backward_f32(engine_, &backward_), PX_OK) << last_error();
}

TEST_F(AttentionEntry, RefusesBadArguments) {
  const auto refuses = [&](auto&& change, const char* name, px_status expected = PX_INVALID_ARGUMENT) {
    auto forward = forward_;
    change(forward);
    EXPECT_EQ(px_attention_f32(engine_, &forward), expected) << name;
    expect_error_with(name);
    auto backward = backward_;
    change(backward);
    EXPECT_EQ(px_attention_backward_f32(engine_, &backward), expected) << name;
    expect_error_with(name);
  };
  refuses([](auto& a) { a.struct_size = 40; }, "struct_size", PX_ABI_MISMATCH);
  refuses([](auto& a) { a.flags = 1; }, "flags");
  refuses([](auto& a) { a.reserved = 1; }, "reserved");
  refuses([](auto& a) { a.offsets = nullptr; }, "offsets");
  refuses([](auto& a) { a.qkv = nullptr; }, "args.qkv");
  refuses([](auto& a) { a.out = nullptr, a.out_bf16 = nullptr; }, "args.out");
  refuses([](auto& a) { a.workspace = nullptr; }, "workspace");
  refuses([](auto& a) { a.workspace_bytes -= 8; }, "workspace_bytes");
  refuses([](auto& a) { a.dtype = PX_DTYPE_F16; }, "dtype");
  refuses([](auto& a) { a.kv_heads = 3; }, "kv_heads");
  refuses([](auto& a) { a.window = -1; }, "window");
  refuses([](auto& a) { a.scale = -1; }, "scale");
  refuses([](auto& a) { a.scale = double{kNan}; }, "scale");
  for (const int64_t count : kAbsurdCounts) {
    refuses([&](auto& a) { a.sequences = count; }, "sequences");
    refuses([&](auto& a) { a.heads = count; }, "heads");
    refuses([&](auto& a) { a.kv_heads = count; }, "kv_heads");
    refuses([&](auto& a) { a.head_size = count; }, "head_size");
    EXPECT_EQ(px_attention_workspace(engine_, 2, in_.offsets.data(), count, 1, 8, PX_DTYPE_F32), 0u);
  }
  const auto refuses_backward = [&](auto&& change, const char* name) {
    auto args = backward_;
    change(args);
    EXPECT_EQ(px_attention_backward_f32(engine_, &args), PX_INVALID_ARGUMENT);
    expect_error_with(name);
  };
  refuses_backward([](auto& a) { a.lse = nullptr; }, "args.lse");
  refuses_backward([](auto& a) { a.d_out = nullptr; }, "args.d_out");
  refuses_backward([](auto& a) { a.d_qkv = nullptr; }, "args.d_qkv");
  EXPECT_EQ(px_attention_f32(nullptr, &forward_), PX_INVALID_ARGUMENT);
  EXPECT_EQ(px_attention_f32(engine_, nullptr), PX_INVALID_ARGUMENT);
}

}  // namespace
