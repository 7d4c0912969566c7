// llama2.c's `.bin` files: the same model as the folder, and files that lie.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "model/formats/huggingface.h"
#include "model/formats/llama2c.h"
#include "model_files.h"

namespace {

using namespace px;
using namespace px::testing;

std::shared_ptr<Engine> make_engine() {
  px_engine_options options{};
  options.struct_size = sizeof options;
  options.threads = 1;
  return std::make_shared<Engine>(options);
}

struct Header {
  int32_t dim = 8;
  int32_t hidden_dim = 6;
  int32_t n_layers = 2;
  int32_t n_heads = 2;
  int32_t n_kv_heads = 1;
  int32_t vocab_size = 5;  // negative: untied
  int32_t seq_len = 10;
};

// A file whose numbers count up: 1, 2, 3 ... in the order in which they stand, without the rotary tables (-1).
std::string bin(const Header& h) {
  std::string bytes;
  append(bytes, h);
  float next = 1.0f;
  const auto numbers = [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i) append(bytes, next++);
  };
  const int64_t size = h.dim / h.n_heads;
  numbers(int64_t{std::abs(h.vocab_size)} * h.dim);                     // token_embedding_table
  numbers(int64_t{h.n_layers} * h.dim);                                 // rms_att_weight
  numbers(int64_t{h.n_layers} * h.dim * h.n_heads * size);              // wq
  numbers(2 * int64_t{h.n_layers} * h.dim * h.n_kv_heads * size);       // wk, wv
  numbers(int64_t{h.n_layers} * h.dim * h.n_heads * size);              // wo
  numbers(int64_t{h.n_layers} * h.dim);                                 // rms_ffn_weight
  numbers(3 * int64_t{h.n_layers} * h.dim * h.hidden_dim);              // w1, w2, w3
  numbers(h.dim);                                                       // rms_final_weight
  for (int64_t i = 0; i < h.seq_len * size; ++i) append(bytes, -1.0f);  // freq_cis_real, freq_cis_imag
  if (h.vocab_size < 0) numbers(-int64_t{h.vocab_size} * h.dim);        // wcls
  return bytes;
}

class Llama2c : public ::testing::Test {
 protected:
  std::shared_ptr<Weights> load(const std::string& bytes) {
    write_file(folder_.path("m.bin"), bytes);
    return load_weights(engine_, folder_.path("m.bin"));
  }

  void expect_refused(const std::string& bytes, px_status status, const std::string& what) {
    try {
      load(bytes);
      FAIL() << "accepted; expected " << what;
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), status) << error.message();
      EXPECT_NE(error.message().find(folder_.path("m.bin")), std::string::npos) << error.message();
      EXPECT_NE(error.message().find(what), std::string::npos) << error.message();
    }
  }

  TemporaryFolder folder_;
  std::shared_ptr<Engine> engine_ = make_engine();
};

TEST_F(Llama2c, ReadsSizesFromTheHeader) {
  const auto weights = load(bin({}));
  const Descriptor& d = weights->descriptor();
  EXPECT_EQ(d.hidden, 8);
  EXPECT_EQ(d.intermediate, 6);
  EXPECT_EQ(d.layers, 2);
  EXPECT_EQ(d.heads, 2);
  EXPECT_EQ(d.kv_heads, 1);
  EXPECT_EQ(d.head_size, 4);
  EXPECT_EQ(d.vocabulary, 5);
  EXPECT_EQ(d.context, 10);
  EXPECT_EQ(d.norm_epsilon, 1e-5);
  EXPECT_TRUE(d.tied);
  EXPECT_FALSE(load(bin({.vocab_size = -5}))->descriptor().tied);
}

