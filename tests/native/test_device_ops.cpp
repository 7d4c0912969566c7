// The table of operations of a device, the emulated one, beside the processor's: each operation on the same numbers.
#include <cmath>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/float16.h"
#include "kernel_test.h"
#include "kernels/sample/sample.h"
#include "ops/memory.h"
#include "tiny_model.h"

using namespace px;
using namespace px::test;

namespace {

using Floats = std::vector<float>;

constexpr double kF32 = 1e-5;        // observed at most 3e-6
constexpr double kBf16 = 1.0 / 128;  // a float that is rounded to its other neighbour

// One engine's operations, and the arrays that a test gives them and wants back.
class Table {
 public:
  explicit Table(int32_t device) {
    if (device != 0) setenv("PROXIMAL_CUDA_LIBRARY", PROXIMAL_CUDA_EMULATED, 1);
    auto options = make_args<px_engine_options>();
    options.threads = 2;
    options.device = device;
    px_engine* engine = nullptr;
    EXPECT_EQ(px_engine_create(&options, &engine), PX_OK) << last_error();
    engine_.reset(engine);
  }
  ~Table() { run([] {}); }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  Ops& ops() { return engine_->engine->ops(); }
  nlohmann::json counts() { return nlohmann::json::parse(ops().describe()); }

  // `body` on the engine's thread; what it wanted, one array behind the other.
  Floats run(const std::function<void()>& body) {
    Floats results;
    engine_->engine->run([&] {
      body();
      for (const Wanted& wanted : wanted_) append(wanted, results);
      wanted_.clear();
      arrays_.clear();
    });
    return results;
  }

  template <class T>
  T* given(const std::vector<T>& values) {
    T* array = make<T>(static_cast<int64_t>(values.size()));
    ops().copy_in(array, values.data(), values.size() * sizeof(T));
    ops().finish();
    return array;
  }

  float* random(int64_t n, uint32_t seed, double low = -1, double high = 1) {
    return given(random_floats(n, seed, low, high));
  }

  Values random(int64_t n, uint32_t seed, px_dtype dtype) {
    const Floats values = random_floats(n, seed, -1, 1);
    if (dtype == PX_DTYPE_F32) return {given(values), nullptr};
    std::vector<uint16_t> bits;
    for (const float value : values) bits.push_back(to_bf16(value));
    return {nullptr, given(bits)};
  }

  // What it holds at the end of run(); NaN before.
  float* wanted(int64_t n) { return wanted(given(Floats(static_cast<size_t>(n), kNan)), n); }
  float* wanted(float* array, int64_t n) {
    wanted_.push_back({array, nullptr, n});
    return array;
  }
  uint16_t* wanted_bf16(int64_t n) {
    uint16_t* array = given(std::vector<uint16_t>(static_cast<size_t>(n), 0x7fc0));
    wanted_.push_back({nullptr, array, n});
    return array;
  }
  Values wanted(int64_t n, px_dtype dtype) {
    return dtype == PX_DTYPE_F32 ? Values{wanted(n), nullptr} : Values{nullptr, wanted_bf16(n)};
  }

  std::byte* workspace(uint64_t bytes) { return make<std::byte>(static_cast<int64_t>(bytes)); }

 private:
  struct Wanted {
    const float* f32;
    const uint16_t* bf16;
    int64_t n;
  };

  template <class T>
  T* make(int64_t n) {
    return arrays_.emplace_back(ops()).reserve_of<T>(std::max<int64_t>(n, 1));
  }

  void append(const Wanted& wanted, Floats& to) {
    const auto n = static_cast<size_t>(wanted.n);
    Floats floats(n);
    std::vector<uint16_t> bits(n);
    if (wanted.f32 != nullptr) ops().copy_out(floats.data(), wanted.f32, n * sizeof(float));
    if (wanted.bf16 != nullptr) ops().copy_out(bits.data(), wanted.bf16, n * sizeof(uint16_t));
    ops().finish();
    if (wanted.bf16 != nullptr) std::ranges::transform(bits, floats.begin(), [](uint16_t b) { return from_bf16(b); });
    to.insert(to.end(), floats.begin(), floats.end());
  }

