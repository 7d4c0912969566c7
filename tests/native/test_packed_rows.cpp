// Rows that sequences share: which they are, and that models compute with them what they compute of each sequence alone.
#include "model/core/packed_rows.h"

#include <cstring>

#include "device_models.h"
#include "kernel_test.h"

using namespace px;
using namespace px::test;
using px::core::kLeastShared;
using px::core::PackedRows;

namespace {

using Tokens = std::vector<int32_t>;

// Tokens that no two names have in common.
Tokens text(int32_t name, int64_t count) { return Tokens(static_cast<size_t>(count), name); }

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A batch of sequences whose positions count from 0.
class Sentences {
 public:
  explicit Sentences(const std::vector<Tokens>& sequences) {
    for (const Tokens& sequence : sequences) {
      tokens_.insert(tokens_.end(), sequence.begin(), sequence.end());
      for (size_t i = 0; i < sequence.size(); ++i) positions_.push_back(static_cast<int32_t>(i));
      offsets_.push_back(static_cast<int64_t>(tokens_.size()));
    }
  }

  Batch batch() const { return {offsets_, tokens_, positions_, {}}; }
  std::vector<int32_t>& positions() { return positions_; }

 private:
  std::vector<int64_t> offsets_{0};
  std::vector<int32_t> tokens_, positions_;
};

// Every sequence finds its tokens at its positions, those that it shares first and then the ones of its own.
void expect_whole(const Batch& batch, const PackedRows& rows) {
  const kernels::PackedSequences packed = rows.sequences();
  std::vector<bool> found(static_cast<size_t>(batch.sequences()));
  ASSERT_EQ(packed.count, batch.sequences());
  ASSERT_EQ(packed.offsets[packed.count], rows.count());
  int64_t first = 0;
  for (int64_t p = 0; p < packed.count; ++p) {
    const int64_t shared = packed.shared_of(p);
    if (shared == 0) first = packed.offsets[p];
    // The sequence of the batch whose last token has the packed one's last row.
    int64_t s = 0;
    while (rows.row_of(batch.offsets[static_cast<size_t>(s) + 1] - 1) != packed.offsets[p + 1] - 1) ++s;
    EXPECT_FALSE(found[static_cast<size_t>(s)]);
    found[static_cast<size_t>(s)] = true;
    const int64_t begin = batch.offsets[static_cast<size_t>(s)], end = batch.offsets[static_cast<size_t>(s) + 1];
    ASSERT_EQ(packed.length(p), end - begin);
    for (int64_t i = 0; i < end - begin; ++i) {
      const int64_t row = i < shared ? first + i : packed.offsets[p] + i - shared;
      const auto entry = static_cast<size_t>(begin + i);
      ASSERT_EQ(rows.row_of(begin + i), row);
      ASSERT_EQ(rows.tokens()[static_cast<size_t>(row)], batch.tokens[entry]);
      ASSERT_EQ(rows.positions()[static_cast<size_t>(row)], batch.positions[entry]);
    }
  }
}

int64_t rows_of(const Sentences& sentences) {
  const PackedRows rows(sentences.batch());
  expect_whole(sentences.batch(), rows);
  return rows.count();
}

TEST(PackedRows, WhatSequencesDoNotShareStaysWhereItIs) {
  const Sentences sentences({text(3, 40), text(1, 50), text(2, 1), text(1, kLeastShared - 1) + text(5, 9)});
  const PackedRows rows(sentences.batch());
  EXPECT_EQ(rows.sequences().shared, nullptr);
  for (int64_t i = 0; i < sentences.batch().count(); ++i) EXPECT_EQ(rows.row_of(i), i);
  for (int64_t s = 0; s < 4; ++s) EXPECT_FALSE(rows.shares(s));
  expect_whole(sentences.batch(), rows);
}

TEST(PackedRows, APromptIsThereOnceWhereverItsSamplesAre) {
  const Tokens a = text(1, 100), b = text(2, kLeastShared);
  const Sentences sentences({a + text(3, 5), b + text(3, 6), a + text(4, 7), text(9, 8), b + text(4, 9), a + text(5, 1)});
  EXPECT_EQ(rows_of(sentences), 100 + 5 + 7 + 1 + kLeastShared + 6 + 9 + 8);
  const PackedRows rows(sentences.batch());
  for (const int64_t s : {0, 1, 2, 4, 5}) EXPECT_TRUE(rows.shares(s)) << s;
  EXPECT_FALSE(rows.shares(3));
  int64_t runs = 0, covered = 0;
  rows.for_runs([&](int64_t entry, int64_t row, int64_t count) {
    ++runs;
    covered += count;
    EXPECT_EQ(rows.row_of(entry), row);
    EXPECT_EQ(rows.row_of(entry + count - 1), row + count - 1);
  });
  EXPECT_EQ(covered, sentences.batch().count());
  EXPECT_LE(runs, 11);
}

TEST(PackedRows, ASequenceHasItsLastRowToItself) {
  const Tokens a = text(1, 50);
  EXPECT_EQ(rows_of(Sentences({a, a, a})), 52);
  EXPECT_EQ(rows_of(Sentences({a + text(2, 3), a})), 53);
  EXPECT_EQ(rows_of(Sentences({text(1, kLeastShared), text(1, kLeastShared)})), 2 * kLeastShared);
}

// Sharing a system prompt with all costs what samples of a prompt could share beyond it.
TEST(PackedRows, FamiliesAreThoseOfTheFewestRows) {
  const Tokens system = text(1, 40);
  std::vector<Tokens> many, pairs;
  for (int32_t prompt = 2; prompt < 4; ++prompt)
    for (int32_t sample = 10; sample < 16; ++sample) {
      many.push_back(system + text(prompt, 60) + text(sample, 5));
      if (sample < 12) pairs.push_back(system + text(prompt, 20) + text(sample, 5));
    }
  EXPECT_EQ(rows_of(Sentences(many)), 2 * (40 + 60 + 6 * 5));
  // One family: 65 + 25 + 25 + 25 rows from each; two: 2 x (60 + 10).
  EXPECT_EQ(rows_of(Sentences(pairs)), std::min(65 + 5 + 2 * 25, 2 * 70));
}

TEST(PackedRows, PositionsBelongToTheText) {
  const Tokens a = text(1, 50);
  Sentences sentences({a + text(2, 3), a + text(3, 3)});
  for (size_t i = 53; i < 106; ++i) sentences.positions()[i] += 7;
  EXPECT_EQ(rows_of(sentences), 106);
}

TEST(PackedRows, AnySequencesAreFoundWhole) {
  tiny::Random random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<Tokens> sequences;
    const int32_t count = 1 + random.below(12);
    for (int32_t s = 0; s < count; ++s) {
      Tokens next;
      if (!sequences.empty() && random.below(4) != 0) {
        const Tokens& other = sequences[static_cast<size_t>(random.below(static_cast<int32_t>(sequences.size())))];
        next.assign(other.begin(), other.begin() + random.below(static_cast<int32_t>(other.size()) + 1));
      }
      for (int32_t more = 1 + random.below(70); more > 0; --more) next.push_back(random.below(3));
      sequences.push_back(next);
    }
    const Sentences sentences(sequences);
    EXPECT_LE(rows_of(sentences), sentences.batch().count());
  }
}

