// What happens to engines whose device, the emulated one, fails: for want of memory, once at each place where some is taken;
// or for good.
#include <dlfcn.h>

#include <cstdio>
#include <functional>

#include "device_models.h"
#include "kernel_test.h"

using namespace px::test;
using tiny::Fixture;

namespace {

// The calls to the runtime that come next, of which one is to fail.
class Calls {
 public:
  // Of the emulated device that an engine has opened.
  Calls() : library_(dlopen(PROXIMAL_CUDA_EMULATED, RTLD_NOW | RTLD_NOLOAD)) {
    EXPECT_NE(library_, nullptr) << dlerror();
  }
  ~Calls() {
    has_failed();
    dlclose(library_);
  }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  void lack_memory_after(int calls) { arm(0, calls); }
  void fail_for_good_after(int calls) { arm(1, calls); }

  // From here on none does.
  bool has_failed() {
    if (armed_) failed_ = symbol<int()>("px_emulator_failed")() != 0;
    armed_ = false;
    return failed_;
  }

 private:
  void arm(int for_good, int calls) {
    symbol<void(int, int)>("px_emulator_fail")(for_good, calls);
    armed_ = true;
  }

  template <class Function>
  Function* symbol(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }

  void* library_;
  bool armed_ = false;
  bool failed_ = false;
};

// A model, of a bf16 engine: its matrices are copies that come and go.
struct Device : Fixture {
  explicit Device(px_head head = PX_HEAD_LM) : Fixture(head, false, 7, shape(), 1, PX_PRODUCTS_BF16, 1) {}