  tiny::EngineHandle engine_;
  std::vector<Buffer> arrays_;
  std::vector<Wanted> wanted_;
};

int64_t grown(const char* what, const nlohmann::json& before, const nlohmann::json& after) {
  return after[what].get<int64_t>() - before[what].get<int64_t>();
}

class DeviceOps : public testing::Test {
 protected:
  void TearDown() override {
    std::printf("[ observed ] apart by at most %.1e, where bf16 rounds by %.1e\n", most_f32_, most_bf16_);
  }

  // `body` does the same on both and says by wanted() what is to be alike; `more` are its results on the host.
  void expect_alike(double tolerance, const std::function<void(Table&, Floats& more)>& body) {
    std::vector<Floats> both;
    for (Table* table : {&cpu_, &device_}) {
      Floats more;
      Floats results = table->run([&] { body(*table, more); });
      results.insert(results.end(), more.begin(), more.end());
      both.push_back(std::move(results));
    }
    const auto& [expected, got] = std::tie(both[0], both[1]);
    ASSERT_EQ(expected.size(), got.size());
    ASSERT_FALSE(expected.empty());
    for (size_t i = 0; i < expected.size(); ++i) {
      if (std::isnan(expected[i]) && std::isnan(got[i])) continue;
      const double apart = std::abs(double{got[i]} - expected[i]) / std::max(1.0, std::abs(double{expected[i]}));
      ASSERT_LE(apart, tolerance) << i << " of " << expected.size() << ": got " << got[i] << ", expected " << expected[i];
      double& most = tolerance <= kF32 ? most_f32_ : most_bf16_;
      most = std::max(most, apart);
    }
  }

  void expect_alike(double tolerance, const std::function<void(Table&)>& body) {
    expect_alike(tolerance, [&](Table& t, Floats&) { body(t); });
  }

  Table cpu_{0}, device_{1};

