#include "suite.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace px::bench {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Seconds that threads of this process were ready to run and had no core.
double waited_for_cores() {
  double seconds = 0;
  std::error_code gone;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", gone)) {
    std::ifstream file(task.path() / "schedstat");
    double ran = 0, waited = 0;
    if (file >> ran >> waited) seconds += waited * 1e-9;
  }
  return seconds;
}

// A repeat is clean when no thread lost its core for more than this share of it.
constexpr double kLost = 0.015;

// A repeat lasts at least as long as this.
constexpr double kRepeatSeconds = 0.02;

// Threads of another library go on looking for work for a while: GNU OpenMP's for 300,000 pauses, some 5 to 10 ms.
constexpr auto kSettle = std::chrono::milliseconds(25);

struct Repeats {
  std::vector<double> all, clean;
  int64_t turns = 1;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

double once(const Run& run, int64_t turns) {
  const auto start = Clock::now();
  for (int64_t i = 0; i < turns; ++i) run();
  return seconds_since(start) / static_cast<double>(turns);
}

void repeat(const Run& run, Repeats& repeats) {
  std::this_thread::sleep_for(kSettle);
  const double waited = waited_for_cores();
  const double seconds = once(run, repeats.turns);
  const double lost = waited_for_cores() - waited;
  repeats.all.push_back(seconds);
  if (lost <= kLost * seconds * static_cast<double>(repeats.turns)) repeats.clean.push_back(seconds);
}

nlohmann::json row_of(const std::string& shape, const Work& work) {
  return {{"shape", shape},
          {"flop", work.flop},
          {"dtype", work.dtype == PX_DTYPE_BF16 ? "bf16" : "fp32"},
          {"read_bytes", work.read_bytes},
          {"written_bytes", work.written_bytes},
          {"contenders", nlohmann::json::array()}};
}

}  // namespace

Suite::Suite(int threads, bool quick, bool alone, std::string only)
    : threads_(threads), quick_(quick), alone_(alone), only_(std::move(only)), pool_(threads), cpu_{choose_isa(), pool_}, engine_(nullptr, &px_engine_release),
      torch_(open("libproximal_bench_torch.so")), onednn_(open("libproximal_bench_onednn.so")) {
  auto options = make_args<px_engine_options>();
  options.threads = threads;
  px_engine* engine = nullptr;
  check(px_engine_create(&options, &engine));
  engine_.reset(engine);
}

void Suite::measure(const std::string& shape, const Work& work, std::vector<Contender> contenders) {
  if (!wants(shape)) return;
  if (alone_) contenders.resize(1);
  std::vector<Repeats> repeats(contenders.size());
  for (size_t c = 0; c < contenders.size(); ++c) {
    if (!contenders[c].run) continue;
    once(contenders[c].run, 1);
    const double seconds = std::max(1e-9, once(contenders[c].run, 1));
    repeats[c].turns = std::max<int64_t>(1, static_cast<int64_t>(kRepeatSeconds / seconds));
  }
  const int wanted = quick_ ? 2 : 7;
  const double most_seconds = quick_ ? 1 : 8;
  const auto start = Clock::now();
  const auto enough = [&] {
    return std::ranges::all_of(repeats, [&](const Repeats& r) {
      return r.all.empty() || static_cast<int>(r.clean.size()) >= wanted;
    });
  };
  for (int round = 0; round < 3 * wanted && (round == 0 || !enough()); ++round) {
    if (round >= std::min(wanted, 3) && seconds_since(start) > most_seconds) break;
    for (size_t c = 0; c < contenders.size(); ++c)
      if (contenders[c].run) repeat(contenders[c].run, repeats[c]);
  }

  nlohmann::json row = row_of(shape, work);
  for (size_t c = 0; c < contenders.size(); ++c) {
    const Repeats& r = repeats[c];
    row["contenders"].push_back({{"name", contenders[c].name},
                                 {"seconds", median(r.clean.empty() ? r.all : r.clean)},
                                 {"clean", r.clean.size()}, {"repeats", r.all.size()}});
  }
  rows_.push_back(std::move(row));
}

void Suite::record(const std::string& shape, const Work& work,
                   const std::vector<std::pair<std::string, double>>& seconds) {
  nlohmann::json row = row_of(shape, work);
  for (const auto& [name, value] : seconds)
    row["contenders"].push_back({{"name", name}, {"seconds", value}, {"clean", 1}, {"repeats", 1}});
  rows_.push_back(std::move(row));
}

void Suite::note(const char* key, nlohmann::json value) { rows_.back()[key] = std::move(value); }

Contender Suite::torch(const char* kernel, std::vector<View> views, std::vector<double> numbers) const {
  return peer(torch_, "LibTorch", kernel, {std::move(views), std::move(numbers), threads_});
}

Contender Suite::onednn(const char* kernel, std::vector<View> views, std::vector<double> numbers) const {
  return peer(onednn_, "oneDNN", kernel, {std::move(views), std::move(numbers), threads_});
}

Contender Suite::peer(const Library& library, const char* name, const char* kernel, PeerInput input) const {
  Contender contender{name, {}};
  if (library.make != nullptr) library.make(kernel, input, contender.run);
  return contender;
}

Suite::Library Suite::open(const char* file) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {nullptr, dlerror()};
  return {reinterpret_cast<MakeRun>(dlsym(library, "px_bench_peer")), "found"};
}

nlohmann::json Suite::take_rows() { return std::exchange(rows_, nlohmann::json::array()); }

nlohmann::json Suite::peers() const { return {{"LibTorch", torch_.found}, {"oneDNN", onednn_.found}}; }

void Suite::check(px_status status) {
  if (status == PX_OK) return;
  char text[1024];
  px_last_error(text, sizeof text);
  throw std::runtime_error(text);
}

std::vector<Registered>& registered() {
  static std::vector<Registered> kernels;
  return kernels;
}

Registration::Registration(const char* name, void (*run)(Suite&)) { registered().push_back({name, run}); }

}  // namespace px::bench
