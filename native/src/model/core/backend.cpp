#include "model/core/backend.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/float16.h"
#include "model/core/decoder.h"

namespace px::core {
namespace {

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
  nlohmann::json description{{"name", "core"}, {"products", dtype_ == PX_DTYPE_F32 ? "f32" : "bf16"}};
  description.update(nlohmann::json::parse(ops_.describe()));
  return description.dump();
}

void CoreBackend::forward(const Model& model, const Batch& batch, double temperature, const ForwardOutputs& outputs) {
  const std::shared_ptr<PackedModel> packed = packed_of(model);
  packed->refresh(model.weights(), {.head = model.head() == PX_HEAD_LM});
  PositionTable& positions = positions_for(model.descriptor());
  positions.prepare(batch.positions);
  Pass(ops_, model, *packed, positions, memory_, batch, temperature, Keep::kNothing).forward(outputs);
}

void CoreBackend::forward_backward(const Model& model, const Batch& batch, double temperature,
                                   const ForwardOutputs& outputs, const Upstream& upstream, Recompute recompute,
                                   GradientArena& gradients) {
  const std::shared_ptr<PackedModel> packed = packed_of(model);
  const bool language = model.head() == PX_HEAD_LM;
  packed->refresh(model.weights(), {.head = language, .head_gradients = language});
  PositionTable& positions = positions_for(model.descriptor());
  positions.prepare(batch.positions);
  Pass(ops_, model, *packed, positions, memory_, batch, temperature, keep_of(recompute))
      .forward_backward(outputs, upstream, gradients);
}

std::unique_ptr<Decoder> CoreBackend::decoder(const Model& model, int64_t slots) {
  return std::make_unique<CoreDecoder>(ops_, model, packed_of(model), slots);
}

double CoreBackend::measure_gemm(int64_t n, int32_t repeats) {
  const auto elements = static_cast<size_t>(n * n);
  const std::vector<float> ones(elements, 1.0f);
  const std::vector<uint16_t> ones_bf16(dtype_ == PX_DTYPE_BF16 ? elements : 0, to_bf16(1.0f));
  Linear linear{.pieces = {{0, -1, n}}, .in = n, .out = n, .dtype = dtype_};
  Buffer arena(ops_), packed(ops_), x(ops_), out(ops_);
  const Arrivals arrivals(ops_);
  const float* weights = copied<float>(ops_, ones, arena.reserve_of<float>(n * n));
  Values rows;
  if (dtype_ == PX_DTYPE_BF16) {
    rows.bf16 = x.reserve_of<uint16_t>(n * n);
    copied<uint16_t>(ops_, ones_bf16, rows.bf16);
  } else {
    rows.f32 = x.reserve_of<float>(n * n);
    copied<float>(ops_, ones, rows.f32);
  }
  ops_.pack(weights, linear, false, packed.reserve(ops_.packed_bytes(linear, false)));
  std::vector<double> seconds;
  for (int32_t i = 0; i < repeats; ++i) {
    ops_.finish();
    const auto begin = std::chrono::steady_clock::now();
    ops_.project(linear, rows, n, nullptr, {out.reserve_of<float>(n * n)});
    ops_.finish();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  const auto middle = seconds.begin() + static_cast<int64_t>(seconds.size() / 2);
  std::ranges::nth_element(seconds, middle);
  return 2e-9 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n) / std::max(*middle, 1e-9);
}

// Packed forms live with the weights that they are made of.
std::shared_ptr<PackedModel> CoreBackend::packed_of(const Model& model) {
  std::shared_ptr<void>& kept = model.weights().backend_data;
  if (kept == nullptr) kept = std::make_shared<PackedModel>(ops_, model.weights(), dtype_);
  return std::static_pointer_cast<PackedModel>(kept);
}

PositionTable& CoreBackend::positions_for(const Descriptor& d) {
  const bool same = positions_ != nullptr && described_.position == d.position && described_.rope == d.rope &&
                    described_.head_size == d.head_size && described_.context == d.context;
  if (!same) {
    positions_ = std::make_unique<PositionTable>(ops_, d);
    described_ = d;
  }
  return *positions_;
}

}  // namespace px::core
