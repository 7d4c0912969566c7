#include "model/families/family.h"

#include <array>

#include "base/error.h"
#include "model/families/gpt2.h"
#include "model/families/llama.h"
#include "model/families/mistral.h"
#include "model/families/qwen2.h"
#include "model/families/qwen3.h"

namespace px {
namespace {

constexpr std::array kFamilies = {&kLlama, &kMistral, &kQwen2, &kQwen3, &kGpt2};

}  // namespace

const Family& family_of(FamilyId id) {
  for (const Family* family : kFamilies)
    if (family->id == id) return *family;
  fail(PX_INTERNAL, "family: unknown id");
}

const Family* find_family(const std::string& model_type) {
  for (const Family* family : kFamilies)
    if (model_type == family->model_type) return family;
  return nullptr;
}

std::string family_names() {
  std::string names;
  for (const Family* family : kFamilies) names += (names.empty() ? "'" : ", '") + std::string(family->model_type) + "'";
  return names;
}

}  // namespace px
