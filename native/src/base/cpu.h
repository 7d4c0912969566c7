// What a kernel computes with.
#pragma once

#include "base/isa.h"
#include "base/pool.h"

namespace px {

struct Cpu {
  Isa isa;
  Pool& pool;
};

}  // namespace px
