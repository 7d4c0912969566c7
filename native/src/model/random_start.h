// Weights that no file holds: a shape from a config.json, numbers from a seed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/weights.h"

namespace px {

// `path` is a config.json or the folder that holds it. Matrices are N(0, initializer_range^2) (the config's key, 0.02
// without it), norms 1, biases 0, as transformers starts a model; tensor i is stream i + 1 of the seed, see
// normal_fill.h. Throws what reading a folder's config.json throws.
std::shared_ptr<Weights> create_weights(const std::shared_ptr<Engine>& engine, const std::string& path, uint64_t seed);

}  // namespace px
