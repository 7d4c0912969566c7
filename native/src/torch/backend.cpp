#include "torch/backend.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "torch/blas.h"
#include "torch/decoder.h"
#include "torch/pass.h"
#include "torch/translate.h"

namespace px::torch_backend {

// The thread count belongs to the calling thread's team, so the backend is made and used on the engine's thread.
TorchBackend::TorchBackend(int32_t threads) : threads_(threads) { at::set_num_threads(threads); }

std::string TorchBackend::describe() const {
  const nlohmann::json description{
      {"name", "torch"}, {"version", TORCH_VERSION}, {"blas", blas_file()}, {"threads", at::get_num_threads()}};
  return description.dump();
}

void TorchBackend::forward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs) {
  translated([&] {
    Pass pass(model, batch, temperature, *positions_for(model.descriptor()), false);
    pass.forward(outputs);
  });
}

void TorchBackend::forward_backward(const Model& model, const Batch& batch, double temperature,
                                    const ForwardOutputs& outputs, const Upstream& upstream, Recompute recompute,
                                    GradientArena& gradients) {
  check(recompute == Recompute::kNone, PX_UNSUPPORTED,
        "options.recompute: the LibTorch backend keeps all; use the engine's own, or recompute nothing");
  translated([&] {
    Pass pass(model, batch, temperature, *positions_for(model.descriptor()), true);
    pass.forward(outputs);
    pass.backward(upstream(0, batch.count()), gradients);
  });
}

std::unique_ptr<Decoder> TorchBackend::decoder(const Model& model, int64_t slots) {
  return translated([&] { return std::make_unique<TorchDecoder>(model, slots, positions_for(model.descriptor())); });
}

double TorchBackend::measure_gemm(int64_t n, int32_t repeats) {
  return translated([&] { return torch_backend::measure_gemm(n, repeats); });
}

std::shared_ptr<PositionTable> TorchBackend::positions_for(const Descriptor& descriptor) {
  if (!positions_ || !positions_->serves(descriptor)) positions_ = std::make_shared<PositionTable>(descriptor);
  return positions_;
}

}  // namespace px::torch_backend

extern "C" __attribute__((visibility("default"))) px::Backend* proximal_torch_backend(const char* proximal_version,
                                                                                      int32_t threads) {
  px::check(std::string(proximal_version) == PROXIMAL_VERSION, PX_UNSUPPORTED,
            "libproximal_torch.so: expected version ", proximal_version, " like libproximal.so, got ", PROXIMAL_VERSION,
            "; rebuild both");
  return px::torch_backend::translated([&]() -> px::Backend* { return new px::torch_backend::TorchBackend(threads); });
}