// ---- Models ----

using tiny::Fixture;
using tiny::last_error;

class SharedRows : public testing::TestWithParam<std::tuple<std::string, px_products>> {
 protected:
  SharedRows() {
    Descriptor shape = tiny::shape_of(std::get<0>(GetParam()));
    shape.context = 256;
    for (const px_head head : {PX_HEAD_LM, PX_HEAD_SCALAR})
      fixtures_.push_back(std::make_unique<Fixture>(head, true, 7, shape, 2, std::get<1>(GetParam())));
    // Samples of two prompts among others; a preferred and a rejected one are neighbours.
    tiny::Random random(3);
    const auto some = [&](int64_t count) {
      Tokens tokens;
      for (int64_t i = 0; i < count; ++i) tokens.push_back(random.below(37));
      return tokens;
    };
    const Tokens a = some(70), b = some(33);
    for (const Tokens& sequence : {a + some(9), a + some(30), some(12), b + some(1), a + some(2), b + some(60)})
      sequences_.add(sequence);
  }

  const Fixture& fixture(px_head head) const { return *fixtures_[head == PX_HEAD_LM ? 0 : 1]; }
  bool bf16() const { return std::get<1>(GetParam()) == PX_PRODUCTS_BF16; }
  int64_t begin(int64_t s) const { return sequences_.offsets[static_cast<size_t>(s)]; }

  // Sequences [first, end) by themselves.
  tiny::Sequences some(int64_t first, int64_t end) const {
    tiny::Sequences part;
    for (int64_t s = first; s < end; ++s)
      part.add({sequences_.tokens.begin() + begin(s), sequences_.tokens.begin() + begin(s + 1)});
    return part;
  }

