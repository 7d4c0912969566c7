// One PPO iteration with four models of the 135M shape, each with weights of its own: 32 prompts of 128 tokens, 128 new ones
// each, one epoch of four minibatches; by phases, beside the LibTorch backend in fp32. Each side does it once.
#include <chrono>
#include <map>

#include "shape_135m.h"
#include "suite.h"

namespace px::bench {
namespace {

constexpr int64_t kSequences = 32, kPromptTokens = 128, kNewTokens = 128, kLength = kPromptTokens + kNewTokens;
constexpr int64_t kPassSequences = 4;  // of a pass: 1024 tokens
constexpr int64_t kMinibatchSequences = 8;

constexpr const char* kPhases[] = {"rollout", "scoring", "update"};

struct PhaseWork {
  double flop = 0, bytes = 0;
};

// Positions that the rows of a whole sequence see.
constexpr double kSeen = static_cast<double>(kLength) * (kLength + 1) / 2;

PhaseWork work_of(const std::string& phase) {
  constexpr double kRows = kSequences;
  const double body = kRows * (kLength * 2 * kBody + attention_flop(kSeen));
  const double head = kRows * kNewTokens * 2 * kHead;
  // Each step of decoding reads the weights, and the keys and values so far.
  const double keys = kNewTokens * (kPromptTokens + kNewTokens / 2.0) * kRows * kLayers * kKeyValues * 2;
  if (phase == "rollout") return {body + head, kNewTokens * 2 * (kBody + kHead) + keys};
  if (phase == "scoring") return {3 * body + head, 0};
  return {3 * (2 * body + head), 0};
}

class Iteration {
 public:
  Iteration(int threads, px_backend backend) : engine_(engine_of(backend, threads)) {
    actor_ = model(1, PX_HEAD_LM);
    reference_ = model(1, PX_HEAD_LM);
    critic_ = model(2, PX_HEAD_SCALAR);
    reward_ = model(3, PX_HEAD_SCALAR);
    actor_trainer_ = trainer(actor_.get());
    critic_trainer_ = trainer(critic_.get());
    for (int64_t s = 0; s <= kPassSequences; ++s) offsets_.push_back(s * kLength);
  }