  static px::Descriptor shape() {
    px::Descriptor shape = tiny::descriptor(false);
    shape.layers = 1;
    return shape;
  }
};

const tiny::Sequences& sequences() {
  static const tiny::Sequences sequences = tiny::random_sequences({4, 3}, 37, 3);
  return sequences;
}

px_status score(px_model* model, std::vector<float>& logprob) {
  logprob.assign(7, 0.0f);
  auto args = make_args<px_score_args>();
  args.logprob = logprob.data();
  const px_batch batch = sequences().batch();
  return px_model_score(model, &batch, &args);
}

px_status score_scalar(px_model* model, std::vector<float>& score) {
  score.assign(2, 0.0f);
  auto args = make_args<px_score_args>();
  args.score = score.data();
  const px_batch batch = sequences().batch();
  return px_model_score(model, &batch, &args);
}

px_status accumulate(px_trainer* trainer, px_head head = PX_HEAD_LM) {
  auto objective = make_args<px_objective>();
  objective.kind = head == PX_HEAD_LM ? PX_OBJECTIVE_CROSS_ENTROPY : PX_OBJECTIVE_BRADLEY_TERRY;
  objective.normalizer = 5;
  const px_batch batch = sequences().batch();
  return px_trainer_accumulate(trainer, &batch, &objective, nullptr);
}

px_status step(px_trainer* trainer) {
  auto args = make_args<px_step_args>();
  args.learning_rate = 1e-2;
  return px_trainer_step(trainer, &args, nullptr);
}

tiny::TrainerHandle make_trainer(const Fixture& device) {
  px_trainer* trainer = nullptr;
  EXPECT_EQ(px_trainer_create(device.model.get(), nullptr, &trainer), PX_OK) << last_error();
  return tiny::TrainerHandle(trainer);
}

tiny::GeneratorHandle make_generator(const Fixture& device) {
  auto options = make_args<px_generator_options>();
  options.max_batch = 2;
  px_generator* generator = nullptr;
  EXPECT_EQ(px_generator_create(device.model.get(), &options, &generator), PX_OK) << last_error();
  for (uint64_t id = 0; id < 3; ++id) {
    const std::vector<int32_t> prompt{1, static_cast<int32_t>(id)};
    auto request = make_args<px_generate_request>();
    request.sample_id = id;
    request.prompt = prompt.data();
    request.prompt_count = 2;
    request.max_new_tokens = 2;
    EXPECT_EQ(px_generator_submit(generator, &request), PX_OK) << last_error();
  }
  return tiny::GeneratorHandle(generator);
}

// Tokens and log-probs of all that is left, in the order of the ids; stops at the first failure.
px_status drain(px_generator* generator, std::map<uint64_t, std::vector<float>>& all) {
  px_generation_event events[4];
  for (int64_t count = 1; count > 0;) {
    if (const px_status status = px_generator_poll(generator, events, 4, &count); status != PX_OK) return status;
    for (int64_t i = 0; i < count; ++i) {
      std::vector<float>& one = all[events[i].sample_id];
      one.insert(one.end(), {static_cast<float>(events[i].token), events[i].logprob});
    }
  }
  return PX_OK;
}

// body() for each place of a failure, on a device of its own, until there is no such place any more; how many there were.
int for_each_place(const std::function<void(const Device& device, Calls& calls, int place)>& body, int stride = 1,
                   px_head head = PX_HEAD_LM) {
  for (int place = 0;; place += stride) {
    const Device device(head);
    Calls calls;
    body(device, calls, place);
    if (calls.has_failed()) continue;
    std::printf("[ observed ] about %d places\n", place);
    return place;
  }
}

TEST(DeviceWithoutMemory, ScoresWhenItHasSomeAgain) {
  std::vector<float> expected, expected_scalar, got;
  {
    const Device device;
    ASSERT_EQ(score(device.model.get(), expected), PX_OK) << last_error();
    const tiny::ModelHandle scalar = device.make_model(PX_HEAD_SCALAR);
    ASSERT_EQ(score_scalar(scalar.get(), expected_scalar), PX_OK) << last_error();
  }
  // A model that shares the weights has had their matrices made, but for the head.
  const int places = for_each_place([&](const Device& device, Calls& calls, int place) {
    const tiny::ModelHandle scalar = device.make_model(PX_HEAD_SCALAR);
    ASSERT_EQ(score_scalar(scalar.get(), got), PX_OK) << last_error();
    calls.lack_memory_after(place);
    const px_status status = score(device.model.get(), got);
    EXPECT_EQ(status, calls.has_failed() ? PX_DEVICE_OUT_OF_MEMORY : PX_OK) << place << ": " << last_error();
    ASSERT_EQ(score(device.model.get(), got), PX_OK) << place << ": " << last_error();
    EXPECT_EQ(got, expected) << place;
    ASSERT_EQ(score_scalar(scalar.get(), got), PX_OK) << place << ": " << last_error();
    EXPECT_EQ(got, expected_scalar) << place;
  });
  EXPECT_GT(places, 20);
}

TEST(DeviceWithoutMemory, AccumulatesWhenItHasSomeAgain) {
  std::vector<float> expected;
  {
    const Device device;
    const tiny::TrainerHandle trainer = make_trainer(device);
    ASSERT_EQ(accumulate(trainer.get()), PX_OK) << last_error();
    expected = tiny::gradient_of(trainer.get(), device);
  }
  int untouched = 0, partial = 0;
  for_each_place([&](const Device& device, Calls& calls, int place) {
    const tiny::TrainerHandle trainer = make_trainer(device);
    calls.lack_memory_after(place);
    const px_status status = accumulate(trainer.get());
    EXPECT_EQ(status, calls.has_failed() ? PX_DEVICE_OUT_OF_MEMORY : PX_OK) << place << ": " << last_error();
    if (status == PX_OK) return;
    double norm = -1;
    if (px_trainer_gradient_squared_norm(trainer.get(), &norm) == PX_OK) {
      EXPECT_EQ(norm, 0.0) << place << ": what failed before the gradient leaves it";
      ++untouched;
    } else {
      EXPECT_EQ(accumulate(trainer.get()), PX_INVALID_STATE) << place;
      ASSERT_EQ(px_trainer_zero_gradients(trainer.get()), PX_OK) << place << ": " << last_error();
      ++partial;
    }
    ASSERT_EQ(accumulate(trainer.get()), PX_OK) << place << ": " << last_error();
    EXPECT_EQ(tiny::gradient_of(trainer.get(), device), expected) << place;
  });
  EXPECT_GT(untouched, 10);
  EXPECT_GT(partial, 10);
}

// A step is taken or it is not; where the device leaves it half done, the engine is closed.
class DeviceStepsWithoutMemory : public testing::TestWithParam<px_head> {};

TEST_P(DeviceStepsWithoutMemory, AreTakenWhenItHasSomeAgainOrCloseTheEngine) {
  const px_head head = GetParam();
  std::vector<float> expected;
  {
    const Device device(head);
    const tiny::TrainerHandle trainer = make_trainer(device);
    ASSERT_EQ(accumulate(trainer.get(), head), PX_OK) << last_error();
    ASSERT_EQ(step(trainer.get()), PX_OK) << last_error();
    expected = tiny::parameters(device);
  }
  int again = 0, closed = 0;
  const auto try_place = [&](const Device& device, Calls& calls, int place) {
    const tiny::TrainerHandle trainer = make_trainer(device);
    ASSERT_EQ(accumulate(trainer.get(), head), PX_OK) << last_error();
    const std::vector<float> before = tiny::parameters(device);
    calls.lack_memory_after(place);
    const px_status status = step(trainer.get());
    if (!calls.has_failed()) {
      EXPECT_EQ(status, PX_OK) << last_error();
      return;
    }
    if (status == PX_DEVICE_ERROR) {
      expect_error_with("half way");
      EXPECT_EQ(step(trainer.get()), PX_DEVICE_ERROR);
      ++closed;
      return;
    }
    ASSERT_EQ(status, PX_DEVICE_OUT_OF_MEMORY) << place << ": " << last_error();
    EXPECT_EQ(tiny::parameters(device), before) << place;
    ASSERT_EQ(step(trainer.get()), PX_OK) << place << ": " << last_error();
    EXPECT_EQ(tiny::parameters(device), expected) << place;
    ++again;
  };
  for_each_place(try_place, 1, head);
  EXPECT_GT(again, 3) << "what the norm takes, and the first update";
  EXPECT_EQ(closed, head == PX_HEAD_SCALAR ? 1 : 0) << "the head's update comes behind the trunk's";
}

INSTANTIATE_TEST_SUITE_P(Heads, DeviceStepsWithoutMemory, testing::Values(PX_HEAD_LM, PX_HEAD_SCALAR),
                         [](const auto& test) { return test.param == PX_HEAD_LM ? "Language" : "Scalar"; });

TEST(DeviceWithoutMemory, SamplesTheSameWhenItHasSomeAgain) {
  std::map<uint64_t, std::vector<float>> expected;
  {
    const Device device;
    const tiny::GeneratorHandle generator = make_generator(device);
    ASSERT_EQ(drain(generator.get(), expected), PX_OK) << last_error();
  }
  ASSERT_EQ(expected.size(), 3u);
  for_each_place([&](const Device& device, Calls& calls, int place) {
    const tiny::GeneratorHandle generator = make_generator(device);
    std::map<uint64_t, std::vector<float>> got;
    calls.lack_memory_after(place);
    const px_status status = drain(generator.get(), got);
    EXPECT_EQ(status, calls.has_failed() ? PX_DEVICE_OUT_OF_MEMORY : PX_OK) << place << ": " << last_error();
    ASSERT_EQ(drain(generator.get(), got), PX_OK) << place << ": " << last_error();
    EXPECT_EQ(got, expected) << place;
  });
}

// What cannot be made is not made, and can be made later.
TEST(DeviceWithoutMemory, MakesWhatItCouldNotWhenItHasSomeAgain) {
  const auto make_all = [](const Device& device, bool& refused) {
    const auto tell = [&](px_status status, auto*& made) {
      EXPECT_EQ(status, made != nullptr ? PX_OK : PX_DEVICE_OUT_OF_MEMORY) << last_error();
      refused = refused || status != PX_OK;
    };
    px_weights* clone = nullptr;
    tell(px_weights_clone(device.weights.get(), &clone), clone);
    const tiny::WeightsHandle clone_handle(clone);
    auto options = make_args<px_model_options>();
    options.head = PX_HEAD_SCALAR;
    options.head_init = PX_HEAD_INIT_NORMAL;
    px_model* scalar = nullptr;
    tell(px_model_create(device.weights.get(), &options, &scalar), scalar);
    const tiny::ModelHandle scalar_handle(scalar);
    px_generator* generator = nullptr;
    tell(px_generator_create(device.model.get(), nullptr, &generator), generator);
    const tiny::GeneratorHandle generator_handle(generator);
    px_trainer* trainer = nullptr;
    tell(px_trainer_create(device.model.get(), nullptr, &trainer), trainer);
    const tiny::TrainerHandle trainer_handle(trainer);
  };
  const int places = for_each_place([&](const Device& device, Calls& calls, int place) {
    bool refused = false;
    calls.lack_memory_after(place);
    make_all(device, refused);
    EXPECT_EQ(refused, calls.has_failed()) << place;
    refused = false;
    make_all(device, refused);
    EXPECT_FALSE(refused) << place;
    px_memory_stats stats = make_args<px_memory_stats>();
    ASSERT_EQ(px_engine_memory(device.engine.get(), &stats), PX_OK);
    EXPECT_EQ(stats.gradient_bytes, 0u) << place;
    EXPECT_EQ(stats.weight_bytes, tiny::parameters(device).size() * sizeof(float)) << place;
  });
  EXPECT_GE(places, 3);
}

// Whatever was under way, the engine says that it is closed; all goes, and another engine computes.
TEST(ADeviceThatFails, ClosesItsEngine) {
  using Work = std::function<px_status(px_model*, px_trainer*, px_generator*)>;
  const std::vector<std::pair<std::string, Work>> works{
      {"score",
       [](px_model* model, px_trainer*, px_generator*) {
         std::vector<float> logprob;
         return score(model, logprob);
       }},
      {"accumulate", [](px_model*, px_trainer* trainer, px_generator*) { return accumulate(trainer); }},
      {"step", [](px_model*, px_trainer* trainer, px_generator*) { return step(trainer); }},
      {"poll",
       [](px_model*, px_trainer*, px_generator* generator) {
         std::map<uint64_t, std::vector<float>> all;
         return drain(generator, all);
       }},
  };
  for (const auto& [name, work] : works) {
    const bool steps = name == "step";
    const int places = for_each_place(
        [&](const Device& device, Calls& calls, int place) {
          const tiny::TrainerHandle trainer = make_trainer(device);
          if (steps) {
            ASSERT_EQ(accumulate(trainer.get()), PX_OK) << last_error();
          }
          const tiny::GeneratorHandle generator = steps ? nullptr : make_generator(device);
          calls.fail_for_good_after(place);
          const px_status status = work(device.model.get(), trainer.get(), generator.get());
          EXPECT_EQ(status, calls.has_failed() ? PX_DEVICE_ERROR : PX_OK) << name << ", " << place << ": " << last_error();
          if (!calls.has_failed()) return;
          for (const auto& [other, more] : works) {
            if (generator == nullptr && other == "poll") continue;
            EXPECT_EQ(more(device.model.get(), trainer.get(), generator.get()), PX_DEVICE_ERROR)
                << name << ", " << place << ", then " << other;
            expect_error_with("another engine");
          }
          float value = 1;
          EXPECT_EQ(px_model_write_tensor(device.model.get(), 0, &value, 1), PX_SHAPE_MISMATCH) << "arguments come first";
          std::vector<float> tensor(37 * 16);
          EXPECT_EQ(px_model_read_tensor(device.model.get(), 0, tensor.data(), 37 * 16), PX_DEVICE_ERROR);
          px_weights* clone = nullptr;
          EXPECT_EQ(px_weights_clone(device.weights.get(), &clone), PX_DEVICE_ERROR);
        },
        steps ? 1 : 11);
    EXPECT_GT(places, steps ? 3 : 40) << name;
  }
}

}  // namespace
