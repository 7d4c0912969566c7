#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "model/families/family.h"
#include "model/formats/huggingface.h"
#include "model/formats/mapped_file.h"
#include "model/formats/peft.h"
#include "model/formats/scalar_head.h"
#include "model/formats/tensor_files.h"

namespace px {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHeadName = "lm_head.weight";

// What OpenRLHF calls its models with a scalar head, whatever the family.
constexpr std::array kOpenRlhfClasses = {"RewardModel", "CriticModel", "LLMForSequenceRegression"};

// --- config.json ---

const Family& read_family(const JsonReader& config) {
  const std::string type = config.string("model_type", "");
  check(!type.empty(), PX_CORRUPT_DATA, config.where(), ": key 'model_type' is missing: expected one of ",
        family_names(), "; add it or copy the original file again");
  const Family* family = find_family(type);
  check(family != nullptr, PX_UNSUPPORTED, config.where(), ": key 'model_type': this version reads ", family_names(),
        ", got ", in_quotes(type), "; take a model of one of these families");
  return *family;
}

[[noreturn]] void fail_labels(const std::string& where, const std::string& got) {
  fail(PX_UNSUPPORTED, where, ": this version reads classifiers with one label (rewards), got ", got,
       "; take a reward model");
}

void check_one_label(const JsonReader& config) {
  const int64_t labels = config.integer("num_labels", 0, INT32_MAX, 1);
  if (labels != 1) fail_labels(config.where() + ": key 'num_labels'", std::to_string(labels));
  const Json* names = config.find("id2label");
  if (names != nullptr && names->size() != 1) fail_labels(config.where() + ": key 'id2label'", shown(*names));
}

// OpenRLHF's reward models may subtract a mean and divide by a deviation that they have measured.
void refuse_normalisation(const JsonReader& config) {
  check(!config.boolean("normalize_reward", false), PX_UNSUPPORTED, config.where(),
        ": key 'normalize_reward': this version computes scores as the head gives them, got true; set it to false and "
        "let the run normalise the scores");
}

bool read_classifier(const JsonReader& config, const Family& family) {
  const Json* architectures = config.find("architectures");
  if (architectures == nullptr) return false;
  check(architectures->is_array() && architectures->size() == 1 && architectures->front().is_string(), PX_CORRUPT_DATA,
        config.where(), ": key 'architectures': expected a list of one text, got ", shown(*architectures),
        "; correct it");
  const auto name = architectures->front().get<std::string>();
  if (name == family.language_model) return false;
  if (name == family.classifier) {
    check_one_label(config);
    return true;
  }
  check(std::ranges::find(kOpenRlhfClasses, name) != kOpenRlhfClasses.end(), PX_UNSUPPORTED, config.where(),
        ": key 'architectures': this version reads ", family.language_model, " and ", family.classifier,
        " of this model_type, got ", in_quotes(name), "; take another model");
  return true;
}

// --- the model's tensors among them ---

// Neither stays in this process's memory.
bool same_tensor(const TensorFiles::Entry& a, const TensorFiles::Entry& b) {
  constexpr size_t kPart = size_t{1} << 19;
  bool same = a.tensor->dtype == b.tensor->dtype && a.tensor->shape == b.tensor->shape;
  const size_t bytes = a.tensor->data.size();
  for (size_t begin = 0; same && begin < bytes; begin += kPart) {
    const size_t size = std::min(kPart, bytes - begin);
    same = std::memcmp(a.tensor->data.data() + begin, b.tensor->data.data() + begin, size) == 0;
    a.mapped->release(a.tensor->data.subspan(begin, size));
    b.mapped->release(b.tensor->data.subspan(begin, size));
  }
  return same;
}

// transformers 4 and 5 disagree about which one counts when they differ.
void check_redundant_head(const TensorFiles& files, const Family& family) {
  const TensorFiles::Entry* head = files.find(kHeadName);
  const TensorFiles::Entry* embedding = files.find(family.embedding);
  check(head == nullptr || same_tensor(*head, *embedding), PX_CORRUPT_DATA, files.where(), ": tensor '", kHeadName,
        "' differs from '", family.embedding,
        "', though config.json says 'tie_word_embeddings': true; set it to false or remove the tensor");
}

// A tensor that this version would leave out of the mathematics is refused, not passed over.
void check_nothing_foreign(const TensorFiles& files, const Layout& layout, const Family& family, bool tied,
                           const std::string& scalar_head) {
  std::set<std::string> known;
  for (const TensorSpec& spec : layout.tensors) known.insert(spec.name);
  if (tied) known.insert(kHeadName);
  if (!scalar_head.empty()) known.insert({scalar_head + ".weight", scalar_head + ".bias"});
  for (const auto& [name, entry] : files.entries())
    check(known.contains(name) || family.ignores(name), PX_UNSUPPORTED, *entry.file, ": tensor ", in_quotes(name),
          " is no part of a ", family.name,
          " model with this config.json (a bias that keys such as 'attention_bias' do not mention, or another family); "
          "correct config.json "
          "or take another model");
}

// The head that a classifier must have, or that stands beside or in the place of a language model's; empty: none.
std::string choose_scalar_head(const TensorFiles& files, const FolderConfig& config) {
  const std::string found = find_scalar_head(files, config.scalar_head_names);
  if (!found.empty() || !config.classifier) return found;
  files.required("score.weight", {1, config.descriptor.hidden});  // says that it is missing
  return found;
}

void check_score_shape(const TensorFiles& files, const std::string& name) {
  const TensorFiles::Entry* entry = name.empty() ? nullptr : files.find(name + ".weight");
  if (entry != nullptr && entry->tensor->shape.size() == 2 && entry->tensor->shape[0] != 1)
    fail_labels(*entry->file + ": tensor '" + name + ".weight'", shape_text(entry->tensor->shape));
}

}  // namespace

