// Qwen3: Llama with an RMS norm on each query and key head, and a head size of its own (arXiv 2505.09388).
#pragma once

#include "model/families/family.h"

namespace px {

extern const Family kQwen3;

}  // namespace px
