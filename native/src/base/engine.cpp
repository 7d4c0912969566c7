#include "base/engine.h"

#include <dlfcn.h>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/backend.h"
#include "base/device.h"
#include "base/error.h"
#include "model/core/backend.h"
#include "ops/cpu_ops.h"

namespace px {
namespace {

constexpr int kMaxThreads = 1024;
constexpr const char* kTorchLibrary = "libproximal_torch.so";
constexpr const char* kCudaLibrary = "libproximal_cuda.so";

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

int environment_threads() {
  const char* value = std::getenv("PROXIMAL_THREADS");
  if (value == nullptr || *value == '\0') return 0;
  char* end = nullptr;
  const long threads = std::strtol(value, &end, 10);
  check(*end == '\0' && threads >= 1 && threads <= kMaxThreads, PX_INVALID_ARGUMENT,
        "environment PROXIMAL_THREADS: expected 1 to ", kMaxThreads, ", got '", value, "'");
  return static_cast<int>(threads);
}

int choose_threads(int32_t wanted) {
  if (wanted > 0) return wanted;
  const int environment = environment_threads();
  return environment > 0 ? environment : usable_cores();
}

// An option that is left open is what the environment says: the place of its word, from 1.
void choose_by_environment(int32_t& option, const char* variable, std::initializer_list<std::string_view> words) {
  const char* value = std::getenv(variable);
  if (option != 0 || value == nullptr || *value == '\0') return;
  const auto word = std::ranges::find(words, std::string_view(value));
  check(word != words.end(), PX_INVALID_ARGUMENT, "environment ", variable, ": expected ", *words.begin(), " or ",
        *(words.begin() + 1), ", got '", value, "'");
  option = static_cast<int32_t>(word - words.begin()) + 1;
}

px_engine_options with_environment(px_engine_options options) {
  choose_by_environment(options.backend, "PROXIMAL_BACKEND", {"core", "torch"});
  choose_by_environment(options.products, "PROXIMAL_PRODUCTS", {"f32", "bf16"});
  check(options.products != PX_PRODUCTS_BF16 || options.backend != PX_BACKEND_TORCH, PX_UNSUPPORTED,
        "options.products: the LibTorch backend multiplies in fp32 alone, got PX_PRODUCTS_BF16; use PX_BACKEND_CORE");
  return options;
}

// Where a library may be: beside this library, in a build tree's lib folder, where the loader looks.
std::vector<std::string> candidates_of(const char* library) {
  std::vector<std::string> candidates;
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&usable_cores), &info) != 0 && info.dli_fname != nullptr) {
    const auto folder = std::filesystem::absolute(info.dli_fname).parent_path();
    candidates.push_back((folder / library).string());
    candidates.push_back((folder.parent_path() / "lib" / library).string());
  }
  candidates.emplace_back(library);
  return candidates;
}

// How long an idle thread of GNU OpenMP spins before it sleeps, while the backend's library is loaded: the only time it
// reads it. Its default is milliseconds, and where other programs use the cores too, the spinning takes them from the
// thread that is waited for (seen: a step of a small model twenty times slower). What the user has set stays.
class ShortSpinning {
 public:
  ShortSpinning() : set_(std::getenv(kSpins) == nullptr && std::getenv("OMP_WAIT_POLICY") == nullptr) {
    if (set_) setenv(kSpins, "1000", 0);
  }
  ~ShortSpinning() {
    if (set_) unsetenv(kSpins);
  }
  ShortSpinning(const ShortSpinning&) = delete;
  ShortSpinning& operator=(const ShortSpinning&) = delete;

 private:
  static constexpr const char* kSpins = "GOMP_SPINCOUNT";
  bool set_;
};

// The symbol of the first candidate that can be opened; null, and `tried` lists the reasons, where none can.
template <class Factory>
Factory factory_of(const std::vector<std::string>& candidates, const char* symbol, std::string& tried) {
  for (const std::string& candidate : candidates) {
    void* library = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      tried += text("\n  ", dlerror());
      continue;
    }
    auto factory = reinterpret_cast<Factory>(dlsym(library, symbol));
    check(factory != nullptr, PX_UNSUPPORTED, candidate, " has no ", symbol);
    return factory;
  }
  return nullptr;
}

