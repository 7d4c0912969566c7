// Measures kernels beside their peers, with the machine's limits before and after each; JSON on standard output.
//
//   proximal_bench [--filter NAME]... [--case PART] [--threads N] [--quick] [--alone]
//   proximal_bench --gguf FILE       (writes the model of the engine's cases and ends)
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "suite.h"

using namespace px::bench;

namespace {

struct Options {
  std::vector<std::string> filters;
  std::string only;  // cases whose name contains it
  std::string gguf;
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  bool quick = false;  // to see whether everything runs: the figures mean nothing
  bool alone = false;  // without peers: for a profiler

  bool selects(const std::string& name) const {
    return filters.empty() ||
           std::ranges::any_of(filters, [&](const std::string& f) { return name.find(f) != std::string::npos; });
  }
};

bool read(int count, char** texts, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string option = texts[i];
    if (option == "--quick") {
      options.quick = true;
    } else if (option == "--alone") {
      options.alone = true;
    } else if (option == "--filter" && i + 1 < count) {
      options.filters.emplace_back(texts[++i]);
    } else if (option == "--case" && i + 1 < count) {
      options.only = texts[++i];
    } else if (option == "--gguf" && i + 1 < count) {
      options.gguf = texts[++i];
    } else if (option == "--threads" && i + 1 < count) {
      options.threads = std::atoi(texts[++i]);
      if (options.threads < 1) return false;
    } else {
      return false;
    }
  }
  return true;
}

// Peers read these when they are loaded.
void prepare_peers(px::Isa isa, int threads) {
  const std::string count = std::to_string(threads);
  setenv("OMP_NUM_THREADS", count.c_str(), 1);
  // OpenBLAS takes some processors with AVX-512 for older ones.
  if (isa >= px::Isa::kAvx512) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "unknown";
}

}  // namespace

int main(int count, char** texts) {
  Options options;
  if (!read(count, texts, options)) {
    std::cerr << "usage: proximal_bench [--filter NAME]... [--case PART] [--threads N] [--quick] [--alone] [--gguf FILE]\n";
    return 2;
  }
  try {
    const px::Isa isa = px::choose_isa();
    if (isa == px::Isa::kScalar) throw std::runtime_error("the probe of the machine needs AVX2");
    prepare_peers(isa, options.threads);
    Suite suite(options.threads, options.quick, options.alone, options.only);
    if (!options.gguf.empty()) {
      save_engine_model(suite, options.gguf.c_str());
      return 0;
    }
    nlohmann::json result{{"processor", processor()}, {"cores", std::thread::hardware_concurrency()},
                          {"isa", px::name_of(isa)}, {"threads", options.threads}, {"compiler", "g++ " __VERSION__},
                          {"quick", options.quick}, {"peers", suite.peers()}, {"kernels", nlohmann::json::array()}};
    auto& kernels = registered();
    std::ranges::sort(kernels, {}, &Registered::name);
    nlohmann::json before = probe(isa, options.threads);
    for (const Registered& kernel : kernels) {
      if (!options.selects(kernel.name)) continue;
      std::cerr << kernel.name << '\n';
      kernel.run(suite);
      nlohmann::json after = probe(isa, options.threads);
      result["kernels"].push_back({{"name", kernel.name}, {"before", before}, {"after", after}, {"rows", suite.take_rows()}});
      before = std::move(after);
    }
    std::cout << result.dump(1) << std::endl;
    // Libraries that were opened must not run their ends after ours.
    std::quick_exit(0);
  } catch (const std::exception& error) {
    std::cerr << "proximal_bench: " << error.what() << '\n';
    return 1;
  }
}
