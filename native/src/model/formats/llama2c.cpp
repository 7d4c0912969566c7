#include "model/formats/llama2c.h"

#include <array>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "model/families/llama.h"
#include "model/formats/mapped_file.h"
#include "model/formats/rotary_rows.h"
#include "model/formats/safetensors.h"

namespace px {
namespace {

constexpr size_t kHeaderBytes = 7 * sizeof(int32_t);
constexpr int32_t kNewMagic = 0x616b3432;  // "ak42": versions 1 and 2

int64_t header_field(int64_t value, int64_t highest, const char* name, const std::string& file) {
  check(value >= 1 && value <= highest, PX_CORRUPT_DATA, file, ": header: ", name, ": expected 1 to ", highest,
        ", got ", value, "; the file is damaged or no llama2.c model");
  return value;
}

// Elements of the file's tables of cosines and sines, which are computed here.
int64_t rotary_elements(const Descriptor& d) { return d.context * d.head_size; }

uint64_t file_bytes(const Descriptor& d) {
  return kHeaderBytes + sizeof(float) * static_cast<uint64_t>(layout_of(d).elements + rotary_elements(d));
}

// The config.json that transformers would have for it.
std::string config_text(const Descriptor& d) {
  Json config{{"architectures", {kLlama.language_model}},
              {"model_type", kLlama.model_type},
              {"bos_token_id", 1},
              {"eos_token_id", 2},
              {"dtype", "float32"}};
  kLlama.write_config(d, config);
  return config.dump(2);
}

// Reads the tensors one after the other.
class Cursor {
 public:
  Cursor(const MappedFile& file, Weights& weights)
      : file_(file), weights_(weights), next_(file.bytes().data() + kHeaderBytes) {}

  void read(int64_t offset, int64_t elements, const std::string& name) {
    const TensorView tensor{"F32", {elements}, {next_, static_cast<size_t>(elements) * sizeof(float)}};
    read_floats(tensor, file_.path(), name, weights_.data() + offset, file_.releaser());
    skip(elements);
  }

  void skip(int64_t elements) { next_ += static_cast<size_t>(elements) * sizeof(float); }

 private:
  const MappedFile& file_;
  Weights& weights_;
  const std::byte* next_;
};

}  // namespace

Descriptor read_llama2c_header(std::span<const std::byte> bytes, const std::string& file) {
  check(bytes.size() >= kHeaderBytes, PX_CORRUPT_DATA, file, ": expected a header of ", kHeaderBytes, " bytes, got ",
        bytes.size(), "; the file is cut: copy it again");
  std::array<int32_t, 7> header{};
  std::memcpy(header.data(), bytes.data(), kHeaderBytes);
  check(header[0] != kNewMagic, PX_UNSUPPORTED, file,
        ": this version reads llama2.c's version 0, the file is of a later one; export it with --version 0");
  Descriptor d;
  d.hidden = header_field(header[0], 1 << 17, "dim", file);
  d.intermediate = header_field(header[1], 1 << 20, "hidden_dim", file);
  d.layers = header_field(header[2], 4096, "n_layers", file);
  d.heads = header_field(header[3], 4096, "n_heads", file);
  d.kv_heads = header_field(header[4], 4096, "n_kv_heads", file);
  d.vocabulary = header_field(std::abs(int64_t{header[5]}), 1 << 24, "vocab_size", file);
  d.context = header_field(header[6], 1 << 24, "seq_len", file);
  d.tied = header[5] > 0;
  d.norm_epsilon = 1e-5;
  check(d.hidden % d.heads == 0 && d.heads % d.kv_heads == 0 && (d.hidden / d.heads) % 2 == 0, PX_CORRUPT_DATA, file,
        ": header: expected dim a multiple of 2 n_heads and n_heads of n_kv_heads, got ", d.hidden, ", ", d.heads, ", ",
        d.kv_heads, "; the file is damaged or no llama2.c model");
  d.head_size = d.hidden / d.heads;
  check(bytes.size() == file_bytes(d), PX_CORRUPT_DATA, file, ": its header (dim ", d.hidden, ", ", d.layers,
        " layers, vocabulary ", d.vocabulary, d.tied ? ", tied" : ", untied", ") asks for ", file_bytes(d),
        " bytes, got ", bytes.size(), "; the file is cut or damaged: copy it again");
  return d;
}

std::shared_ptr<Weights> load_llama2c(const std::shared_ptr<Engine>& engine, const std::string& path) {
  const MappedFile file(path);
  const Descriptor d = read_llama2c_header(file.bytes(), path);
  auto weights = std::make_shared<Weights>(engine, d, config_text(d));
  const TrunkOffsets& o = weights->offsets();
  const int64_t query = d.heads * d.head_size * d.hidden;
  const int64_t key = d.kv_heads * d.head_size * d.hidden;
  const int64_t feed_forward = d.intermediate * d.hidden;

  Cursor cursor(file, *weights);
  const auto each_layer = [&](int64_t LayerOffsets::*place, int64_t elements, const char* name) {
    for (const LayerOffsets& layer : o.layers) cursor.read(layer.*place, elements, name);
  };
  cursor.read(o.embedding, d.vocabulary * d.hidden, "token_embedding_table");
  each_layer(&LayerOffsets::input_norm, d.hidden, "rms_att_weight");
  each_layer(&LayerOffsets::query, query, "wq");
  each_layer(&LayerOffsets::key, key, "wk");
  each_layer(&LayerOffsets::value, key, "wv");
  each_layer(&LayerOffsets::output, query, "wo");
  each_layer(&LayerOffsets::post_norm, d.hidden, "rms_ffn_weight");
  each_layer(&LayerOffsets::gate, feed_forward, "w1");
  each_layer(&LayerOffsets::down, feed_forward, "w2");
  each_layer(&LayerOffsets::up, feed_forward, "w3");
  cursor.read(o.final_norm, d.hidden, "rms_final_weight");
  cursor.skip(rotary_elements(d));
  if (d.untied_head()) cursor.read(o.lm_head, d.vocabulary * d.hidden, "wcls");

  for (const LayerOffsets& layer : o.layers) {
    split_rotary_halves(weights->data() + layer.query, d.heads, d.head_size, d.hidden);
    split_rotary_halves(weights->data() + layer.key, d.kv_heads, d.head_size, d.hidden);
  }
  return weights;
}

}  // namespace px
