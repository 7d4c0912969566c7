#include "abi/model.h"

#include <algorithm>
#include <cmath>

#include "abi/batch.h"
#include "abi/engine.h"
#include "model/formats/peft.h"
#include "model/random_start.h"

using namespace px;
using namespace px::abi;

namespace {

void check_path(const char* path, const char* name) {
  check_pointer(path, name);
  check(*path != '\0', PX_INVALID_ARGUMENT, name, ": expected a path, got an empty text");
}

px_model_options read_model_options(const px_model_options* options) {
  const px_model_options o = read_optional_args(options, "options");
  check_flags(o.flags, 0, "options");
  return o;
}

px_model* make_model(const std::shared_ptr<Weights>& weights, const px_model_options* options) {
  return new px_model{std::make_shared<Model>(weights, read_model_options(options))};
}

std::shared_ptr<Weights> load(const std::shared_ptr<Engine>& engine, const char* path, const char* base) {
  if (base == nullptr) return load_weights(engine, path);
  check_path(base, "options.base");
  check(is_adapter(path), PX_INVALID_ARGUMENT, "path: expected an adapter's folder beside options.base, got ", path,
        ", which has no adapter_config.json");
  return load_adapter(engine, path, base);
}

void check_gguf_options(const px_gguf_options& o) {
  check_flags(o.flags, 0, "options");
  const bool known = o.type == PX_GGUF_F32 || o.type == PX_GGUF_F16 || o.type == PX_GGUF_Q8_0 || o.type == PX_GGUF_BF16;
  check(known, PX_INVALID_ARGUMENT, "options.type: expected a px_gguf_type, got ", o.type);
  check(o.metadata_bytes >= 0 && o.metadata_count >= 0, PX_INVALID_ARGUMENT,
        "options.metadata_bytes, options.metadata_count: expected 0 or more, got ", o.metadata_bytes, " and ",
        o.metadata_count);
  check(o.metadata != nullptr || o.metadata_bytes == 0, PX_INVALID_ARGUMENT,
        "options.metadata: expected an array of ", o.metadata_bytes, " bytes, got NULL");
}

const TensorSpec& tensor_at(const Model& model, int64_t index) {
  const auto count = static_cast<int64_t>(model.tensors().size());
  check(index >= 0 && index < count, PX_INVALID_ARGUMENT, "index: expected 0 to ", count - 1, ", got ", index);
  return model.tensors()[static_cast<size_t>(index)];
}

void check_count(const TensorSpec& tensor, int64_t count) {
  check(count == tensor.elements, PX_SHAPE_MISMATCH, "count: tensor '", tensor.name, "' has ", tensor.elements,
        " elements, got ", count);
}

void check_finite(std::span<const float> values, const std::string& name) {
  const auto bad = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
  check(bad == values.end(), PX_NOT_FINITE, name, ": element ", bad - values.begin(), " is ",
        bad == values.end() ? 0.0f : *bad);
}

double read_temperature(double temperature) {
  if (temperature == 0.0) return 1.0;
  check(std::isfinite(temperature) && temperature > 0.0, PX_INVALID_ARGUMENT,
        "args.temperature: expected a finite number above 0 (or 0: 1), got ", temperature);
  return temperature;
}

void check_outputs(const px_score_args& args, px_head head) {
  const bool language = args.logprob != nullptr || args.entropy != nullptr;
  const bool scalar = args.value != nullptr || args.score != nullptr;
  check(language || scalar || args.hidden != nullptr, PX_INVALID_ARGUMENT,
        "args: expected at least one of logprob, entropy, value, score, hidden, got none");
  check(!language || head == PX_HEAD_LM, PX_INVALID_ARGUMENT,
        "args.logprob, args.entropy: expected NULL for a model with a scalar head; ask for value or score");
  check(!scalar || head == PX_HEAD_SCALAR, PX_INVALID_ARGUMENT,
        "args.value, args.score: expected NULL for a model with a language-model head; ask for logprob or entropy");
}

// Finite weights can give NaN or Inf, when the numbers inside grow too large.
void check_results(const ForwardOutputs& outputs, const Batch& batch, int64_t hidden) {
  const auto count = static_cast<size_t>(batch.count());
  const auto check_output = [](const float* values, size_t size, const char* name) {
    if (values != nullptr) check_finite({values, size}, text("args.", name, ": the model's numbers overflow"));
  };
  check_output(outputs.logprob, count, "logprob");
  check_output(outputs.entropy, count, "entropy");
  check_output(outputs.value, count, "value");
  check_output(outputs.score, static_cast<size_t>(batch.sequences()), "score");
  check_output(outputs.hidden, count * static_cast<size_t>(hidden), "hidden");
}

px_model_info describe(const Model& model) {
  const Descriptor& d = model.descriptor();
  px_model_info info{};
  info.vocabulary = d.vocabulary;
  info.hidden = d.hidden;
  info.layers = d.layers;
  info.heads = d.heads;
  info.kv_heads = d.kv_heads;
  info.head_size = d.head_size;
  info.intermediate = d.intermediate;
  info.context = d.context;
  info.parameters = model.elements();
  info.head = model.head();
  info.tied = d.tied ? 1 : 0;
  info.storage_dtype = model.weights().storage_dtype;
  info.tensors = static_cast<int32_t>(model.tensors().size());
  return info;
}

px_tensor_info describe(const TensorSpec& tensor) {
  px_tensor_info info{};
  std::ranges::copy(tensor.shape, info.shape);
  info.elements = tensor.elements;
  info.dimensions = static_cast<int32_t>(tensor.shape.size());
  info.name_bytes = static_cast<int32_t>(tensor.name.size());
  std::ranges::copy(tensor.name, info.name);
  return info;
}

}  // namespace

