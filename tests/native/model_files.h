// Tiny model files for the native tests: a folder that goes away, safetensors of any header, a Llama of random weights.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

namespace px::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "proximal-test-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class Value>
void append(std::string& bytes, Value value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A safetensors file with this header, whatever it says.
inline std::string safetensors(const std::string& header, const std::string& data) {
  std::string bytes;
  append(bytes, static_cast<uint64_t>(header.size()));
  return bytes + header + data;
}

struct Tensor {
  std::vector<int64_t> shape;
  std::vector<float> values;
};

// An honest F32 file.
inline std::string safetensors(const std::map<std::string, Tensor>& tensors) {
  nlohmann::json header;
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const size_t begin = data.size();
    for (const float value : tensor.values) append(data, value);
    header[name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  return safetensors(header.dump(), data);
}

// Vocabulary 5, hidden 4, feed-forward 6, one layer, two heads on one, tied.
inline nlohmann::json tiny_config() {
  return {{"architectures", {"LlamaForCausalLM"}},
          {"model_type", "llama"},
          {"vocab_size", 5},
          {"hidden_size", 4},
          {"intermediate_size", 6},
          {"num_hidden_layers", 1},
          {"num_attention_heads", 2},
          {"num_key_value_heads", 1},
          {"max_position_embeddings", 16},
          {"rms_norm_eps", 1e-5},
          {"tie_word_embeddings", true},
          {"rope_theta", 10000.0}};
}

inline std::map<std::string, Tensor> tiny_tensors() {
  std::map<std::string, Tensor> tensors;
  std::mt19937 random(7);
  const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
    int64_t elements = 1;
    for (const int64_t size : shape) elements *= size;
    Tensor& tensor = tensors[name];
    tensor.shape = std::move(shape);
    for (int64_t i = 0; i < elements; ++i) tensor.values.push_back(static_cast<float>(random()) / 0x1p32f - 0.5f);
  };
  add("model.embed_tokens.weight", {5, 4});
  const std::string layer = "model.layers.0.";
  add(layer + "self_attn.q_proj.weight", {4, 4});
  add(layer + "self_attn.k_proj.weight", {2, 4});
  add(layer + "self_attn.v_proj.weight", {2, 4});
  add(layer + "self_attn.o_proj.weight", {4, 4});
  add(layer + "mlp.gate_proj.weight", {6, 4});
  add(layer + "mlp.up_proj.weight", {6, 4});
  add(layer + "mlp.down_proj.weight", {4, 6});
  add(layer + "input_layernorm.weight", {4});
  add(layer + "post_attention_layernorm.weight", {4});
  add("model.norm.weight", {4});
  return tensors;
}

inline void write_model(const std::string& folder, const nlohmann::json& config,
                        const std::map<std::string, Tensor>& tensors) {
  std::filesystem::create_directory(folder);
  write_file(folder + "/config.json", config.dump());
  write_file(folder + "/model.safetensors", safetensors(tensors));
}

// Deterministic damage: one to four places of the bytes changed, cut out or doubled, or the end cut off.
inline std::string mutated(std::string bytes, std::mt19937& random) {
  const auto below = [&](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
    const size_t place = below(bytes.size());
    switch (below(6)) {
      case 0:
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
        break;
      case 1:
        bytes[place] = static_cast<char>(random());
        break;
      case 2:
        bytes[place] = "{}[]\":,0123456789-+.eE"[below(22)];
        break;
      case 3:
        bytes.erase(place, 1 + below(8));
        break;
      case 4:
        bytes.insert(place, bytes.substr(place, 1 + below(32)));
        break;
      default:
        if (below(4) == 0) bytes.resize(place);
    }
  }
  return bytes;
}

}  // namespace px::testing