  // Seconds by phase.
  std::map<std::string, double> run() {
    std::map<std::string, double> seconds;
    const auto timed = [&](const char* phase, const auto& body) {
      const auto start = std::chrono::steady_clock::now();
      body();
      seconds[phase] = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    timed("rollout", [&] { generate(); });
    timed("scoring", [&] { score(); });
    timed("update", [&] { update(); });
    return seconds;
  }

 private:
  using Model = std::unique_ptr<px_model, decltype(&px_model_release)>;
  using Trainer = std::unique_ptr<px_trainer, decltype(&px_trainer_release)>;

  Model model(uint64_t seed, int32_t head) const {
    const Weights weights = random_135m(engine_.get(), seed);
    auto options = make_args<px_model_options>();
    options.head = head;
    options.head_init = head == PX_HEAD_SCALAR ? PX_HEAD_INIT_NORMAL : PX_HEAD_INIT_FROM_FILE;
    px_model* made = nullptr;
    Suite::check(px_model_create(weights.get(), &options, &made));
    return {made, &px_model_release};
  }

  static Trainer trainer(px_model* model) {
    auto options = make_args<px_trainer_options>();
    px_trainer* made = nullptr;
    Suite::check(px_trainer_create(model, &options, &made));
    return {made, &px_trainer_release};
  }

  void generate() {
    auto options = make_args<px_generator_options>();
    options.max_batch = kSequences;
    px_generator* made = nullptr;
    Suite::check(px_generator_create(actor_.get(), &options, &made));
    const std::unique_ptr<px_generator, decltype(&px_generator_release)> generator(made, &px_generator_release);
    tokens_ = random_tokens(kSequences * kLength, 3);
    auto request = make_args<px_generate_request>();
    for (int64_t s = 0; s < kSequences; ++s) {
      request.sample_id = static_cast<uint64_t>(s);
      request.prompt = tokens_.data() + s * kLength;
      request.prompt_count = kPromptTokens;
      request.max_new_tokens = kNewTokens;
      Suite::check(px_generator_submit(generator.get(), &request));
    }
    std::vector<px_generation_event> events(kSequences);
    for (int64_t left = kSequences * kNewTokens; left > 0;) {
      int64_t count = 0;
      Suite::check(px_generator_poll(generator.get(), events.data(), kSequences, &count));
      for (int64_t i = 0; i < count; ++i) {
        const int64_t at = static_cast<int64_t>(events[i].sample_id) * kLength + kPromptTokens + events[i].index;
        tokens_[at] = events[i].token;
        old_logprob_[at] = events[i].logprob;
      }
      left -= count;
    }
  }

  px_batch pass(int64_t first) const {
    auto batch = make_args<px_batch>();
    batch.sequences = kPassSequences;
    batch.offsets = offsets_.data();
    batch.tokens = tokens_.data() + first * kLength;
    batch.weight = weights_.data() + first * kLength;
    return batch;
  }

  void score() {
    for (int64_t first = 0; first < kSequences; first += kPassSequences) {
      const px_batch batch = pass(first);
      auto args = make_args<px_score_args>();
      args.logprob = reference_logprob_.data() + first * kLength;
      Suite::check(px_model_score(reference_.get(), &batch, &args));
      args = make_args<px_score_args>();
      args.value = values_.data() + first * kLength;
      Suite::check(px_model_score(critic_.get(), &batch, &args));
      args = make_args<px_score_args>();
      args.score = scores_.data() + first;
      Suite::check(px_model_score(reward_.get(), &batch, &args));
    }
  }

  void update() {
    auto policy = make_args<px_objective>();
    policy.kind = PX_OBJECTIVE_POLICY;
    auto value = make_args<px_objective>();
    value.kind = PX_OBJECTIVE_VALUE;
    policy.normalizer = value.normalizer = kMinibatchSequences * kNewTokens;
    auto step = make_args<px_step_args>();
    step.learning_rate = 1e-6;
    auto result = make_args<px_step_result>();
    for (int64_t first = 0; first < kSequences; first += kPassSequences) {
      const px_batch batch = pass(first);
      policy.old_logprob = old_logprob_.data() + first * kLength;
      policy.advantage = advantages_.data() + first * kLength;
      value.old_value = values_.data() + first * kLength;
      value.returns = advantages_.data() + first * kLength;
      Suite::check(px_trainer_accumulate(actor_trainer_.get(), &batch, &policy, nullptr));
      Suite::check(px_trainer_accumulate(critic_trainer_.get(), &batch, &value, nullptr));
      if ((first + kPassSequences) % kMinibatchSequences != 0) continue;
      Suite::check(px_trainer_step(actor_trainer_.get(), &step, &result));
      Suite::check(px_trainer_step(critic_trainer_.get(), &step, &result));
    }
  }

  // Responses have weight 1.
  static std::vector<float> mask() {
    std::vector<float> weights(kSequences * kLength);
    for (int64_t i = 0; i < kSequences * kLength; ++i) weights[static_cast<size_t>(i)] = i % kLength < kPromptTokens ? 0 : 1;
    return weights;
  }

  static constexpr size_t kTokens = kSequences * kLength;
  Engine engine_;
  Model actor_{nullptr, &px_model_release}, reference_{nullptr, &px_model_release}, critic_{nullptr, &px_model_release},
      reward_{nullptr, &px_model_release};
  Trainer actor_trainer_{nullptr, &px_trainer_release}, critic_trainer_{nullptr, &px_trainer_release};
  std::vector<int64_t> offsets_;
  std::vector<int32_t> tokens_;
  const std::vector<float> weights_ = mask();
  const Array<float> advantages_ = Array<float>(kTokens, -1, 1);
  std::vector<float> old_logprob_ = std::vector<float>(kTokens), reference_logprob_ = old_logprob_, values_ = old_logprob_;
  std::vector<float> scores_ = std::vector<float>(kSequences);
};

void measure_iteration(Suite& suite) {
  constexpr const char* kName = "PPO iteration, 32 x (128 + 128), four models";
  if (!suite.wants(kName)) return;
  const auto once = [&](px_backend backend) { return Iteration(suite.threads(), backend).run(); };
  const std::map<std::string, double> ours = once(PX_BACKEND_CORE);
  std::map<std::string, double> torch;
  if (!suite.alone()) torch = once(PX_BACKEND_TORCH);
  PhaseWork all;
  double our_sum = 0, torch_sum = 0;
  const auto record = [&](const std::string& phase, const PhaseWork& work, double our_seconds, double torch_seconds) {
    std::vector<std::pair<std::string, double>> seconds{{"Proximal", our_seconds}};
    if (torch_seconds > 0) seconds.emplace_back("LibTorch backend", torch_seconds);
    suite.record(std::string(kName) + ": " + phase,
                 {.flop = work.flop, .dtype = PX_DTYPE_BF16, .read_bytes = work.bytes}, seconds);
  };
  for (const std::string phase : kPhases) {
    const PhaseWork work = work_of(phase);
    const double theirs = torch.contains(phase) ? torch.at(phase) : 0;
    record(phase, work, ours.at(phase), theirs);
    all.flop += work.flop;
    all.bytes += work.bytes;
    our_sum += ours.at(phase);
    torch_sum += theirs;
  }
  record("whole", all, our_sum, torch_sum);
}

const Registration iteration("iteration", &measure_iteration);

}  // namespace
}  // namespace px::bench