 private:
  double most_f32_ = 0, most_bf16_ = 0;
};

TEST_F(DeviceOps, HoldMemory) {
  EXPECT_TRUE(cpu_.ops().on_host());
  EXPECT_FALSE(device_.ops().on_host());
  expect_alike(0, [](Table& t) {
    float* x = t.wanted(t.random(9, 1), 9);
    t.ops().copy(x, x + 4, 3 * sizeof(float));
    t.ops().zero(x + 7, 2 * sizeof(float));
    t.ops().copy(x, x + 4, 0);
    t.ops().zero(x, 0);
    t.ops().copy_in(x, nullptr, 0);
    t.ops().copy_out(nullptr, x, 0);
    std::byte* nothing = t.ops().allocate(0);
    EXPECT_NE(nothing, nullptr);
    t.ops().release(nothing, 0);
  });
}

// What is copied is counted, and so is what is held; nothing stays.
TEST_F(DeviceOps, CountWhatTheyCopyAndHold) {
  const nlohmann::json before = device_.counts();
  nlohmann::json during;
  device_.run([&] {
    device_.wanted(device_.given(Floats{1, 2, 3}), 3);
    during = device_.counts();
  });
  const nlohmann::json after = device_.counts();
  EXPECT_EQ(grown("live_bytes", before, during), 12);
  EXPECT_EQ(grown("live_bytes", before, after), 0);
  EXPECT_EQ(grown("copies_in", before, after), 1);
  EXPECT_EQ(grown("bytes_in", before, after), 12);
  EXPECT_EQ(grown("copies_out", before, after), 1);
  EXPECT_EQ(grown("bytes_out", before, after), 12);
}

TEST_F(DeviceOps, Embedding) {
  const std::vector<int32_t> tokens{4, 0, 10, 4, 3}, positions{0, 1, 2, 0, 6};
  for (const bool with_positions : {false, true})
    expect_alike(kF32, [&](Table& t) {
      auto args = make_args<px_embedding_args>();
      args.rows = 5;
      args.hidden = 33;
      args.vocabulary = 11;
      args.token = t.given(tokens);
      args.table = t.random(11 * 33, 1);
      if (with_positions) {
        args.positions = 7;
        args.position = t.given(positions);
        args.position_table = t.random(7 * 33, 2);
      }
      args.out = t.wanted(5 * 33);
      t.ops().embedding(args);
      auto back = make_args<px_embedding_backward_args>();
      back.rows = 5;
      back.hidden = 33;
      back.vocabulary = 11;
      back.token = t.given(tokens);
      back.d_out = t.random(5 * 33, 3);
      back.d_table = t.wanted(t.random(11 * 33, 4), 11 * 33);
      t.ops().embedding_backward(back);
    });
}

// A norm and its backward pass, which adds to the stream's gradient; both norms take the same arrays.
template <class Args, class Back>
void set_norm(Table& t, Args& args, Back& back, bool rounded) {
  args.rows = back.rows = 5;
  args.hidden = back.hidden = 33;
  args.x = t.random(5 * 33, 1);
  args.weight = t.random(33, 2, 0.5, 1.5);
  args.epsilon = 1e-5;
  args.out = t.wanted(5 * 33);
  args.rstd = t.wanted(5);
  if (rounded) args.out_bf16 = t.wanted_bf16(5 * 33);
  back.x = args.x;
  back.weight = args.weight;
  back.rstd = args.rstd;
  back.d_out = t.random(5 * 33, 4);
  back.d_x = t.wanted(t.random(5 * 33, 5), 5 * 33);
  if (rounded) back.d_x_bf16 = t.wanted_bf16(5 * 33);
  back.d_weight = t.wanted(t.random(33, 6), 33);
}

TEST_F(DeviceOps, RmsNorm) {
  for (const bool rounded : {false, true})
    expect_alike(rounded ? kBf16 : kF32, [&](Table& t) {
      auto args = make_args<px_rmsnorm_args>();
      auto back = make_args<px_rmsnorm_backward_args>();
      set_norm(t, args, back, rounded);
      back.flags = PX_RMSNORM_ADD;
      back.workspace_bytes = t.ops().rmsnorm_backward_bytes(5, 33);
      back.workspace = t.workspace(back.workspace_bytes);
      t.ops().rmsnorm(args);
      t.ops().rmsnorm_backward(back);
    });
}

TEST_F(DeviceOps, LayerNorm) {
  for (const bool rounded : {false, true})
    expect_alike(rounded ? kBf16 : kF32, [&](Table& t) {
      auto args = make_args<px_layernorm_args>();
      auto back = make_args<px_layernorm_backward_args>();
      set_norm(t, args, back, rounded);
      args.bias = t.random(33, 7);
      args.mean = t.wanted(5);
      back.flags = PX_LAYERNORM_ADD;
      back.mean = args.mean;
      back.d_bias = t.wanted(t.random(33, 8), 33);
      back.workspace_bytes = t.ops().layernorm_backward_bytes(5, 33);
      back.workspace = t.workspace(back.workspace_bytes);
      t.ops().layernorm(args);
      t.ops().layernorm_backward(back);
    });
}

TEST_F(DeviceOps, Rope) {
  constexpr int64_t kRows = 5, kHeads = 4, kKeys = 2, kSize = 6, kWidth = (kHeads + 2 * kKeys) * kSize;
  const std::vector<int32_t> positions{0, 1, 2, 0, 6};
  for (const bool norm : {false, true})
    expect_alike(kF32, [&](Table& t) {
      auto args = make_args<px_rope_args>();
      auto back = make_args<px_rope_backward_args>();
      args.rows = back.rows = kRows;
      args.heads = back.heads = kHeads;
      args.kv_heads = back.kv_heads = kKeys;
      args.head_size = back.head_size = kSize;
      args.positions = back.positions = 7;
      args.position = back.position = t.given(positions);
      args.cos = back.cos = t.random(7 * kSize / 2, 1);
      args.sin = back.sin = t.random(7 * kSize / 2, 2);
      args.x = t.random(kRows * kWidth, 3);
      args.out = t.wanted(kRows * kWidth);
      back.d_out = t.random(kRows * kWidth, 4);
      back.d_x = t.wanted(kRows * kWidth);
      if (norm) {
        args.query_norm = back.query_norm = t.random(kSize, 5, 0.5, 1.5);
        args.key_norm = back.key_norm = t.random(kSize, 6, 0.5, 1.5);
        args.epsilon = 1e-6;
        args.rstd = t.wanted(kRows * (kHeads + kKeys));
        back.x = args.x;
        back.rstd = args.rstd;
        back.d_query_norm = t.wanted(t.random(kSize, 7), kSize);
        back.d_key_norm = t.wanted(t.random(kSize, 8), kSize);
        back.workspace_bytes = t.ops().rope_backward_bytes(kRows, kHeads, kKeys, kSize);
        back.workspace = t.workspace(back.workspace_bytes);
      }
      t.ops().rope(args);
      t.ops().rope_backward(back);
    });
}

TEST_F(DeviceOps, Activations) {
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
    expect_alike(dtype == PX_DTYPE_F32 ? kF32 : kBf16, [&](Table& t) {
      constexpr int64_t kRows = 3, kFeatures = 35;
      const Values gate_up = t.random(kRows * 2 * kFeatures, 1, dtype);
      const Values gated = t.wanted(kRows * kFeatures, dtype), d_gate_up = t.wanted(kRows * 2 * kFeatures, dtype);
      const float* d_out = t.random(kRows * kFeatures, 2);
      auto swiglu = make_args<px_swiglu_args>();
      swiglu.rows = kRows;
      swiglu.features = kFeatures;
      swiglu.gate_up = gate_up.f32;
      swiglu.gate_up_bf16 = gate_up.bf16;
      swiglu.out = gated.f32;
      swiglu.out_bf16 = gated.bf16;
      t.ops().swiglu(swiglu);
      auto swiglu_back = make_args<px_swiglu_backward_args>();
      swiglu_back.rows = kRows;
      swiglu_back.features = kFeatures;
      swiglu_back.gate_up = gate_up.f32;
      swiglu_back.gate_up_bf16 = gate_up.bf16;
      swiglu_back.d_out = d_out;
      swiglu_back.d_gate_up = d_gate_up.f32;
      swiglu_back.d_gate_up_bf16 = d_gate_up.bf16;
      t.ops().swiglu_backward(swiglu_back);

      const Values x = t.random(kRows * kFeatures, 3, dtype);
      const Values activated = t.wanted(kRows * kFeatures, dtype), d_x = t.wanted(kRows * kFeatures, dtype);
      auto gelu = make_args<px_gelu_args>();
      gelu.count = kRows * kFeatures;
      gelu.x = x.f32;
      gelu.x_bf16 = x.bf16;
      gelu.out = activated.f32;
      gelu.out_bf16 = activated.bf16;
      t.ops().gelu(gelu);
      auto gelu_back = make_args<px_gelu_backward_args>();
      gelu_back.count = kRows * kFeatures;
      gelu_back.x = x.f32;
      gelu_back.x_bf16 = x.bf16;
      gelu_back.d_out = d_out;
      gelu_back.d_x = d_x.f32;
      gelu_back.d_x_bf16 = d_x.bf16;
      t.ops().gelu_backward(gelu_back);
      t.ops().cast(t.random(100, 4), 100, t.wanted_bf16(100));
    });
}

// Linears as models have them; [count, in] to [count, out]. Offsets into an arena of kArena floats.
constexpr int64_t kArena = 2000;

Linear linear_of(std::vector<Piece> pieces, bool transposed, px_dtype dtype) {
  Linear linear;
  for (const Piece& piece : pieces) linear.out += piece.out;
  linear.pieces = std::move(pieces);
  linear.in = 17;
  linear.transposed = transposed;
  linear.dtype = dtype;
  return linear;
}

std::vector<Linear> linears(px_dtype dtype) {
  return {linear_of({{100, -1, 23}}, false, dtype),                               // a matrix
          linear_of({{100, 1900, 23}}, false, dtype),                             // and a bias
          linear_of({{0, 1800, 8}, {500, 1850, 4}, {300, 1820, 4}}, false, dtype),  // pieces apart, out of order
          linear_of({{0, -1, 6}, {6 * 17, -1, 5}}, false, dtype),                 // pieces side by side
          linear_of({{40, 1900, 23}}, true, dtype)};                              // [in, out], as GPT-2's
}

TEST_F(DeviceOps, Products) {
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
    for (const Linear& shape : linears(dtype))
      for (const int64_t count : {1, 7})
        expect_alike(dtype == PX_DTYPE_F32 ? kF32 : kBf16, [&](Table& t) {
          Linear linear = shape;
          t.ops().pack(t.random(kArena, 1), linear, false, t.workspace(t.ops().packed_bytes(linear, false)));
          const Values x = t.random(count * linear.in, 2, dtype);
          t.ops().project(linear, x, count, nullptr, t.wanted(count * linear.out, dtype));
          t.ops().project(linear, x, count, t.random(count * linear.out, 3), {t.wanted(count * linear.out), nullptr});
          float* in_place = t.wanted(t.random(count * linear.out, 4), count * linear.out);
          t.ops().project(linear, x, count, in_place, {in_place, nullptr});
          t.ops().project_gelu(linear, x, count, t.wanted(count * linear.out, dtype));
        });
}

TEST_F(DeviceOps, GradientsOfProducts) {
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
    for (const Linear& shape : linears(dtype))
      for (const int64_t count : {1, 7})
        expect_alike(dtype == PX_DTYPE_F32 ? kF32 : kBf16, [&](Table& t) {
          Linear linear = shape;
          const float* arena = t.random(kArena, 1);
          t.ops().pack(arena, linear, false, t.workspace(t.ops().packed_bytes(linear, false)));
          const Values x = t.random(count * linear.in, 2, dtype), d_y = t.random(count * linear.out, 3, dtype);
          // What lies between the pieces stays as it is.
          t.ops().project_backward(arena, linear, x, d_y, count, t.wanted(count * linear.in),
                                   t.wanted(t.random(kArena, 4), kArena),
                                   t.workspace(t.ops().project_backward_bytes(linear, count)));
        });
}

TEST_F(DeviceOps, AMatrixInOutInPiecesIsRefused) {
  device_.run([&] {
    Linear linear = linear_of({{0, -1, 6}, {200, -1, 5}}, true, PX_DTYPE_F32);
    std::byte* memory = device_.workspace(device_.ops().packed_bytes(linear, false));
    try {
      device_.ops().pack(device_.random(kArena, 1), linear, false, memory);
      ADD_FAILURE() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), PX_UNSUPPORTED);
      EXPECT_NE(error.message().find("device 0"), std::string::npos) << error.message();
    }
  });
}