extern "C" {

px_status px_weights_load(px_engine* engine, const char* path, const px_load_options* options, px_weights** weights) {
  return guarded("px_weights_load", [&] {
    engine_of(engine);
    check_path(path, "path");
    check_pointer(weights, "weights");
    const px_load_options o = read_optional_args(options, "options");
    check_flags(o.flags, 0, "options");
    std::shared_ptr<Weights> loaded = load(engine->engine, path, o.base);
    loaded->settle();
    *weights = new px_weights{std::move(loaded)};
  });
}

px_status px_weights_create(px_engine* engine, const char* path, uint64_t seed, px_weights** weights) {
  return guarded("px_weights_create", [&] {
    engine_of(engine);
    check_path(path, "path");
    check_pointer(weights, "weights");
    std::shared_ptr<Weights> created = create_weights(engine->engine, path, seed);
    created->settle();
    *weights = new px_weights{std::move(created)};
  });
}

px_status px_weights_clone(px_weights* weights, px_weights** clone) {
  return guarded("px_weights_clone", [&] {
    check_pointer(clone, "clone");
    *clone = new px_weights{weights_of(weights)->clone()};
  });
}

px_status px_weights_version(px_weights* weights, int64_t* version) {
  return guarded("px_weights_version", [&] {
    check_pointer(version, "version");
    *version = weights_of(weights)->version();
  });
}

void px_weights_release(px_weights* weights) { delete weights; }

px_status px_model_create(px_weights* weights, const px_model_options* options, px_model** model) {
  return guarded("px_model_create", [&] {
    check_pointer(model, "model");
    *model = make_model(weights_of(weights), options);
  });
}

px_status px_model_derive(px_model* base, const px_model_options* options, px_model** model) {
  return guarded("px_model_derive", [&] {
    check_pointer(model, "model");
    *model = make_model(model_of(base, "base")->shared_weights(), options);
  });
}

void px_model_release(px_model* model) { delete model; }

px_status px_model_get_info(px_model* model, px_model_info* info) {
  return guarded("px_model_get_info", [&] {
    check_result(info, "info");
    write_result(info, describe(*model_of(model)));
  });
}

px_status px_model_tensor(px_model* model, int64_t index, px_tensor_info* info) {
  return guarded("px_model_tensor", [&] {
    check_result(info, "info");
    write_result(info, describe(tensor_at(*model_of(model), index)));
  });
}

px_status px_model_read_tensor(px_model* model, int64_t index, float* values, int64_t count) {
  return guarded("px_model_read_tensor", [&] {
    const Model& m = *model_of(model);
    check_pointer(values, "values");
    const TensorSpec& tensor = tensor_at(m, index);
    check_count(tensor, count);
    // On the engine's thread no step of a trainer is half done.
    Engine& engine = *m.weights().engine();
    engine.run([&] {
      engine.ops().copy_out(values, m.tensor_data(tensor).data(), static_cast<uint64_t>(count) * sizeof(float));
      engine.ops().finish();
    });
  });
}

px_status px_model_write_tensor(px_model* model, int64_t index, const float* values, int64_t count) {
  return guarded("px_model_write_tensor", [&] {
    const Model& m = *model_of(model);
    check_pointer(values, "values");
    const TensorSpec& tensor = tensor_at(m, index);
    check_count(tensor, count);
    check_finite({values, static_cast<size_t>(count)}, text("values of tensor '", tensor.name, "'"));
    Weights& weights = m.weights();
    weights.engine()->run([&] {
      const int64_t unfinished = weights.unfinished_sequences;
      check(unfinished == 0, PX_INVALID_STATE, "model: a generator has ", unfinished,
            " unfinished sequences on these weights; poll or cancel them first");
      Ops& ops = weights.engine()->ops();
      ops.copy_in(m.tensor_data(tensor).data(), values, static_cast<uint64_t>(count) * sizeof(float));
      ops.finish();
      weights.raise_version();
    });
  });
}

px_status px_model_save(px_model* model, const char* directory, const px_save_options* options) {
  return guarded("px_model_save", [&] {
    const Model& m = *model_of(model);
    check_path(directory, "directory");
    const px_save_options o = read_optional_args(options, "options");
    check_flags(o.flags, 0, "options");
    check(o.dtype >= PX_DTYPE_F32 && o.dtype <= PX_DTYPE_F16, PX_INVALID_ARGUMENT,
          "options.dtype: expected a px_dtype, got ", o.dtype);
    m.weights().engine()->run([&] { m.save(directory, o); });
  });
}

px_status px_model_save_gguf(px_model* model, const char* path, const px_gguf_options* options) {
  return guarded("px_model_save_gguf", [&] {
    const Model& m = *model_of(model);
    check_path(path, "path");
    const px_gguf_options o = read_optional_args(options, "options");
    check_gguf_options(o);
    m.weights().engine()->run([&] { m.save_gguf(path, o); });
  });
}

px_status px_model_score(px_model* model, const px_batch* batch, const px_score_args* args) {
  return guarded("px_model_score", [&] {
    const Model& m = *model_of(model);
    const CheckedBatch checked(batch, m.descriptor());
    const px_score_args a = read_args(args, "args");
    check_flags(a.flags, 0, "args");
    check_outputs(a, m.head());
    const double temperature = read_temperature(a.temperature);
    const ForwardOutputs outputs{a.logprob, a.entropy, a.value, a.score, a.hidden};
    Engine& engine = *m.weights().engine();
    engine.run([&] { engine.backend().forward(m, checked.batch(), temperature, outputs); });
    check_results(outputs, checked.batch(), m.descriptor().hidden);
  });
}

}  // extern "C"