std::unique_ptr<Backend> open_torch_backend(int threads) {
  const ShortSpinning spinning;
  std::string tried;
  const auto factory = factory_of<BackendFactory>(candidates_of(kTorchLibrary), kTorchBackendSymbol, tried);
  if (factory != nullptr) return std::unique_ptr<Backend>(factory(PROXIMAL_VERSION, threads));
  fail(PX_UNSUPPORTED, "the LibTorch backend ", kTorchLibrary, " could not be opened; tried:", tried,
       "\nIf a LibTorch library is missing above, install LibTorch; on Debian 12, as root:"
       "\n  apt-get update && apt-get install -y --no-install-recommends libtorch1.13 libopenblas0-openmp"
       "\nIf ", kTorchLibrary, " itself is missing, put it beside libproximal.so, where a build and the package have it.");
}

// The device that px_engine_options names; null for the CPU.
std::unique_ptr<Device> open_device(int32_t device) {
  if (device == 0) return nullptr;
  std::vector<std::string> candidates = candidates_of(kCudaLibrary);
  const char* named = std::getenv("PROXIMAL_CUDA_LIBRARY");
  if (named != nullptr && *named != '\0') candidates = {named};
  std::string tried;
  const auto factory = factory_of<DeviceFactory>(candidates, kCudaDeviceSymbol, tried);
  if (factory != nullptr) return std::unique_ptr<Device>(factory(PROXIMAL_VERSION, device - 1));
  fail(PX_UNSUPPORTED, "options.device: ", device, " asks for CUDA device ", device - 1,
       ", whose library could not be opened; tried:", tried, "\nBuild it where a CUDA toolkit (11.8 or newer) is: cmake "
       "-S . -B build/native -DPROXIMAL_CUDA=ON; or take device 0, the CPU.");
}

}  // namespace

Engine::Engine(const px_engine_options& options)
    : options_(with_environment(options)),
      threads_(choose_threads(options.threads)),
      isa_(choose_isa()),
      pool_(threads_),
      device_(open_device(options.device)),
      ops_(device_ ? device_->make_ops() : std::make_unique<CpuOps>(Cpu{isa_, pool_})) {}

Engine::~Engine() {
  // LibTorch's thread teams belong to the worker, so the backend goes there too.
  worker_.run([this] { backend_.reset(); });
}

void Engine::wrap_ops(const std::function<std::unique_ptr<Ops>(std::unique_ptr<Ops>)>& wrap) {
  check(backend_ == nullptr, PX_INVALID_STATE, "the operations are in use");
  ops_ = wrap(std::move(ops_));
}

void Engine::run(const std::function<void()>& body) {
  worker_.run([&] {
    check(!device_failed_, PX_DEVICE_ERROR, "the device of this engine has failed, and what it holds cannot be trusted; "
          "release the engine and all that is on it, and create another engine");
    try {
      body();
    } catch (const Error& error) {
      device_failed_ = device_failed_ || error.status() == PX_DEVICE_ERROR;
      throw;
    }
  });
}

std::unique_ptr<Backend> Engine::open_core_backend() {
  const px_dtype products = options_.products == PX_PRODUCTS_BF16 ? PX_DTYPE_BF16 : PX_DTYPE_F32;
  return std::make_unique<core::CoreBackend>(*ops_, products);
}

Backend& Engine::backend() {
  if (!backend_) {
    check(options_.device == 0 || options_.backend != PX_BACKEND_TORCH, PX_UNSUPPORTED,
          "options.backend: the LibTorch backend has no form for a CUDA device; take the engine's own, or device 0");
    backend_ = options_.backend == PX_BACKEND_TORCH ? open_torch_backend(threads_) : open_core_backend();
  }
  return *backend_;
}

void Engine::log(px_log_level level, const std::string& message) const {
  if (options_.log != nullptr) options_.log(options_.log_context, level, message.c_str());
}

std::string Engine::describe(bool load_backend) {
  nlohmann::json description{{"version", PROXIMAL_VERSION}, {"threads", threads_}, {"isa", name_of(isa_)}};
  description["device"] = device_ ? nlohmann::json::parse(device_->describe()) : nlohmann::json("cpu");
  worker_.run([&] {
    if (load_backend) backend();
    description["backend"] = backend_ ? nlohmann::json::parse(backend_->describe()) : nlohmann::json();
  });
  return description.dump();
}

}  // namespace px