kernels::AttentionShape attention_of(px_dtype dtype) { return {4, 2, 6, dtype}; }

TEST_F(DeviceOps, PackedAttention) {
  const std::vector<int64_t> offsets{0, 5, 5, 75, 76}, shared{0, 0, 0, 66};
  for (const int64_t* const families : {static_cast<const int64_t*>(nullptr), shared.data()})
    for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
      for (const int64_t window : {0, 7})
        expect_alike(dtype == PX_DTYPE_F32 ? kF32 : 2 * kBf16, [&](Table& t) {
          const kernels::AttentionShape shape = attention_of(dtype);
          const auto attention = t.ops().packed_attention(shape, {offsets.data(), 4, families});
          AttentionRows rows;
          rows.scale = 0.4f;
          rows.window = window;
          rows.qkv = t.random(76 * shape.row(), 1, -2, 2);
          rows.out = t.wanted(76 * 4 * 6, dtype);
          rows.lse = t.wanted(76 * 4);
          attention->forward(rows, t.workspace(attention->forward_bytes()));
          attention->backward(rows, t.random(76 * 4 * 6, 2), t.wanted(76 * shape.row()),
                              t.workspace(attention->backward_bytes()));
          t.ops().finish();
        });
}

// Two layers in the pages of two sequences, whose rows come in two steps.
TEST_F(DeviceOps, CachedAttention) {
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
    expect_alike(dtype == PX_DTYPE_F32 ? kF32 : 2 * kBf16, [&](Table& t) {
      const kernels::AttentionShape shape = attention_of(dtype);
      const uint64_t page_bytes = 2 * static_cast<uint64_t>(shape.kv_heads) * t.ops().block_bytes(shape);
      std::vector<uint32_t*> pages;
      for (int i = 0; i < 3; ++i) pages.push_back(reinterpret_cast<uint32_t*>(t.workspace(page_bytes)));
      const std::vector<std::vector<kernels::AttentionSequence>> steps{{{0, 62, 0, pages.data()}},
                                                                       {{0, 3, 62, pages.data()}, {3, 2, 0, &pages[2]}}};
      for (const auto& sequences : steps) {
        const int64_t count = sequences.back().first_row + sequences.back().rows;
        const auto attention = t.ops().cached_attention(shape, sequences);
        for (const int64_t layer : {0, 1}) {
          AttentionRows rows;
          rows.layer = layer;
          rows.scale = 0.4f;
          rows.window = layer == 0 ? 0 : 9;
          rows.qkv = t.random(count * shape.row(), static_cast<uint32_t>(10 * count + layer), -2, 2);
          rows.out = t.wanted(count * 4 * 6, dtype);
          attention->forward(rows, t.workspace(attention->forward_bytes()));
        }
        t.ops().finish();
      }
    });
}

