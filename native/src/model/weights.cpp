#include "model/weights.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/error.h"
#include "model/families/family.h"
#include "ops/ops.h"

namespace px {
namespace {

constexpr size_t kAlignment = 64;

}  // namespace

// calloc: the zeros of a large block are the system's, which gives each page when it is first written. Large pages
// (MADV_HUGEPAGE) were tried: on a virtual machine whose free memory belongs to the host, a 135M model's took 1.1 s of
// system time instead of 0.4.
Weights::Arena Weights::allocate(int64_t elements) {
  const size_t bytes = static_cast<size_t>(elements) * sizeof(float);
  void* block = std::calloc(bytes + kAlignment, 1);
  check(block != nullptr, PX_OUT_OF_MEMORY, "weights: ", bytes, " bytes for ", elements,
        " parameters cannot be allocated; use a smaller model or a machine with more memory");
  void* aligned = block;
  size_t room = bytes + kAlignment;
  return {static_cast<float*>(std::align(kAlignment, bytes, aligned, room)), Free{block}};
}

void Weights::Free::operator()(float*) const noexcept { std::free(block); }

Weights::Weights(std::shared_ptr<Engine> engine, Descriptor descriptor, std::string config)
    : engine_(std::move(engine)),
      descriptor_(std::move(descriptor)),
      config_(std::move(config)),
      layout_(layout_of(descriptor_)),
      arena_(allocate(layout_.elements)) {
  engine_->memory.weights += bytes();
}

Weights::~Weights() {
  engine_->memory.weights -= bytes();
  engine_->give_back([&] {
    backend_data.reset();
    device_.reset();
  });
}

void Weights::settle() {
  engine_->run([&] {
    Ops& ops = engine_->ops();
    if (ops.on_host()) return;
    ops.copy_in(device_.emplace(ops).reserve_of<float>(elements()), arena_.get(), static_cast<uint64_t>(bytes()));
    ops.finish();
    arena_.reset();
  });
}

std::shared_ptr<Weights> Weights::clone() const {
  auto copy = std::make_shared<Weights>(engine_, descriptor_, config_);
  copy->storage_dtype = storage_dtype;
  copy->file_head = file_head;
  copy->file_score_head = file_score_head;
  copy->file_score_bias = file_score_bias;
  copy->file_score_name = file_score_name;
  // On the engine's thread no step of a trainer is half done.
  engine_->run([&] {
    Ops& ops = engine_->ops();
    if (!ops.on_host()) {
      copy->device_.emplace(ops).reserve_of<float>(elements());
      copy->arena_.reset();
    }
    ops.copy(copy->data(), data(), static_cast<uint64_t>(bytes()));
    ops.finish();
  });
  return copy;
}

}  // namespace px
