// llama2.c's `.bin` files (the first format, without a magic number). https://github.com/karpathy/llama2.c
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "model/weights.h"

namespace px {

// The header's sizes as a descriptor. Throws PX_CORRUPT_DATA when they or the file's size make no sense.
Descriptor read_llama2c_header(std::span<const std::byte> bytes, const std::string& file);

std::shared_ptr<Weights> load_llama2c(const std::shared_ptr<Engine>& engine, const std::string& path);

}  // namespace px
