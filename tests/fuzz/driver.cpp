// Runs the targets: the committed corpus as it is, then its inputs damaged, from a fixed seed.
//
// 10 seconds each, two at a time; PROXIMAL_FUZZ_SECONDS says how many seconds, PROXIMAL_FUZZ_EXECUTIONS after how many
// executions a target is done earlier, PROXIMAL_FUZZ_TARGETS which ones (names, separated by commas),
// PROXIMAL_FUZZ_LANES how many at a time, PROXIMAL_FUZZ_KEEP a folder for the input at hand: one that ends the process
// or hangs is still there afterwards. An input that shows a defect becomes a file of tests/fuzz/corpus/TARGET.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>

#include "../native/model_files.h"
#include "base/error.h"
#include "engine.h"
#include "fuzz_target.h"

namespace px::fuzz {

std::vector<Entry>& targets() {
  static std::vector<Entry> all;
  return all;
}

void write_input(const std::string& path, std::span<const std::byte> input) {
  testing::write_file(path, std::string(as_text(input)));
}

void expect(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}

const std::shared_ptr<Engine>& engine() {
  static const std::shared_ptr<Engine> one = [] {
    px_engine_options options{};
    options.struct_size = sizeof options;
    options.threads = 1;
    return std::make_shared<Engine>(options);
  }();
  return one;
}

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMostBytes = 1 << 17;           // of an input: larger ones say nothing new
constexpr int64_t kMostMemory = int64_t{1} << 30;  // bytes by which the process may grow: a length that lies is believed

std::string environment(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

std::vector<std::string> seeds_of(const Entry& target) {
  const std::filesystem::path tests = std::filesystem::path(PROXIMAL_REPOSITORY) / "tests";
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(tests / "fuzz" / "corpus" / target.name))
    files.push_back(file.path());
  std::ranges::sort(files);
  for (const char* name : target.seeds) files.push_back(tests / "golden" / name);
  std::vector<std::string> seeds;
  for (const auto& file : files) seeds.push_back(testing::read_file(file.string()));
  return seeds;
}

// A whole number that means trouble in the place of another.
void lie(std::string& bytes, std::mt19937& random) {
  static constexpr uint64_t kLies[] = {0,          1,          0x7f,       0xff,       0xffff,
                                       0x7fffffff, 0x80000000, 0xffffffff, 1ull << 30, 1ull << 62,
                                       1ull << 63, ~0ull,      ~0ull - 7,  ~0ull >> 1, 0x2000000000000001ull};
  const size_t width = size_t{1} << random() % 4;
  if (bytes.size() < width) return;
  const uint64_t value = kLies[random() % std::size(kLies)];
  std::memcpy(bytes.data() + random() % (bytes.size() - width + 1), &value, width);
}

// The end of one input after the beginning of another.
std::string crossed(const std::string& first, const std::string& second, std::mt19937& random) {
  return first.substr(0, random() % (first.size() + 1)) + second.substr(random() % (second.size() + 1));
}

std::string next_input(const std::vector<std::string>& seeds, std::mt19937& random) {
  std::string bytes = seeds[random() % seeds.size()];
  switch (random() % 8) {
    case 0:
      bytes = crossed(bytes, seeds[random() % seeds.size()], random);
      break;
    case 1:
    case 2:
      lie(bytes, random);
      break;
    default:
      break;
  }
  bytes = testing::mutated(std::move(bytes), random);
  if (bytes.size() > kMostBytes) bytes.resize(kMostBytes);
  return bytes;
}

struct Result {
  int64_t executions = 0;
  int64_t accepted = 0;
  double seconds = 0.0;
  std::vector<std::string> findings;
};

class Campaign {
 public:
  Campaign(const Entry& target, double seconds, int64_t executions)
      : target_(target), seconds_(seconds), most_(executions), keep_(environment("PROXIMAL_FUZZ_KEEP", "")) {}

  Result run() {
    const Clock::time_point begin = Clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
    const std::vector<std::string> seeds = seeds_of(target_);
    for (const std::string& seed : seeds) execute(seed);
    std::mt19937 random(20);
    while (result_.executions < most_ && elapsed() < seconds_ && result_.findings.empty())
      execute(next_input(seeds, random));
    result_.seconds = elapsed();
    return result_;
  }

 private:
  void execute(const std::string& input) {
    ++result_.executions;
    if (!keep_.empty()) testing::write_file(keep_ + "/" + target_.name, input);
    // Of the exact size and on the heap, so that a sanitizer sees what is read beyond.
    const std::vector<char> bytes(input.begin(), input.end());
    try {
      target_.run(std::as_bytes(std::span(bytes)), folder_.path(""));
      ++result_.accepted;
    } catch (const Error& error) {
      if (error.message().empty()) finding(input, "an error without a message");
      if (error.status() == PX_INTERNAL || error.status() == PX_OUT_OF_MEMORY) finding(input, error.message());
    } catch (const std::exception& error) {
      finding(input, std::string("another exception: ") + error.what());
    }
  }

  void finding(const std::string& input, const std::string& what) {
    const std::string path =
        (std::filesystem::temp_directory_path() / ("proximal-finding-" + std::string(target_.name))).string();
    testing::write_file(path, input);
    result_.findings.push_back(what + " (execution " + std::to_string(result_.executions) + ", input: " + path + ")");
  }

  const Entry& target_;
  double seconds_;
  int64_t most_;
  std::string keep_;
  testing::TemporaryFolder folder_;
  Result result_;
};

std::vector<const Entry*> chosen() {
  const std::string names = text(",", environment("PROXIMAL_FUZZ_TARGETS", ""), ",");
  std::vector<const Entry*> all;
  for (const Entry& target : targets())
    if (names == ",," || names.find(text(",", target.name, ",")) != std::string::npos) all.push_back(&target);
  return all;
}

int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

TEST(Fuzz, EveryInputIsAcceptedOrRefused) {
  const double seconds = std::stod(environment("PROXIMAL_FUZZ_SECONDS", "10"));
  const int64_t executions = std::stoll(environment("PROXIMAL_FUZZ_EXECUTIONS", "9000000000"));
  const int lanes = std::stoi(environment("PROXIMAL_FUZZ_LANES", "2"));
  const std::vector<const Entry*> all = chosen();
  const int64_t before = peak_bytes();
  engine();
  std::atomic<size_t> next{0};
  std::mutex printing;
  const auto lane = [&] {
    for (size_t i = next++; i < all.size(); i = next++) {
      const Result result = Campaign(*all[i], seconds, executions).run();
      const std::lock_guard lock(printing);
      std::printf("fuzz %s: %lld executions in %.1f s, %lld accepted, %zu findings\n", all[i]->name,
                  static_cast<long long>(result.executions), result.seconds, static_cast<long long>(result.accepted),
                  result.findings.size());
      std::fflush(stdout);
      EXPECT_GT(result.accepted, 0) << all[i]->name << ": the corpus holds nothing that is accepted";
      for (const std::string& finding : result.findings) ADD_FAILURE() << all[i]->name << ": " << finding;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < lanes; ++i) threads.emplace_back(lane);
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(all.empty());
  EXPECT_LT(peak_bytes() - before, kMostMemory) << "memory grew by more than any input explains";
}

}  // namespace
}  // namespace px::fuzz