FolderConfig read_config(std::string_view text, const std::string& where) {
  const Json object = parse_object(text, where);
  const JsonReader config(object, where);
  const Family& family = read_family(config);
  FolderConfig result;
  result.classifier = read_classifier(config, family);
  result.scalar_head_names = scalar_head_names(config);
  refuse_normalisation(config);
  result.descriptor = family.descriptor(config);
  return result;
}

std::shared_ptr<Weights> load_huggingface(const std::shared_ptr<Engine>& engine, const std::string& directory) {
  return is_adapter(directory) ? load_adapter(engine, directory) : load_model_folder(engine, directory);
}

std::shared_ptr<Weights> load_model_folder(const std::shared_ptr<Engine>& engine, const fs::path& folder) {
  const MappedFile config_file((folder / "config.json").string());
  FolderConfig config = read_config(config_file.text(), config_file.path());
  const Family& family = family_of(config.descriptor.family);

  TensorFiles files(folder, "model", "pytorch_model.bin");
  files.rename(family.modern_name);
  const std::string scalar_head = choose_scalar_head(files, config);
  check_score_shape(files, scalar_head);
  Descriptor& d = config.descriptor;
  if (!scalar_head.empty() && !d.tied) d.lm_head = files.find(kHeadName) != nullptr;
  const Layout layout = family.layout(d);
  // Every tensor is found and measured before memory is taken for any.
  for (const TensorSpec& spec : layout.tensors) files.required(spec.name, spec.shape);
  check_nothing_foreign(files, layout, family, d.tied, scalar_head);
  if (d.tied) check_redundant_head(files, family);

  auto weights = std::make_shared<Weights>(engine, d, std::string(config_file.text()));
  for (const TensorSpec& spec : weights->tensors())
    TensorFiles::read(*files.find(spec.name), spec.name, weights->data() + spec.offset);
  const TensorFiles::Entry& embedding = *files.find(family.embedding);
  weights->storage_dtype = float_dtype(*embedding.tensor, *embedding.file, family.embedding);
  if (!scalar_head.empty()) read_scalar_head(files, scalar_head, *weights);
  // With no other head it is a reward or value model, whatever its class is called.
  if (config.classifier || !(d.tied || d.lm_head)) weights->file_head = PX_HEAD_SCALAR;
  return weights;
}

}  // namespace px
