#include "torch/decoder.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "model/targets.h"
#include "torch/packed_attention.h"
#include "torch/tensors.h"
#include "torch/translate.h"

namespace px::torch_backend {
namespace {

// Capacities are multiples of this.
constexpr int64_t kCapacityStep = 64;

int64_t capacity_for(const Descriptor& d, int64_t tokens) {
  return std::min(d.context, (tokens + kCapacityStep - 1) / kCapacityStep * kCapacityStep);
}

// A token of a step: its sequence's cache and its place in it.
struct Place {
  SequenceCache* cache;
  int64_t position;
};

// softmax(q k^T / sqrt(D)) v for one query head over `length` consecutive cached positions.
// LibTorch would take two matrix products of size [group, D] x [D, length] for every sequence and head, each slower to
// dispatch than to compute. Sums run over positions side by side, one addend at a time.
void attend_one(const float* query, const float* keys, const float* values, int64_t length, int64_t capacity,
                int64_t head_size, float* scores, float* output) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_size));
  std::fill_n(scores, length, 0.0f);
  for (int64_t d = 0; d < head_size; ++d) {
    const float q = query[d] * scale;
    const float* key = keys + d * capacity;
    for (int64_t t = 0; t < length; ++t) scores[t] += q * key[t];
  }
  const float largest = *std::max_element(scores, scores + length);
  float sum = 0.0f;
  for (int64_t t = 0; t < length; ++t) {
    scores[t] = std::exp(scores[t] - largest);
    sum += scores[t];
  }
  std::fill_n(output, head_size, 0.0f);
  for (int64_t t = 0; t < length; ++t)
    for (int64_t d = 0; d < head_size; ++d) output[d] += scores[t] * values[t * head_size + d];
  for (int64_t d = 0; d < head_size; ++d) output[d] /= sum;
}

TokenScore score_of(std::span<const float> logits, double temperature, int32_t token) {
  if (token < 0) return {};
  const double largest = *std::ranges::max_element(logits);
  double sum = 0.0, product = 0.0;
  for (const float logit : logits) {
    const double z = (double{logit} - largest) / temperature;
    sum += std::exp(z);
    product += z * std::exp(z);
  }
  const double hit = (double{logits[static_cast<size_t>(token)]} - largest) / temperature;
  return {static_cast<float>(hit - std::log(sum)), static_cast<float>(std::log(sum) - product / sum)};
}

// Attention of new tokens to what their sequences hold. The first `fresh` rows belong to sequences that begin in this
// step: they see only each other, which is the packed attention of training.
class CachedAttention final : public AttentionContext {
 public:
  CachedAttention(const Descriptor& descriptor, std::vector<Place> places, std::span<const int64_t> fresh_offsets)
      : descriptor_(descriptor), places_(std::move(places)), fresh_(fresh_offsets.back()) {
    if (fresh_ > 0) packed_ = std::make_unique<PackedAttention>(descriptor, fresh_offsets);
  }

