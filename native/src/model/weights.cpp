#include "model/weights.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.h"
#include "model/families/family.h"

namespace px {
namespace {

constexpr std::align_val_t kAlignment{64};

float* allocate(int64_t elements) {
  const auto count = static_cast<size_t>(elements);
  auto* data = static_cast<float*>(::operator new[](count * sizeof(float), kAlignment, std::nothrow));
  check(data != nullptr, PX_OUT_OF_MEMORY, "weights: ", count * sizeof(float), " bytes for ", elements,
        " parameters cannot be allocated; use a smaller model or a machine with more memory");
  std::fill_n(data, count, 0.0f);
  return data;
}

}  // namespace

void Weights::Free::operator()(float* data) const noexcept { ::operator delete[](data, kAlignment); }

Weights::Weights(std::shared_ptr<Engine> engine, Descriptor descriptor, std::string config)
    : engine_(std::move(engine)),
      descriptor_(std::move(descriptor)),
      config_(std::move(config)),
      layout_(layout_of(descriptor_)),
      arena_(allocate(layout_.elements)) {
  engine_->memory.weights += bytes();
}

Weights::~Weights() { engine_->memory.weights -= bytes(); }

std::shared_ptr<Weights> Weights::clone() const {
  auto copy = std::make_shared<Weights>(engine_, descriptor_, config_);
  copy->storage_dtype = storage_dtype;
  copy->file_head = file_head;
  copy->file_score_head = file_score_head;
  copy->file_score_bias = file_score_bias;
  copy->file_score_name = file_score_name;
  // On the engine's thread no step of a trainer is half done.
  engine_->run([&] { std::copy_n(data(), elements(), copy->data()); });
  return copy;
}

}  // namespace px
