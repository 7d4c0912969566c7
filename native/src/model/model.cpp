#include "model/model.h"

#include <algorithm>

#include "base/error.h"
#include "model/formats/gguf_save.h"
#include "model/formats/huggingface.h"
#include "model/head_init.h"

namespace px {
namespace {

void check_options(const px_model_options& options) {
  check(options.head >= PX_HEAD_FROM_FILE && options.head <= PX_HEAD_SCALAR, PX_INVALID_ARGUMENT,
        "options.head: expected a px_head, got ", options.head);
  check(options.head_init >= PX_HEAD_INIT_FROM_FILE && options.head_init <= PX_HEAD_INIT_NORMAL, PX_INVALID_ARGUMENT,
        "options.head_init: expected a px_head_init, got ", options.head_init);
  check(options.adapter == 0, PX_UNSUPPORTED, "options.adapter: this version has no adapters: expected 0, got ",
        options.adapter);
}

px_head choose_head(const Weights& weights, const px_model_options& options) {
  check_options(options);
  auto head = static_cast<px_head>(options.head);
  if (head == PX_HEAD_FROM_FILE) head = weights.file_head;
  check(head != PX_HEAD_LM || weights.offsets().lm_head >= 0, PX_INVALID_ARGUMENT,
        "options.head: the file is a classifier's without lm_head.weight: expected PX_HEAD_SCALAR, got PX_HEAD_LM");
  return head;
}

// Fills a scalar head [H], which is zeros.
void start_scalar_head(const Weights& weights, const px_model_options& options, std::span<float> head) {
  if (options.head_init == PX_HEAD_INIT_NORMAL) fill_normal_head(head, options.head_seed);
  if (options.head_init != PX_HEAD_INIT_FROM_FILE) return;
  check(!weights.file_score_head.empty(), PX_INVALID_ARGUMENT,
        "options.head_init: the file holds no scalar head (score.weight): expected PX_HEAD_INIT_ZERO or "
        "PX_HEAD_INIT_NORMAL, got PX_HEAD_INIT_FROM_FILE");
  // ...ForSequenceClassification, as which it would be saved, has no bias either.
  check(weights.file_score_bias == 0.0f, PX_UNSUPPORTED, "options.head_init: tensor '", weights.file_score_name,
        ".bias' of the file: a scalar head of this version has no bias: expected 0, got ", weights.file_score_bias,
        "; set it to 0 in the file (all scores shift by the same amount) or start with PX_HEAD_INIT_ZERO");
  std::ranges::copy(weights.file_score_head, head.begin());
}

}  // namespace

Model::Model(std::shared_ptr<Weights> weights, const px_model_options& options)
    : weights_(std::move(weights)), head_(choose_head(*weights_, options)), scalar_head_(weights_->engine()->ops()) {
  tensors_ = weights_->tensors();
  elements_ = weights_->elements();
  if (head_ == PX_HEAD_SCALAR) add_scalar_head(options);
  weights_->engine()->memory.weights += scalar_elements_ * static_cast<int64_t>(sizeof(float));
}

Model::~Model() {
  Engine& engine = *weights_->engine();
  engine.memory.weights -= scalar_elements_ * static_cast<int64_t>(sizeof(float));
  engine.give_back([&] { scalar_head_.free(); });
}

// It takes the place of the LM head.
void Model::add_scalar_head(const px_model_options& options) {
  std::erase_if(tensors_, [&](const TensorSpec& tensor) { return tensor.offset >= weights_->trunk_elements(); });
  scalar_elements_ = descriptor().hidden;
  std::vector<float> start(static_cast<size_t>(scalar_elements_));
  start_scalar_head(*weights_, options, start);
  Engine& engine = *weights_->engine();
  engine.run([&] {
    copied<float>(engine.ops(), start, scalar_head_.reserve_of<float>(scalar_elements_));
    engine.ops().finish();
  });
  tensors_.push_back({"score.weight", {1, scalar_elements_}, weights_->trunk_elements(), scalar_elements_});
  elements_ = weights_->trunk_elements() + scalar_elements_;
}

std::span<float> Model::weight_range() const {
  return {weights_->data(), static_cast<size_t>(elements_ - scalar_elements_)};
}

std::span<float> Model::tensor_data(const TensorSpec& tensor) const {
  const std::span<float> trunk = weight_range();
  const auto offset = static_cast<size_t>(tensor.offset);
  const auto elements = static_cast<size_t>(tensor.elements);
  return offset < trunk.size() ? trunk.subspan(offset, elements) : head_range();
}

std::string Model::name_of_element(int64_t index) const {
  check(index >= 0 && index < elements_, PX_INTERNAL, "element: expected 0 to ", elements_ - 1, ", got ", index);
  const auto after = std::ranges::upper_bound(tensors_, index, {}, &TensorSpec::offset);
  return std::prev(after)->name;
}

std::vector<TensorSource> Model::sources(std::vector<float>& copy) const {
  Ops& ops = weights_->engine()->ops();
  if (!ops.on_host()) {
    copy.resize(static_cast<size_t>(elements_));
    const std::span<const float> trunk = weight_range(), head = head_range();
    ops.copy_out(copy.data(), trunk.data(), trunk.size_bytes());
    ops.copy_out(copy.data() + trunk.size(), head.data(), head.size_bytes());
    ops.finish();
  }
  const auto values = [&](const TensorSpec& tensor) -> std::span<const float> {
    if (ops.on_host()) return tensor_data(tensor);
    return std::span(copy).subspan(static_cast<size_t>(tensor.offset), static_cast<size_t>(tensor.elements));
  };
  std::vector<TensorSource> sources;
  for (const TensorSpec& tensor : tensors_) sources.push_back({tensor.name, tensor.shape, values(tensor)});
  return sources;
}

void Model::save(const std::string& directory, const px_save_options& options) const {
  std::vector<float> copy;
  save_huggingface(directory, weights_->config(), descriptor(), head_, sources(copy), options);
}

void Model::save_gguf(const std::string& path, const px_gguf_options& options) const {
  std::vector<float> copy;
  px::save_gguf(path, descriptor(), head_, sources(copy), options);
}

}  // namespace px
