// GPT-2: layer norms, GELU, learned positions, biases everywhere, matrices [in, out] (Radford et al. 2019).
#pragma once

#include "model/families/family.h"

namespace px {

extern const Family kGpt2;

}  // namespace px
