// Llama 1 to 3, SmolLM and other models of this type: RMS norms, gated SiLU, rotary positions, full attention.
#pragma once

#include "model/families/family.h"

namespace px {

extern const Family kLlama;

}  // namespace px