TEST_F(DeviceOps, AHeadOfAttentionThatIsTooWideIsRefused) {
  const std::vector<int64_t> offsets{0, 2};
  device_.run([&] {
    for (const bool packed : {true, false}) {
      const kernels::AttentionShape shape{1, 1, 130, PX_DTYPE_F32};
      try {
        packed ? (void)device_.ops().packed_attention(shape, {offsets.data(), 1}) : (void)device_.ops().cached_attention(shape, {});
        ADD_FAILURE() << "expected an error";
      } catch (const Error& error) {
        EXPECT_EQ(error.status(), PX_UNSUPPORTED);
        EXPECT_NE(error.message().find("1 to 128, got 130"), std::string::npos) << error.message();
        EXPECT_NE(error.message().find("device 0"), std::string::npos) << error.message();
      }
    }
  });
}

// Slopes that tell rows apart; notes what it was given.
class Slopes final : public kernels::HeadObjective {
 public:
  explicit Slopes(Floats& seen) : seen_(seen) {}
  void operator()(int64_t first, int64_t count, const float* logprob, const float* entropy, float* d_logprob,
                  float* d_entropy) override {
    EXPECT_EQ(first * 2, static_cast<int64_t>(seen_.size())) << "blocks come in order";
    for (int64_t i = 0; i < count; ++i) {
      seen_.insert(seen_.end(), {logprob[i], entropy[i]});
      EXPECT_EQ(d_logprob[i], 0.0f);
      EXPECT_EQ(d_entropy[i], 0.0f);
      d_logprob[i] = 0.1f * static_cast<float>(first + i + 1);
      if (i % 2 == 0) d_entropy[i] = -0.3f * static_cast<float>(first + i + 1);
    }
  }

