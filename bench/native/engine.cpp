// What an iteration consists of, on the shape of a 135M model: the engine's own backend in bf16 beside LibTorch's.
#include <algorithm>
#include <optional>

#include "abi/engine.h"
#include "shape_135m.h"
#include "suite.h"
#include "timed_ops.h"

namespace px::bench {
namespace {

constexpr int kPrompt = 128;

// The key-values of a vocabulary in a GGUF file.
class GgufWords {
 public:
  static constexpr int64_t kCount = 6;

  explicit GgufWords(int64_t count) {
    constexpr uint32_t kU32 = 4, kI32 = 5, kString = 8;
    key("tokenizer.ggml.model", kString);
    text("gpt2");
    array("tokenizer.ggml.tokens", kString, count);
    for (int64_t id = 0; id < count; ++id) text("word" + std::to_string(id));
    array("tokenizer.ggml.token_type", kI32, count);
    for (int64_t id = 0; id < count; ++id) number<int32_t>(1);
    array("tokenizer.ggml.merges", kString, 1);
    text("w o");
    for (const char* role : {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id"}) {
      key(role, kU32);
      number<uint32_t>(0);
    }
  }

  const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(bytes_.data()); }
  int64_t size() const { return static_cast<int64_t>(bytes_.size()); }

 private:
  template <class T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(const std::string& value) {
    number<uint64_t>(value.size());
    bytes_ += value;
  }
  void key(const char* name, uint32_t type) {
    text(name);
    number(type);
  }
  void array(const char* name, uint32_t type, int64_t count) {
    constexpr uint32_t kArray = 9;
    key(name, kArray);
    number(type);
    number(static_cast<uint64_t>(count));
  }

  std::string bytes_;
};

// A model of random weights on an engine of its own.
class Side {
 public:
  Side(Suite& suite, px_backend backend)
      : engine_(engine_of(backend, suite.threads())),
        weights_(nullptr, &px_weights_release),
        model_(nullptr, &px_model_release) {
    if (backend == PX_BACKEND_CORE)
      abi::engine_of(engine_.get()).wrap_ops([this](std::unique_ptr<Ops> ops) { return timed(std::move(ops), meter_); });
    weights_ = random_135m(engine_.get(), 1);
    px_model* model = nullptr;
    Suite::check(px_model_create(weights_.get(), nullptr, &model));
    model_.reset(model);
  }

  px_model* model() const { return model_.get(); }

  // The model with a vocabulary of any words, for programs that want one.
  void save_gguf(const char* path) const {
    const GgufWords words(static_cast<int64_t>(kVocabulary));
    auto options = make_args<px_gguf_options>();
    options.type = PX_GGUF_BF16;
    options.metadata = words.bytes();
    options.metadata_bytes = words.size();
    options.metadata_count = GgufWords::kCount;
    Suite::check(px_model_save_gguf(model_.get(), path, &options));
  }

  // Notes with the last case where the time of a run goes.
  void note_ops(Suite& suite, const Run& run) const {
    const auto start = std::chrono::steady_clock::now();
    meter_.start();
    run();
    meter_.stop();
    suite.note("ops", meter_.totals(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()));
  }

 private:
  mutable Meter meter_;
  Engine engine_;
  Weights weights_;
  std::unique_ptr<px_model, decltype(&px_model_release)> model_;
};

class Rollout {
 public:
  Rollout(const Side& side, int64_t batch) : batch_(batch), generator_(nullptr, &px_generator_release) {
    auto options = make_args<px_generator_options>();
    options.max_batch = batch;
    px_generator* generator = nullptr;
    Suite::check(px_generator_create(side.model(), &options, &generator));
    generator_.reset(generator);
  }

  void submit(int64_t max_new_tokens) {
    auto request = make_args<px_generate_request>();
    for (int64_t i = 0; i < batch_; ++i) {
      // Other prompts each time: what was computed before is not shared.
      const std::vector<int32_t> prompt = random_tokens(kPrompt, 1);
      prompt_ = prompt;
      prompt_[0] = static_cast<int32_t>(100 + ids_ % 40000);
      request.sample_id = ids_++;
      request.prompt = prompt_.data();
      request.prompt_count = kPrompt;
      request.max_new_tokens = max_new_tokens;
      Suite::check(px_generator_submit(generator_.get(), &request));
    }
  }

  // One step: a token for each sequence.
  void step() {
    events_.resize(static_cast<size_t>(batch_));
    int64_t count = 0;
    Suite::check(px_generator_poll(generator_.get(), events_.data(), batch_, &count));
    if (count != batch_) throw std::runtime_error("engine: a step without a token for each sequence");
  }