  at::Tensor attend(int64_t layer, const at::Tensor& query_key, const at::Tensor& value) override {
    const at::Tensor rows = query_key.contiguous();
    const at::Tensor values = value.contiguous();
    store(layer, rows.data_ptr<float>(), values.data_ptr<float>());
    const int64_t count = rows.size(0);
    const at::Tensor output = at::empty({count, descriptor_.heads * descriptor_.head_size}, at::kFloat);
    if (packed_)
      output.narrow(0, 0, fresh_).copy_(packed_->attend(layer, rows.narrow(0, 0, fresh_), values.narrow(0, 0, fresh_)));
    const float* queries = rows.data_ptr<float>();
    float* outputs = output.data_ptr<float>();
    at::parallel_for(fresh_, count, 4, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) attend_row(layer, row, queries, outputs);
    });
    return output;
  }

 private:
  int64_t row_heads() const { return descriptor_.heads + descriptor_.kv_heads; }

  void store(int64_t layer, const float* query_key, const float* value) const {
    const int64_t size = descriptor_.head_size;
    for (size_t row = 0; row < places_.size(); ++row) {
      const auto [cache, position] = places_[row];
      for (int64_t head = 0; head < descriptor_.kv_heads; ++head) {
        const int64_t index = layer * descriptor_.kv_heads + head;
        const float* key = query_key + (static_cast<int64_t>(row) * row_heads() + descriptor_.heads + head) * size;
        float* keys = cache->keys(index, size);
        for (int64_t d = 0; d < size; ++d) keys[d * cache->capacity() + position] = key[d];
        std::copy_n(value + (static_cast<int64_t>(row) * descriptor_.kv_heads + head) * size, size,
                    cache->values(index, size) + position * size);
      }
    }
  }

  void attend_row(int64_t layer, int64_t row, const float* query_key, float* output) const {
    const int64_t size = descriptor_.head_size;
    const int64_t group = descriptor_.heads / descriptor_.kv_heads;
    const auto [cache, position] = places_[static_cast<size_t>(row)];
    const int64_t window = descriptor_.window(layer);
    const int64_t first = window > 0 ? std::max<int64_t>(0, position - window + 1) : 0;
    thread_local std::vector<float> scores;
    scores.resize(static_cast<size_t>(cache->capacity()));
    for (int64_t head = 0; head < descriptor_.heads; ++head) {
      const int64_t index = layer * descriptor_.kv_heads + head / group;
      attend_one(query_key + (row * row_heads() + head) * size, cache->keys(index, size) + first,
                 cache->values(index, size) + first * size, position + 1 - first, cache->capacity(), size,
                 scores.data(), output + (row * descriptor_.heads + head) * size);
    }
  }

  const Descriptor& descriptor_;
  std::vector<Place> places_;
  int64_t fresh_;
  std::unique_ptr<PackedAttention> packed_;
};

// The tokens of a step, packed: sequences that begin with several tokens come first.
struct PackedStep {
  std::vector<int32_t> tokens;
  std::vector<int32_t> positions;
  std::vector<Place> places;
  std::vector<int64_t> fresh_offsets{0};
  std::vector<int64_t> last_row;  // by extension
};

}  // namespace

void SequenceCache::reserve(const Descriptor& d, int64_t tokens) {
  if (tokens <= capacity_) return;
  const int64_t capacity = capacity_for(d, tokens);
  const int64_t heads = d.layers * d.kv_heads;
  const auto elements = static_cast<size_t>(heads * d.head_size * capacity);
  std::vector<float> keys(elements);
  std::vector<float> values(elements);
  for (int64_t row = 0; row < heads * d.head_size; ++row)
    std::copy_n(keys_.data() + row * capacity_, length_, keys.data() + row * capacity);
  for (int64_t head = 0; head < heads; ++head)
    std::copy_n(this->values(head, d.head_size), length_ * d.head_size, values.data() + head * d.head_size * capacity);
  keys_ = std::move(keys);
  values_ = std::move(values);
  capacity_ = capacity;
}

TorchDecoder::TorchDecoder(const Model& model, int64_t slots, std::shared_ptr<PositionTable> positions)
    : model_(model), positions_(std::move(positions)), parameters_(model, false), slots_(static_cast<size_t>(slots)) {
  check(model.head() == PX_HEAD_LM, PX_INVALID_ARGUMENT, "model: expected a language-model head, got a scalar head");
}

size_t TorchDecoder::reserve(std::span<const Extension> extensions) {
  const Descriptor& d = model_.descriptor();
  check_extensions(extensions, slots_.size(), d.context, [&](size_t slot) { return slots_[slot].length(); });
  for (size_t i = 0; i < extensions.size(); ++i) {
    SequenceCache& cache = slots_[static_cast<size_t>(extensions[i].slot)];
    const auto tokens = static_cast<int64_t>(extensions[i].tokens.size());
    if (tokens <= cache.capacity()) continue;
    // A sequence that begins leaves a step of capacity to each that is under way.
    const int64_t spare = cache.length() == 0 ? static_cast<int64_t>(i) * kCapacityStep : 0;
    const uint64_t all = bytes() + bytes_of(tokens) - bytes_of(cache.capacity()) + bytes_of(spare);
    if (limit_ != 0 && all > limit_) return i;
    cache.reserve(d, tokens);
  }
  return extensions.size();
}