 private:
  Floats& seen_;
};

Linear packed_head(Table& t, int64_t hidden, int64_t vocabulary, px_dtype dtype) {
  Linear head;
  head.pieces = {{0, -1, vocabulary}};
  head.in = hidden;
  head.out = vocabulary;
  head.dtype = dtype;
  t.ops().pack(t.random(vocabulary * hidden, 1), head, true, t.workspace(t.ops().packed_bytes(head, true)));
  return head;
}

void use_head(Table& t, Floats& more, int64_t n, int64_t hidden, int64_t vocabulary, px_dtype dtype) {
  const Linear head = packed_head(t, hidden, vocabulary, dtype);
  std::vector<int32_t> targets;
  for (int64_t i = 0; i < n; ++i) targets.push_back(static_cast<int32_t>((7 * i + vocabulary - 1) % vocabulary));
  const HeadRows rows{head, n, t.random(n * hidden, 2, dtype), t.given(targets), 0.7};
  std::vector<float> logprob(targets.size()), entropy(targets.size());
  t.ops().head_logprob(rows, logprob.data(), entropy.data(), t.workspace(t.ops().head_bytes(head, n, false)));
  Floats seen;
  Slopes slopes(seen);
  float *const d_hidden = t.wanted(n * hidden), *const d_head = t.wanted(t.random(vocabulary * hidden, 3), vocabulary * hidden);
  std::byte* const workspace = t.workspace(t.ops().head_bytes(head, n, true));
  const nlohmann::json before = t.counts();
  t.ops().head_gradient(rows, slopes, d_hidden, d_head, workspace);
  if (!t.ops().on_host()) {
    EXPECT_EQ(grown("bytes_out", before, t.counts()), 8 * n) << "log-probs and entropies";
    EXPECT_EQ(grown("bytes_in", before, t.counts()), 8 * n) << "their slopes";
  }
  ASSERT_EQ(seen.size(), 2 * targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    EXPECT_EQ(seen[2 * i], logprob[i]) << "one computation, the same bits";
    EXPECT_EQ(seen[2 * i + 1], entropy[i]);
  }
  more = seen;
}

