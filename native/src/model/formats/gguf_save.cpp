#include "model/formats/gguf_save.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "model/formats/atomic_file.h"
#include "model/formats/gguf.h"
#include "model/formats/gguf_architecture.h"
#include "model/formats/gguf_describe.h"
#include "model/formats/gguf_metadata.h"
#include "model/formats/rotary_rows.h"

namespace px {
namespace {

constexpr uint32_t kVersion = 3;
constexpr uint64_t kAlignment = 32;
constexpr int64_t kQuantizationVersion = 2;  // of llama.cpp's blocks
constexpr const char* kTokens = "tokenizer.ggml.tokens";

// What this writer says itself.
constexpr std::array kOwnKeys = {"general.architecture", "general.file_type", "general.quantization_version",
                                 "general.alignment"};

const GgmlType& type_of(px_gguf_type type) { return *find_ggml_type(static_cast<uint32_t>(type)); }

// llama.cpp's llama_ftype: what most of the tensors are.
int64_t file_type(px_gguf_type type) {
  switch (type) {
    case PX_GGUF_F32: return 0;
    case PX_GGUF_F16: return 1;
    case PX_GGUF_Q8_0: return 7;
    case PX_GGUF_BF16: return 32;
  }
  fail(PX_INTERNAL, "gguf: unknown type");
}

uint64_t aligned(uint64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::string header(uint64_t tensors, uint64_t keys) {
  std::string bytes = "GGUF";
  append_gguf(bytes, kVersion);
  append_gguf(bytes, tensors);
  append_gguf(bytes, keys);
  return bytes;
}

// Reads the caller's key-values as they will be read from the file.
void check_metadata(const px_gguf_options& options, const std::string& architecture, int64_t vocabulary) {
  std::string bytes = header(0, static_cast<uint64_t>(options.metadata_count));
  append_number(bytes, options.metadata, static_cast<size_t>(options.metadata_bytes));
  bytes.resize(aligned(bytes.size()));
  const GgufFile file = parse_gguf(std::as_bytes(std::span(bytes)), "options.metadata");
  for (const auto& [key, value] : file.metadata)
    check(std::ranges::find(kOwnKeys, key) == kOwnKeys.end() && !key.starts_with(architecture + "."),
          PX_INVALID_ARGUMENT, "options.metadata: key ", in_quotes(key), " is written from the model itself; leave it out");
  const auto tokens = file.metadata.find(kTokens);
  if (tokens == file.metadata.end()) return;
  const auto* list = std::get_if<GgufArray>(&tokens->second);
  check(list != nullptr && list->count == static_cast<uint64_t>(vocabulary), PX_SHAPE_MISMATCH, "options.metadata: key '",
        kTokens, "': expected a token for each of the model's ", vocabulary, " ids, got ",
        list == nullptr ? 0 : list->count);
}

// A tensor of the file: where its numbers come from and how they are turned.
struct Entry {
  std::string name;
  std::vector<int64_t> shape;  // rows first, as the file has them
  const GgmlType* type;
  GgufPlace place;
  const TensorSource* source;

  uint64_t bytes() const {
    return source->values.size() / static_cast<uint64_t>(type->block) * static_cast<uint64_t>(type->block_bytes);
  }
};

class Writer {
 public:
  Writer(const std::string& path, const Descriptor& descriptor, px_gguf_type type)
      : path_(path), descriptor_(descriptor), type_(type), factors_(gguf_rope_factors(descriptor)) {}

  void add_all(std::span<const TensorSource> tensors) {
    if (!factors_.empty()) {
      factor_source_ = {kGgufRopeFactors, {static_cast<int64_t>(factors_.size())}, factors_};
      add(factor_source_, {kGgufRopeFactors});
    }
    const GgufArchitecture& architecture = gguf_architecture_of(descriptor_.family);
    for (const TensorSource& tensor : tensors) add(tensor, gguf_place(architecture, tensor.name));
  }

  void write(const GgufMetadata& metadata) const {
    AtomicFile file(path_);
    std::string head = header(entries_.size(), metadata.count()) + metadata.bytes();
    uint64_t offset = 0;
    for (const Entry& entry : entries_) {
      append_place(head, entry, offset);
      offset += aligned(entry.bytes());
    }
    head.resize(aligned(head.size()));
    file.write(std::as_bytes(std::span(head)));
    for (const Entry& entry : entries_) write_tensor(file, entry);
    file.finish();
    file.commit();
  }

 private:
  void add(const TensorSource& tensor, GgufPlace place) {
    std::vector<int64_t> shape = tensor.shape;
    if (place.transposed) std::ranges::reverse(shape);
    const GgmlType& type = choose_type(shape, place.name);
    entries_.push_back({place.name, std::move(shape), &type, std::move(place), &tensor});
  }

  const GgmlType& choose_type(const std::vector<int64_t>& shape, const std::string& name) const {
    if (shape.size() < 2 || name == "position_embd.weight") return type_of(PX_GGUF_F32);
    const GgmlType& wanted = type_of(type_);
    return shape.back() % wanted.block == 0 ? wanted : type_of(PX_GGUF_F16);
  }

  static void append_place(std::string& head, const Entry& entry, uint64_t offset) {
    append_gguf_text(head, entry.name);
    append_gguf(head, static_cast<uint32_t>(entry.shape.size()));
    for (size_t i = entry.shape.size(); i > 0; --i) append_gguf(head, static_cast<uint64_t>(entry.shape[i - 1]));
    append_gguf(head, entry.type->id);
    append_gguf(head, offset);
  }

  // The numbers in the file's order; `room` holds them where that is another one than the model's.
  std::span<const float> ordered(const Entry& entry, std::vector<float>& room) const {
    const std::span<const float> values = entry.source->values;
    if (entry.place.transposed) {
      const int64_t rows = entry.shape[0];
      const int64_t columns = entry.shape[1];
      room.resize(values.size());
      for (int64_t c = 0; c < columns; ++c)
        for (int64_t r = 0; r < rows; ++r)
          room[static_cast<size_t>(r * columns + c)] = values[static_cast<size_t>(c * rows + r)];
      return room;
    }
    if (!entry.place.neighbours) return values;
    room.assign(values.begin(), values.end());
    join_rotary_neighbours(room.data(), entry.place.query ? descriptor_.heads : descriptor_.kv_heads,
                           descriptor_.head_size, entry.shape.size() == 2 ? entry.shape[1] : 1);
    return room;
  }

  void write_tensor(AtomicFile& file, const Entry& entry) const {
    constexpr size_t kChunk = size_t{1} << 16;  // numbers; whole blocks of every type
    std::vector<float> room;
    const std::span<const float> values = ordered(entry, room);
    std::vector<std::byte> encoded;
    std::vector<float> decoded;
    for (size_t begin = 0; begin < values.size(); begin += kChunk) {
      const std::span<const float> part = values.subspan(begin, std::min(kChunk, values.size() - begin));
      encoded.resize(part.size() / static_cast<size_t>(entry.type->block) * static_cast<size_t>(entry.type->block_bytes));
      decoded.resize(part.size());
      check_finite(entry, part, part);
      encode_ggml(*entry.type, part, encoded);
      decode_ggml(*entry.type, encoded, decoded);
      check_finite(entry, decoded, part);
      file.write(encoded);
    }
    const std::vector<std::byte> padding(aligned(entry.bytes()) - entry.bytes());
    file.write(padding);
  }

  // `values` are the numbers of `source` or what the type makes of them.
  static void check_finite(const Entry& entry, std::span<const float> values, std::span<const float> source) {
    for (size_t i = 0; i < values.size(); ++i)
      check(std::isfinite(values[i]), PX_NOT_FINITE, "tensor '", entry.source->name, "': one of its numbers is ",
            source[i], ", expected a finite number of ", entry.type->name,
            std::isfinite(source[i]) ? "; save as bf16 or f32" : "; the model diverged: go back to an earlier state");
  }

  const std::string& path_;
  const Descriptor& descriptor_;
  px_gguf_type type_;
  std::vector<float> factors_;
  TensorSource factor_source_;
  std::vector<Entry> entries_;
};

}  // namespace

void save_gguf(const std::string& path, const Descriptor& descriptor, px_head head,
               std::span<const TensorSource> tensors, const px_gguf_options& options) {
  check(head == PX_HEAD_LM, PX_UNSUPPORTED, "GGUF: llama.cpp computes language models, this one has a scalar head "
        "(a reward or value model); write a Hugging Face folder");
  const auto type = static_cast<px_gguf_type>(options.type);
  check_metadata(options, gguf_name(gguf_architecture_of(descriptor.family)), descriptor.vocabulary);
  GgufMetadata metadata;
  describe_gguf(descriptor, metadata);
  metadata.integer("general.file_type", file_type(type));
  metadata.integer("general.quantization_version", kQuantizationVersion);
  metadata.append(std::as_bytes(std::span(options.metadata, static_cast<size_t>(options.metadata_bytes))),
                  static_cast<uint64_t>(options.metadata_count));
  Writer writer(path, descriptor, type);
  writer.add_all(tensors);
  writer.write(metadata);
}

}  // namespace px