 private:
  int64_t batch_;
  uint64_t ids_ = 0;
  std::vector<int32_t> prompt_;
  std::vector<px_generation_event> events_;
  std::unique_ptr<px_generator, decltype(&px_generator_release)> generator_;
};

// The LibTorch backend's; absent without peers.
using OtherSide = std::optional<Side>;

// The same work of ours and, if it is there, of the other side.
template <class T, class Run>
std::vector<Contender> both(T& ours, std::optional<T>& other, const Run& run) {
  Contender torch{"LibTorch backend", {}};
  if (other.has_value()) torch.run = [&other, run] { run(*other); };
  return {{"Proximal", [&ours, run] { run(ours); }}, std::move(torch)};
}

void decode(Suite& suite, const Side& ours, const OtherSide& torch, int64_t batch) {
  const std::string name = "decode, " + std::to_string(batch) + " sequences of 128 and on";
  if (!suite.wants(name)) return;
  Rollout first(ours, batch);
  std::optional<Rollout> second;
  if (torch.has_value()) second.emplace(*torch, batch);
  const auto start = [](Rollout& rollout) {
    rollout.submit(1500);
    rollout.step();
  };
  start(first);
  if (second.has_value()) start(*second);
  // Of the middle of the measurement, which begins at the prompt's end.
  const double keys = kPrompt + 30, rows = static_cast<double>(batch);
  suite.measure(name,
                {.flop = rows * (2 * (kBody + kHead) + attention_flop(keys)),
                 .dtype = PX_DTYPE_BF16,
                 .read_bytes = 2 * (kBody + kHead) + rows * keys * kLayers * kKeyValues * 2},
                both(first, second, [](Rollout& rollout) { rollout.step(); }));
  ours.note_ops(suite, [&] { first.step(); });
}

void prefill(Suite& suite, const Side& ours, const OtherSide& torch) {
  constexpr int64_t kBatch = 64;
  constexpr const char* kName = "prefill, 64 prompts of 128";
  if (!suite.wants(kName)) return;
  Rollout first(ours, kBatch);
  std::optional<Rollout> second;
  if (torch.has_value()) second.emplace(*torch, kBatch);
  const auto run = [](Rollout& rollout) {
    rollout.submit(1);
    rollout.step();
  };
  const double rows = kPrompt * (2 * kBody + attention_flop((kPrompt + 1) / 2.0));
  suite.measure(kName, {.flop = kBatch * (rows + 2 * kHead), .dtype = PX_DTYPE_BF16}, both(first, second, run));
  ours.note_ops(suite, [&] { run(first); });
}

// Packed sequences with one pass of a trainer over them.
class Training {
 public:
  // Of the sequences' first `prompt` tokens all are one prompt.
  Training(const Side& side, const std::vector<int64_t>& lengths, int64_t prompt) : trainer_(nullptr, &px_trainer_release) {
    auto options = make_args<px_trainer_options>();
    px_trainer* trainer = nullptr;
    Suite::check(px_trainer_create(side.model(), &options, &trainer));
    trainer_.reset(trainer);
    for (const int64_t length : lengths) offsets_.push_back(offsets_.back() + length);
    tokens_ = random_tokens(offsets_.back(), 7);
    for (size_t s = 0; s < lengths.size(); ++s) std::copy_n(tokens_.begin(), prompt, tokens_.begin() + offsets_[s]);
  }

  void accumulate() {
    auto batch = make_args<px_batch>();
    batch.sequences = static_cast<int64_t>(offsets_.size()) - 1;
    batch.offsets = offsets_.data();
    batch.tokens = tokens_.data();
    auto objective = make_args<px_objective>();
    objective.kind = PX_OBJECTIVE_CROSS_ENTROPY;
    objective.normalizer = static_cast<double>(tokens_.size());
    Suite::check(px_trainer_accumulate(trainer_.get(), &batch, &objective, nullptr));
  }

  void step() {
    auto args = make_args<px_step_args>();
    args.learning_rate = 1e-6;
    auto result = make_args<px_step_result>();
    Suite::check(px_trainer_step(trainer_.get(), &args, &result));
  }

 private:
  std::vector<int64_t> offsets_{0};
  std::vector<int32_t> tokens_;
  std::unique_ptr<px_trainer, decltype(&px_trainer_release)> trainer_;
};

void train(Suite& suite, const Side& ours, const OtherSide& torch, const char* name, const std::vector<int64_t>& lengths,
           int64_t prompt = 0) {
  if (!suite.wants(name)) return;
  Training first(ours, lengths, prompt);
  std::optional<Training> second;
  if (torch.has_value()) second.emplace(*torch, lengths, prompt);
  double flop = 0;
  for (const int64_t length : lengths) {
    const auto n = static_cast<double>(length);
    flop += 3 * (n * (2 * (kBody + kHead) + attention_flop((n + 1) / 2)));
  }
  const auto run = [](Training& training) {
    training.accumulate();
    training.step();
  };
  suite.measure(name, {.flop = flop, .dtype = PX_DTYPE_BF16}, both(first, second, run));
  ours.note_ops(suite, [&] { run(first); });
}

void measure_engine(Suite& suite) {
  const Side ours(suite, PX_BACKEND_CORE);
  OtherSide torch;
  if (!suite.alone()) torch.emplace(suite, PX_BACKEND_TORCH);
  for (const int64_t batch : {1, 8, 32, 64}) decode(suite, ours, torch, batch);
  prefill(suite, ours, torch);
  train(suite, ours, torch, "training step, 4 x 256 tokens, with AdamW", {256, 256, 256, 256});
  train(suite, ours, torch, "training step, 1024 tokens in lengths of 32 to 256, with AdamW", {256, 32, 224, 64, 192, 96, 128, 32});
  // Its limit is that of sequences that share nothing.
  train(suite, ours, torch, "training step, 4 x 256 tokens of which 128 are one prompt, with AdamW", {256, 256, 256, 256}, 128);
}

const Registration engine("engine", &measure_engine);

}  // namespace

void save_engine_model(Suite& suite, const char* path) { Side(suite, PX_BACKEND_CORE).save_gguf(path); }

}  // namespace px::bench