TEST_F(DeviceOps, Heads) {
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
    expect_alike(dtype == PX_DTYPE_F32 ? kF32 : 2 * kBf16,
                 [&](Table& t, Floats& more) { use_head(t, more, 7, 16, 37, dtype); });
}

// More rows than logits go by at once: 30 of this vocabulary.
TEST_F(DeviceOps, HeadsOfManyRowsGoByInBlocks) {
  expect_alike(kF32, [&](Table& t, Floats& more) { use_head(t, more, 33, 2, 524288, PX_DTYPE_F32); });
}

TEST_F(DeviceOps, ScalarHeadsAndRows) {
  const std::vector<int64_t> rows{4, 0, 3};
  expect_alike(kF32, [&](Table& t, Floats& more) {
    const kernels::ScalarRows scalar{t.random(5 * 33, 1), t.given(rows), 3, 33, t.random(33, 2)};
    std::vector<float> values(3);
    t.ops().scalar_head(scalar, values.data());
    more = values;
    const std::vector<float> slopes{0.5f, -2.0f, 0.25f};
    const Arrivals arrivals(t.ops());
    t.ops().scalar_head_backward(scalar, slopes.data(), t.wanted(3 * 33), t.wanted(t.random(33, 3), 33));
    t.ops().gather_rows(scalar.x, 33 * 4, scalar.rows, 3, t.wanted(3 * 33));
    t.ops().gather_rows(t.random(5 * 33, 4, PX_DTYPE_BF16).bf16, 33 * 2, scalar.rows, 3, t.wanted_bf16(3 * 33));
    t.ops().add_rows(t.random(3 * 33, 5), 33, scalar.rows, 3, t.wanted(t.random(5 * 33, 6), 5 * 33));
    t.ops().add_rows(nullptr, 33, scalar.rows, 0, nullptr);
  });
}

TEST_F(DeviceOps, TheOptimizer) {
  expect_alike(kF32, [](Table& t, Floats& more) {
    auto args = make_args<px_adamw_args>();
    args.count = 1001;
    args.parameter = t.wanted(t.random(1001, 1), 1001);
    args.gradient = t.random(1001, 2);
    args.exp_avg = t.wanted(t.random(1001, 3), 1001);
    args.exp_avg_sq = t.wanted(t.random(1001, 4, 0, 1), 1001);
    args.step = 3;
    args.learning_rate = 0.01;
    args.beta1 = 0.9;
    args.beta2 = 0.95;
    args.epsilon = 1e-5;
    args.weight_decay = 0.1;
    args.gradient_scale = 0.5;
    t.ops().adamw(args);
    more = {static_cast<float>(t.ops().squared_norm(args.gradient, 1001))};
  });
}

// Rows whose draws differ in what they want, and some whose logits are not finite.
TEST_F(DeviceOps, Sampling) {
  constexpr int64_t kVocabulary = 101;
  std::vector<px_sample_args> draws;
  for (uint64_t i = 0; i < 12; ++i) {
    auto draw = make_args<px_sample_args>();
    draw.vocabulary = kVocabulary;
    draw.seed = 5;
    draw.sample_id = i;
    draw.index = 3 * i;
    if (i >= 3) draw.temperature = 0.8;
    if (i >= 6) draw.top_k = 20;
    if (i >= 8) draw.top_p = 0.9;
    if (i == 10) draw.flags = PX_SAMPLE_GREEDY;
    draws.push_back(kernels::with_defaults(draw));
  }
  expect_alike(0, [&](Table& t, Floats& more) {
    Floats logits = random_floats(12 * kVocabulary, 1, -3, 3);
    logits[4 * kVocabulary + 50] = kNan;
    logits[11 * kVocabulary + 1] = kInf;
    std::vector<int32_t> tokens(12, -7);
    t.ops().sample(t.given(logits), draws, tokens);
    more.assign(tokens.begin(), tokens.end());
    for (const size_t row : {4u, 11u}) EXPECT_EQ(tokens[row], -1) << row;
    EXPECT_GE(tokens[5], 0) << "beside a row that is not finite";
  });
}

