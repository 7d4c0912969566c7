#include "model/formats/gguf_load.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "model/families/family.h"
#include "model/formats/gguf.h"
#include "model/formats/gguf_architecture.h"
#include "model/formats/gguf_keys.h"
#include "model/formats/huggingface.h"
#include "model/formats/mapped_file.h"
#include "model/formats/rotary_rows.h"
#include "model/formats/safetensors.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEmbedding = "token_embd.weight";

class Loader {
 public:
  Loader(const MappedFile& file, const GgufFile& gguf, const GgufArchitecture& architecture)
      : file_(file), gguf_(gguf), architecture_(architecture) {}

  // Every tensor is found and measured before memory is taken for any.
  void check_tensors(const std::vector<TensorSpec>& specs) const {
    std::set<std::string> known;
    for (const TensorSpec& spec : specs) {
      const GgufPlace place = gguf_place(architecture_, spec.name);
      check_tensor(place, spec);
      known.insert(place.name);
    }
    for (const auto& [name, tensor] : gguf_.tensors)
      check(known.contains(name) || gguf_ignores(name), PX_UNSUPPORTED, file_.path(), ": tensor ", in_quotes(name),
            ": this version computes no such part of its architecture; take another model");
  }

  void read(const TensorSpec& spec, const Descriptor& descriptor, float* values) const {
    const GgufPlace place = gguf_place(architecture_, spec.name);
    const GgufTensor& tensor = gguf_.tensors.find(place.name)->second;
    if (place.transposed) {
      read_transposed(tensor, place.name, values);
    } else {
      read_gguf_floats(tensor, file_.path(), place.name, {values, static_cast<size_t>(spec.elements)},
                       file_.releaser());
    }
    if (place.neighbours)
      split_rotary_halves(values, place.query ? descriptor.heads : descriptor.kv_heads, descriptor.head_size,
                          spec.shape.size() == 2 ? spec.shape[1] : 1);
  }

 private:
  void check_tensor(const GgufPlace& place, const TensorSpec& spec) const {
    std::vector<int64_t> shape = spec.shape;
    if (place.transposed) std::ranges::reverse(shape);
    const auto found = gguf_.tensors.find(place.name);
    check(found != gguf_.tensors.end(), PX_CORRUPT_DATA, file_.path(), ": tensor '", place.name, "' ",
          shape_text(shape), " is missing; fetch the file again");
    check(found->second.shape == shape, PX_CORRUPT_DATA, file_.path(), ": tensor '", place.name,
          "': the metadata wants shape ", shape_text(shape), ", got ", shape_text(found->second.shape),
          "; fetch the file again");
    require_decodable(found->second, file_.path(), place.name);
  }

  // [out, in] in the file to [in, out].
  void read_transposed(const GgufTensor& tensor, const std::string& name, float* values) const {
    const int64_t rows = tensor.shape[0];
    const int64_t columns = tensor.shape[1];
    std::vector<float> stored(static_cast<size_t>(rows * columns));
    read_gguf_floats(tensor, file_.path(), name, stored, file_.releaser());
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c) values[c * rows + r] = stored[static_cast<size_t>(r * columns + c)];
  }

  const MappedFile& file_;
  const GgufFile& gguf_;
  const GgufArchitecture& architecture_;
};

px_dtype storage_dtype(const GgufFile& gguf) {
  const std::string type = gguf.tensors.find(kEmbedding)->second.type->name;
  return type == "F16" ? PX_DTYPE_F16 : type == "BF16" ? PX_DTYPE_BF16 : PX_DTYPE_F32;
}

bool holds(const fs::directory_entry& entry, const char* ending) {
  return entry.path().filename().string().ends_with(ending);
}

}  // namespace

std::shared_ptr<Weights> load_gguf(const std::shared_ptr<Engine>& engine, const std::string& path) {
  const MappedFile file(path);
  const GgufFile gguf = parse_gguf(file.bytes(), path);
  GgufKeys keys(gguf, path);
  const GgufArchitecture& architecture = gguf_architecture(keys);
  const std::string config = gguf_config(architecture, gguf, keys).dump(2);
  const Descriptor descriptor = read_config(config, path + " (as config.json)").descriptor;

  const Loader loader(file, gguf, architecture);
  loader.check_tensors(layout_of(descriptor).tensors);
  auto weights = std::make_shared<Weights>(engine, descriptor, config);
  for (const TensorSpec& spec : weights->tensors()) loader.read(spec, descriptor, weights->data() + spec.offset);
  weights->storage_dtype = storage_dtype(gguf);
  return weights;
}

std::optional<std::string> gguf_of_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (holds(entry, ".safetensors") || holds(entry, ".safetensors.index.json")) return std::nullopt;
    if (holds(entry, ".gguf")) found.push_back(entry.path().string());
  }
  if (found.empty()) return std::nullopt;
  std::ranges::sort(found);
  check(found.size() == 1, PX_UNSUPPORTED, folder.string(), ": it holds ", found.size(),
        " GGUF files; name the one to read, such as ", found.front());
  return found.front();
}

}  // namespace px