TEST_F(Llama2c, PutsEveryNumberInItsPlace) {
  const auto weights = load(bin({.vocab_size = -5}));
  const float* data = weights->data();
  const TrunkOffsets& o = weights->offsets();
  // Where each tensor begins in the file: see bin().
  const float attention_norm = 1 + 40;
  const float wq = attention_norm + 16;
  const float wk = wq + 128;
  const float wv = wk + 64;
  const float wo = wv + 64;
  const float ffn_norm = wo + 128;
  const float w1 = ffn_norm + 16;
  const float w2 = w1 + 96;
  const float w3 = w2 + 96;
  const float final_norm = w3 + 96;
  EXPECT_EQ(data[o.embedding], 1.0f);
  EXPECT_EQ(data[o.layers[1].input_norm], attention_norm + 8);
  EXPECT_EQ(data[o.layers[1].value + 5], wv + 32 + 5);
  EXPECT_EQ(data[o.layers[1].output + 5], wo + 64 + 5);
  EXPECT_EQ(data[o.layers[1].post_norm], ffn_norm + 8);
  EXPECT_EQ(data[o.layers[1].gate + 5], w1 + 48 + 5);
  EXPECT_EQ(data[o.layers[1].down + 5], w2 + 48 + 5);
  EXPECT_EQ(data[o.layers[1].up + 5], w3 + 48 + 5);
  EXPECT_EQ(data[o.final_norm], final_norm);
  EXPECT_EQ(data[o.lm_head], final_norm + 8);
  EXPECT_EQ(data[o.lm_head + 39], final_norm + 8 + 39);
  // Pairs (0, 1), (2, 3) of a head become (0, 2), (1, 3): rows 0, 2, 1, 3 of the file.
  const int64_t row = 8;
  const int64_t order[] = {0, 2, 1, 3};
  for (int64_t head = 0; head < 2; ++head)
    for (int64_t j = 0; j < 4; ++j)
      EXPECT_EQ(data[o.layers[1].query + (head * 4 + j) * row + 3],
                wq + 64 + static_cast<float>((head * 4 + order[j]) * row + 3));
  for (int64_t j = 0; j < 4; ++j) EXPECT_EQ(data[o.layers[0].key + j * row], wk + static_cast<float>(order[j] * row));
}

TEST_F(Llama2c, HasAConfigThatReadsBack) {
  const auto weights = load(bin({.vocab_size = -5}));
  const Descriptor d = read_config(weights->config(), "config").descriptor;
  EXPECT_EQ(d.head_size, 4);
  EXPECT_EQ(d.norm_epsilon, 1e-5);
  EXPECT_EQ(d.context, 10);
  EXPECT_FALSE(d.tied);
  EXPECT_EQ(d.rope, weights->descriptor().rope);
}

TEST_F(Llama2c, RefusesHeadersThatLie) {
  const std::string good = bin({});
  expect_refused(good.substr(0, 27), PX_CORRUPT_DATA, "got 27;");
  expect_refused(good.substr(0, good.size() - 1), PX_CORRUPT_DATA,
                 std::to_string(good.size()) + " bytes, got " + std::to_string(good.size() - 1));
  expect_refused(good + "x", PX_CORRUPT_DATA, "got " + std::to_string(good.size() + 1));
  const auto with = [&](Header header) {
    std::string bytes = good;
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
  };
  expect_refused(with({.dim = 0}), PX_CORRUPT_DATA, "dim: expected 1 to 131072, got 0");
  expect_refused(with({.dim = 131072}), PX_CORRUPT_DATA, "asks for");
  expect_refused(with({.hidden_dim = -6}), PX_CORRUPT_DATA, "hidden_dim");
  expect_refused(with({.n_layers = 2000000000}), PX_CORRUPT_DATA, "n_layers");
  expect_refused(with({.n_heads = 3}), PX_CORRUPT_DATA, "got 8, 3, 1");
  expect_refused(with({.n_kv_heads = 0}), PX_CORRUPT_DATA, "n_kv_heads");
  expect_refused(with({.vocab_size = INT32_MIN}), PX_CORRUPT_DATA,
                 "vocab_size: expected 1 to 16777216, got 2147483648");
  expect_refused(with({.seq_len = 0}), PX_CORRUPT_DATA, "seq_len");
  expect_refused(with({.dim = 0x616b3432}), PX_UNSUPPORTED, "--version 0");
  EXPECT_EQ(engine_->memory.weights, 0);
}

TEST_F(Llama2c, NamesTheTensorOfANan) {
  std::string bytes = bin({});
  const float nan = NAN;
  std::memcpy(bytes.data() + 28 + (40 + 16 + 7) * sizeof(float), &nan, sizeof nan);  // in wq
  expect_refused(bytes, PX_NOT_FINITE, "'wq': element 7 of");
}

TEST_F(Llama2c, SurvivesDamage) {
  const std::string good = bin({});
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    for (size_t changes = 1 + random() % 3; changes > 0; --changes) bytes[random() % 28] ^= static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    try {
      read_llama2c_header(std::as_bytes(std::span(bytes)), "m.bin");
    } catch (const Error& error) {
      ASSERT_TRUE(error.status() == PX_CORRUPT_DATA || error.status() == PX_UNSUPPORTED) << error.message();
    }
  }
}

}  // namespace
