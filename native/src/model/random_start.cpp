#include "model/random_start.h"

#include <algorithm>
#include <filesystem>

#include "model/formats/huggingface.h"
#include "model/formats/json.h"
#include "model/formats/mapped_file.h"
#include "model/normal_fill.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr double kDefaultDeviation = 0.02;  // transformers' initializer_range
constexpr double kMaxDeviation = 100.0;

std::string config_path(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? (fs::path(path) / "config.json").string() : path;
}

double read_deviation(const MappedFile& file) {
  const Json object = parse_object(file.text(), file.path());
  return JsonReader(object, file.path()).number("initializer_range", 0.0, kMaxDeviation, kDefaultDeviation);
}

// Norms are the vectors that are no bias.
void start(const TensorSpec& tensor, std::span<float> values, double deviation, uint64_t seed, uint32_t stream) {
  if (tensor.name.ends_with("bias"))
    std::ranges::fill(values, 0.0f);
  else if (tensor.shape.size() == 1)
    std::ranges::fill(values, 1.0f);
  else
    fill_normal(values, deviation, seed, stream);
}

}  // namespace

std::shared_ptr<Weights> create_weights(const std::shared_ptr<Engine>& engine, const std::string& path, uint64_t seed) {
  const MappedFile file(config_path(path));
  const FolderConfig config = read_config(file.text(), file.path());
  const double deviation = read_deviation(file);
  auto weights = std::make_shared<Weights>(engine, config.descriptor, std::string(file.text()));
  uint32_t stream = 0;
  for (const TensorSpec& tensor : weights->tensors())
    start(tensor, {weights->data() + tensor.offset, static_cast<size_t>(tensor.elements)}, deviation, seed, ++stream);
  return weights;
}

}  // namespace px
