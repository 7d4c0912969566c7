#include "shape_135m.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "suite.h"

namespace px::bench {
namespace {

constexpr const char* kConfig = R"({"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 49152,
  "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
  "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 100000, "tie_word_embeddings": true})";

}  // namespace

std::vector<int32_t> random_tokens(int64_t count, uint64_t seed) {
  const Array<int32_t> tokens(count, 100, kVocabulary);
  std::vector<int32_t> all(tokens.data(), tokens.data() + count);
  std::rotate(all.begin(), all.begin() + static_cast<ptrdiff_t>(seed % static_cast<uint64_t>(count)), all.end());
  return all;
}

Engine engine_of(px_backend backend, int threads) {
  auto options = make_args<px_engine_options>();
  options.threads = threads;
  options.backend = backend;
  options.products = backend == PX_BACKEND_CORE ? PX_PRODUCTS_BF16 : PX_PRODUCTS_F32;
  px_engine* engine = nullptr;
  Suite::check(px_engine_create(&options, &engine));
  return {engine, &px_engine_release};
}

Weights random_135m(px_engine* engine, uint64_t seed) {
  const auto config = std::filesystem::temp_directory_path() / ("proximal_bench_" + std::to_string(getpid()) + ".json");
  std::ofstream(config) << kConfig;
  px_weights* weights = nullptr;
  const px_status made = px_weights_create(engine, config.c_str(), seed, &weights);
  std::filesystem::remove(config);
  Suite::check(made);
  return {weights, &px_weights_release};
}

}  // namespace px::bench
