// A small random model made in code, and the ABI's handles as owned pointers.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "abi/engine.h"
#include "abi/model.h"
#include "ops/ops.h"
#include "proximal/proximal.h"

namespace tiny {

template <auto Release>
struct Releaser {
  template <class Handle>
  void operator()(Handle* handle) const {
    Release(handle);
  }
};

using EngineHandle = std::unique_ptr<px_engine, Releaser<px_engine_release>>;
using WeightsHandle = std::unique_ptr<px_weights, Releaser<px_weights_release>>;
using ModelHandle = std::unique_ptr<px_model, Releaser<px_model_release>>;
using TrainerHandle = std::unique_ptr<px_trainer, Releaser<px_trainer_release>>;
using GeneratorHandle = std::unique_ptr<px_generator, Releaser<px_generator_release>>;

inline std::string last_error() {
  std::vector<char> buffer(static_cast<size_t>(px_last_error(nullptr, 0)));
  px_last_error(buffer.data(), static_cast<int64_t>(buffer.size()));
  return buffer.data();
}

// Uniform numbers whose values the C++ standard fixes.
class Random {
 public:
  explicit Random(uint64_t seed) : bits_(seed) {}
  float between(float low, float high) {
    return low + (high - low) * static_cast<float>(static_cast<double>(bits_() >> 11) * 0x1p-53);
  }
  int32_t below(int32_t limit) { return static_cast<int32_t>(bits_() % static_cast<uint64_t>(limit)); }

 private:
  std::mt19937_64 bits_;
};

inline px::Descriptor descriptor(bool tied) {
  px::Descriptor d;
  d.vocabulary = 37;
  d.hidden = 16;
  d.intermediate = 24;
  d.layers = 2;
  d.heads = 4;
  d.kv_heads = 2;
  d.head_size = 4;
  d.context = 48;
  d.norm_epsilon = 1e-5;
  d.tied = tied;
  return d;
}

// Of families whose layers differ: grouped queries and gates; norms of heads; layer norms, gelu, biases, [in, out].
inline px::Descriptor shape_of(const std::string& family) {
  px::Descriptor shape = descriptor(true);
  if (family == "qwen3") {
    shape.family = px::FamilyId::kQwen3;
    shape.head_norm = true;
  } else if (family == "gpt2") {
    shape.family = px::FamilyId::kGpt2;
    shape.norm = px::NormKind::kLayer;
    shape.feed_forward = px::FeedForward::kGelu;
    shape.position = px::PositionKind::kLearned;
    shape.kv_heads = shape.heads;
    shape.qkv_bias = shape.output_bias = shape.mlp_bias = shape.transposed = true;
  }
  return shape;
}
inline constexpr const char* kShapes[] = {"llama", "qwen3", "gpt2"};

// Norms around 1, matrices so large that the logits differ by a few nats.
inline void randomise(px::Weights& weights, uint64_t seed) {
  Random random(seed);
  for (const px::TensorSpec& tensor : weights.tensors()) {
    const bool norm = tensor.shape.size() == 1;
    float* data = weights.data() + tensor.offset;
    for (int64_t i = 0; i < tensor.elements; ++i)
      data[i] = norm ? random.between(0.8f, 1.2f) : random.between(-0.6f, 0.6f);
  }
}

// The device of fixtures that name none: PROXIMAL_TEST_DEVICE=1 runs their tests on the emulated one.
inline int32_t device_of_tests() {
  const char* device = std::getenv("PROXIMAL_TEST_DEVICE");
  return device != nullptr ? std::atoi(device) : 0;
}

// An engine, of one thread unless said, with one model on it.
struct Fixture {
  explicit Fixture(px_head head = PX_HEAD_LM, bool tied = true, uint64_t seed = 7,
                   px::Descriptor shape = descriptor(true), int threads = 1, int32_t products = 0,
                   int32_t device = device_of_tests()) {
    if (device != 0) setenv("PROXIMAL_CUDA_LIBRARY", PROXIMAL_CUDA_EMULATED, 1);
    px_engine_options options{};
    options.struct_size = sizeof options;
    options.threads = threads;
    options.products = products;
    options.device = device;
    px_engine* e = nullptr;
    EXPECT_EQ(px_engine_create(&options, &e), PX_OK) << last_error();
    engine.reset(e);
    shape.tied = tied;
    auto made = std::make_shared<px::Weights>(e->engine, shape, "{}");
    randomise(*made, seed);
    made->settle();
    weights.reset(new px_weights{made});
    model = make_model(head);
  }

  ModelHandle make_model(px_head head) const {
    px_model_options options{};
    options.struct_size = sizeof options;
    options.head = head;
    options.head_init = head == PX_HEAD_SCALAR ? PX_HEAD_INIT_NORMAL : PX_HEAD_INIT_FROM_FILE;
    options.head_seed = 11;
    px_model* m = nullptr;
    EXPECT_EQ(px_model_create(weights.get(), &options, &m), PX_OK) << last_error();
    return ModelHandle(m);
  }

  const px::Descriptor& shape() const { return weights->weights->descriptor(); }
  std::atomic<int64_t>& unfinished() const { return weights->weights->unfinished_sequences; }

  EngineHandle engine;
  WeightsHandle weights;
  ModelHandle model;
};

// Writes past the ABI, which takes finite numbers alone, to where the parameters are.
inline void set_parameter(const Fixture& fixture, int64_t at, float value) {
  px::Weights& weights = *fixture.weights->weights;
  weights.engine()->run([&] {
    weights.engine()->ops().copy_in(weights.data() + at, &value, sizeof value);
    weights.engine()->ops().finish();
  });
}

// Packed sequences with everything a px_batch points to.
struct Sequences {
  std::vector<int32_t> tokens;
  std::vector<int64_t> offsets{0};
  std::vector<float> weight;  // empty: ones

  void add(const std::vector<int32_t>& sequence) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    offsets.push_back(static_cast<int64_t>(tokens.size()));
  }

  int64_t count() const { return static_cast<int64_t>(tokens.size()); }
  int64_t sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }

  px_batch batch() const {
    px_batch b{};
    b.struct_size = sizeof b;
    b.sequences = sequences();
    b.offsets = offsets.data();
    b.tokens = tokens.data();
    b.weight = weight.empty() ? nullptr : weight.data();
    return b;
  }
};

// Sequences of the given lengths with random tokens.
inline Sequences random_sequences(const std::vector<int>& lengths, int64_t vocabulary, uint64_t seed) {
  Random random(seed);
  Sequences sequences;
  for (const int length : lengths) {
    std::vector<int32_t> tokens;
    for (int i = 0; i < length; ++i) tokens.push_back(random.below(static_cast<int32_t>(vocabulary)));
    sequences.add(tokens);
  }
  return sequences;
}

}  // namespace tiny