  // The gradient of an objective over all sequences, `step` of them a pass.
  std::vector<float> gradient(px_head head, px_objective objective, int64_t step, px_recompute recompute) const {
    auto options = make_args<px_trainer_options>();
    options.recompute = recompute;
    px_trainer* trainer = nullptr;
    EXPECT_EQ(px_trainer_create(fixture(head).model.get(), &options, &trainer), PX_OK) << last_error();
    const tiny::TrainerHandle handle(trainer);
    for (int64_t s = 0; s < sequences_.sequences(); s += step) {
      const tiny::Sequences part = some(s, s + step);
      const px_batch batch = part.batch();
      px_objective of_part = objective;
      for (const float** array : {&of_part.old_logprob, &of_part.advantage, &of_part.old_value, &of_part.returns})
        if (*array != nullptr) *array += begin(s);
      EXPECT_EQ(px_trainer_accumulate(trainer, &batch, &of_part, nullptr), PX_OK) << last_error();
    }
    return tiny::gradient_of(trainer, fixture(head));
  }

  // Together the rows are shared, apart they are not.
  void expect_same_gradient(px_head head, const px_objective& objective, int64_t apart) const {
    const std::vector<float> expected = gradient(head, objective, apart, PX_RECOMPUTE_NONE);
    const std::vector<float> got = gradient(head, objective, sequences_.sequences(), PX_RECOMPUTE_NONE);
    double distance = 0, length = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      distance += std::pow(double{got[i]} - double{expected[i]}, 2);
      length += std::pow(double{expected[i]}, 2);
    }
    std::printf("[ observed ] relative distance of gradients %.2e\n", std::sqrt(distance / length));
    EXPECT_GT(length, 0.0);
    EXPECT_LT(std::sqrt(distance / length), bf16() ? 0.02 : 2e-6);
    for (const px_recompute recompute : {PX_RECOMPUTE_ATTENTION_MLP, PX_RECOMPUTE_BLOCK})
      EXPECT_EQ(gradient(head, objective, sequences_.sequences(), recompute), got);
  }

  std::vector<std::unique_ptr<Fixture>> fixtures_;
  tiny::Sequences sequences_;
};

TEST_P(SharedRows, ScoresHaveTheBitsOfEachSequenceAlone) {
  const tiny::Scores together = tiny::score(fixture(PX_HEAD_LM), sequences_);
  const int64_t hidden = fixture(PX_HEAD_LM).shape().hidden;
  for (int64_t s = 0; s < sequences_.sequences(); ++s) {
    const tiny::Scores alone = tiny::score(fixture(PX_HEAD_LM), some(s, s + 1));
    const auto same = [&](const std::vector<float>& all, const std::vector<float>& own, int64_t width) {
      return std::memcmp(all.data() + begin(s) * width, own.data(), own.size() * sizeof(float)) == 0;
    };
    EXPECT_TRUE(same(together.logprob, alone.logprob, 1)) << s;
    EXPECT_TRUE(same(together.entropy, alone.entropy, 1)) << s;
    EXPECT_TRUE(same(together.hidden, alone.hidden, hidden)) << s;
  }
}

TEST_P(SharedRows, GradientsAreThoseOfTheSequencesApart) {
  const auto n = static_cast<size_t>(sequences_.count());
  const std::vector<float> logprob = tiny::score(fixture(PX_HEAD_LM), sequences_).logprob;
  const std::vector<float> numbers = random_floats(static_cast<int64_t>(n), 5, -1, 1), zeros(n);
  auto objective = make_args<px_objective>();
  objective.normalizer = 50;
  objective.kind = PX_OBJECTIVE_POLICY;
  objective.old_logprob = logprob.data();
  objective.advantage = numbers.data();
  objective.entropy_coefficient = 0.01;
  expect_same_gradient(PX_HEAD_LM, objective, 1);

  objective = make_args<px_objective>();
  objective.normalizer = 3;
  objective.kind = PX_OBJECTIVE_BRADLEY_TERRY;
  // Pairs: the first two share their prompt, which apart they do as well.
  expect_same_gradient(PX_HEAD_SCALAR, objective, 2);

  objective.kind = PX_OBJECTIVE_VALUE;
  objective.normalizer = 50;
  objective.old_value = zeros.data();
  objective.returns = numbers.data();
  expect_same_gradient(PX_HEAD_SCALAR, objective, 1);
}

INSTANTIATE_TEST_SUITE_P(Families, SharedRows,
                         testing::Combine(testing::Values("llama", "qwen3", "gpt2"),
                                          testing::Values(PX_PRODUCTS_F32, PX_PRODUCTS_BF16)),
                         [](const auto& test) {
                           return std::get<0>(test.param) + (std::get<1>(test.param) == PX_PRODUCTS_F32 ? "F32" : "Bf16");
                         });

}  // namespace