// Rows drawn from hidden states and the head are those drawn from their logits, whatever filters stand side by side.
void draw_from_head(Table& t, Floats& more, const std::vector<px_sample_args>& draws, px_dtype dtype) {
  constexpr int64_t kHidden = 16, kVocabulary = 300;
  const auto n = static_cast<int64_t>(draws.size());
  const Linear head = packed_head(t, kHidden, kVocabulary, dtype);
  const Values hidden = t.random(n * kHidden, 2, dtype);
  std::vector<int32_t> tokens(draws.size(), -7), expected(draws.size(), -7);
  std::vector<TokenScore> scores(draws.size(), {kNan, kNan}), expected_scores(draws.size());
  t.ops().draw(head, hidden, draws, tokens, scores, t.workspace(t.ops().draw_bytes(head, draws)));

  auto* const logits = reinterpret_cast<float*>(t.workspace(static_cast<uint64_t>(n * kVocabulary) * sizeof(float)));
  t.ops().project(head, hidden, n, nullptr, {logits});
  t.ops().sample(logits, draws, expected);
  t.ops().score(logits, draws, expected, expected_scores);
  EXPECT_EQ(tokens, expected);
  for (size_t i = 0; i < draws.size(); ++i) {
    EXPECT_EQ(scores[i].logprob, expected_scores[i].logprob) << i;
    EXPECT_EQ(scores[i].entropy, expected_scores[i].entropy) << i;
    more.insert(more.end(), {static_cast<float>(tokens[i]), scores[i].logprob, scores[i].entropy});
  }
}

TEST_F(DeviceOps, Drawing) {
  std::vector<px_sample_args> plain, filtered, mixed;
  for (uint64_t i = 0; i < 30; ++i) {
    auto draw = make_args<px_sample_args>();
    draw.vocabulary = 300;
    draw.seed = 5;
    draw.sample_id = i;
    draw.flags = i % 7 == 0 ? PX_SAMPLE_GREEDY : 0;
    draw.temperature = i % 2 == 0 ? 1 : 0.8;
    plain.push_back(kernels::with_defaults(draw));
    draw.top_k = 20;
    draw.top_p = i % 3 == 0 ? 0.9 : 1;
    filtered.push_back(kernels::with_defaults(draw));
    mixed.push_back(i % 4 == 1 ? filtered.back() : plain.back());
  }
  for (const px_dtype dtype : {PX_DTYPE_F32, PX_DTYPE_BF16})
    for (const auto& draws : {plain, filtered, mixed})
      expect_alike(kF32, [&](Table& t, Floats& more) { draw_from_head(t, more, draws, dtype); });
}

TEST_F(DeviceOps, ScoresOfSampledRows) {
  const std::vector<int32_t> tokens{3, 36, 0, -1, 5};
  std::vector<px_sample_args> draws;
  for (const double temperature : {1.0, 1.0, 0.7, 0.7, 1.0}) {
    auto draw = make_args<px_sample_args>();
    draw.vocabulary = 37;
    draw.temperature = temperature;
    draws.push_back(kernels::with_defaults(draw));
  }
  expect_alike(kF32, [&](Table& t, Floats& more) {
    std::vector<TokenScore> scores(5, {kNan, kNan});
    t.ops().score(t.random(5 * 37, 1, -3, 3), draws, tokens, scores);
    for (const TokenScore& score : scores) more.insert(more.end(), {score.logprob, score.entropy});
    EXPECT_EQ(scores[3].logprob, 0.0f) << "no token";
    EXPECT_EQ(scores[3].entropy, 0.0f);
  });
}

}  // namespace
