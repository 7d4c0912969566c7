// The shape of the 135M model that the engine is measured on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proximal/proximal.h"

namespace px::bench {

inline constexpr double kLayers = 30, kHidden = 576, kProjected = 960, kFeatures = 1536, kKeyValues = 2 * 192, kVocabulary = 49152;
// Multiply-adds of a token in the layers' matrices, and in the head.
inline constexpr double kBody = kLayers * (kHidden * kProjected + kHidden * kHidden + 3 * kHidden * kFeatures);
inline constexpr double kHead = kHidden * kVocabulary;

// Attention of a row that sees `keys` keys: q k and p v.
inline double attention_flop(double keys) { return 4 * kLayers * kHidden * keys; }

std::vector<int32_t> random_tokens(int64_t count, uint64_t seed);

using Engine = std::unique_ptr<px_engine, decltype(&px_engine_release)>;

// A backend with the products that it is measured with: the engine's own in bf16, LibTorch's in fp32.
Engine engine_of(px_backend backend, int threads);

using Weights = std::unique_ptr<px_weights, decltype(&px_weights_release)>;

// Weights of that shape from a seed.
Weights random_135m(px_engine* engine, uint64_t seed);

}  // namespace px::bench
