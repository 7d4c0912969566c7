#include "model/core/backend.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "model/core/decoder.h"

namespace px::core {
namespace {

// Packed forms live with the weights that they are made of.
std::shared_ptr<PackedModel> packed_of(const Model& model, px_dtype dtype) {
  std::shared_ptr<void>& kept = model.weights().backend_data;
  if (kept == nullptr) kept = std::make_shared<PackedModel>(model.weights(), dtype);
  return std::static_pointer_cast<PackedModel>(kept);
}

Keep keep_of(Recompute recompute) {
  switch (recompute) {
    case Recompute::kAttentionMlp:
      return Keep::kStreams;
    case Recompute::kBlock:
      return Keep::kInputs;
    default:
      return Keep::kAll;
  }
}

}  // namespace

std::string CoreBackend::describe() const {
  const nlohmann::json description{{"name", "core"},
                                   {"samples_what_it_scores", true},
                                   {"products", dtype_ == PX_DTYPE_F32 ? "f32" : "bf16"},
                                   {"isa", name_of(cpu_.isa)},
                                   {"threads", cpu_.pool.threads()}};
  return description.dump();
}

void CoreBackend::forward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs) {
  const std::shared_ptr<PackedModel> packed = packed_of(model, dtype_);
  packed->refresh(cpu_, model.weights(), {.head = model.head() == PX_HEAD_LM});
  PositionTable& positions = positions_for(model.descriptor());
  positions.prepare(batch.positions);
  Pass(cpu_, model, *packed, positions, memory_, batch, temperature, Keep::kNothing).forward(outputs);
}

void CoreBackend::forward_backward(const Model& model, const Batch& batch, double temperature,
                                   const ForwardOutputs& outputs, const Upstream& upstream,
                                   Recompute recompute, GradientArena& gradients) {
  const std::shared_ptr<PackedModel> packed = packed_of(model, dtype_);
  const bool language = model.head() == PX_HEAD_LM;
  packed->refresh(cpu_, model.weights(), {.head = language, .head_transposed = language});
  PositionTable& positions = positions_for(model.descriptor());
  positions.prepare(batch.positions);
  Pass(cpu_, model, *packed, positions, memory_, batch, temperature, keep_of(recompute))
      .forward_backward(outputs, upstream, gradients);
}

std::unique_ptr<Decoder> CoreBackend::decoder(const Model& model, int64_t slots) {
  return std::make_unique<CoreDecoder>(cpu_, model, packed_of(model, dtype_), slots);
}

double CoreBackend::measure_gemm(int64_t n, int32_t repeats) {
  const auto elements = static_cast<size_t>(n * n);
  std::vector<float> x(elements, 1.0f), out(elements);
  std::vector<uint32_t> words(static_cast<size_t>(kernels::packed_words(n, n, PX_DTYPE_F32)));
  kernels::GemmArgs args;
  args.x = kernels::rows_of(x.data(), n, n, PX_DTYPE_F32);
  args.weights = kernels::gemm_pack(cpu_, {x.data(), PX_DTYPE_F32, n, 1}, {nullptr, n, n, PX_DTYPE_F32}, words.data());
  args.out = out.data();
  args.out_stride = n;
  std::vector<double> seconds;
  for (int32_t i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    kernels::gemm(cpu_, args);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  const auto middle = seconds.begin() + static_cast<int64_t>(seconds.size() / 2);
  std::ranges::nth_element(seconds, middle);
  return 2e-9 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / std::max(*middle, 1e-9);
}

PositionTable& CoreBackend::positions_for(const Descriptor& d) {
  const bool same = positions_ != nullptr && described_.position == d.position && described_.rope == d.rope &&
                    described_.head_size == d.head_size && described_.context == d.context;
  if (!same) {
    positions_ = std::make_unique<PositionTable>(d);
    described_ = d;
  }
  return *positions_;
}

}  // namespace px::core