void TorchDecoder::extend(std::span<const Extension> extensions, std::span<const px_sample_args> draws,
                          std::span<int32_t> tokens, std::span<TokenScore> scores) {
  check_extensions(extensions, slots_.size(), model_.descriptor().context,
                   [&](size_t slot) { return slots_[slot].length(); });
  at::Tensor logits;
  translated([&] { logits = step(extensions); });
  const float* rows = logits.data_ptr<float>();
  model_.weights().engine()->ops().sample(rows, draws, tokens);
  const int64_t vocabulary = model_.descriptor().vocabulary;
  at::parallel_for(0, static_cast<int64_t>(draws.size()), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
      scores[i] = score_of({rows + static_cast<int64_t>(i) * vocabulary, static_cast<size_t>(vocabulary)},
                           draws[i].temperature, tokens[i]);
  });
}

at::Tensor TorchDecoder::step(std::span<const Extension> extensions) {
  const at::NoGradGuard no_gradient;
  const Descriptor& d = model_.descriptor();

  PackedStep packed;
  packed.last_row.resize(extensions.size());
  const auto append = [&](bool fresh) {
    for (size_t i = 0; i < extensions.size(); ++i) {
      SequenceCache& cache = slots_[static_cast<size_t>(extensions[i].slot)];
      const std::span<const int32_t> tokens = extensions[i].tokens.subspan(static_cast<size_t>(cache.length()));
      if ((cache.length() == 0 && tokens.size() > 1) != fresh) continue;
      for (size_t t = 0; t < tokens.size(); ++t) {
        const int64_t position = cache.length() + static_cast<int64_t>(t);
        packed.tokens.push_back(tokens[t]);
        packed.positions.push_back(static_cast<int32_t>(position));
        packed.places.push_back({&cache, position});
      }
      packed.last_row[i] = static_cast<int64_t>(packed.tokens.size()) - 1;
      if (fresh) packed.fresh_offsets.push_back(static_cast<int64_t>(packed.tokens.size()));
    }
  };
  append(true);
  append(false);

  CachedAttention attention(d, std::move(packed.places), packed.fresh_offsets);
  const at::Tensor hidden = transformer(d, parameters_, int64_tensor(std::span<const int32_t>(packed.tokens)),
                                        positions_->places(std::span<const int32_t>(packed.positions)), attention);
  const at::Tensor last = at::index_select(hidden, 0, int64_tensor(std::span<const int64_t>(packed.last_row)));
  at::Tensor logits = at::mm(last, parameters_.head().t());

  for (const Extension& extension : extensions)
    slots_[static_cast<size_t>(extension.slot)].set_length(static_cast<int64_t>(extension.tokens.size()));
  counts_.computed_tokens += static_cast<int64_t>(packed.tokens.size());
  return logits;
}

void TorchDecoder::drop(int64_t slot) {
  check(slot >= 0 && slot < static_cast<int64_t>(slots_.size()), PX_INVALID_ARGUMENT, "slot: expected 0 to ",
        slots_.size() - 1, ", got ", slot);
  slots_[static_cast<size_t>(slot)].clear();
}

uint64_t TorchDecoder::bytes_of(int64_t tokens) const {
  const Descriptor& d = model_.descriptor();
  return static_cast<uint64_t>(2 * capacity_for(d, tokens) * d.layers * d.kv_heads * d.head_size) * sizeof(float);
}

uint64_t TorchDecoder::bytes() const {
  uint64_t all = 0;
  for (const SequenceCache& cache : slots_) all += bytes_of(cache.capacity());
  return all;
}

}  // namespace px::torch_backend
