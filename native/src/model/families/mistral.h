// Mistral: Llama without biases, and with a window over the last tokens (Jiang et al., arXiv 2310.06825).
#pragma once

#include "model/families/family.h"

namespace px {

extern const Family kMistral;

}  // namespace px
