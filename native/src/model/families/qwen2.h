// Qwen2 and Qwen2.5: Llama with biases on queries, keys and values (arXiv 2407.10671).
#pragma once

#include "model/families/family.h"

namespace px {

extern const Family kQwen2;

}  // namespace px
