// What a kernel computes with.
#pragma once

#include "base/isa.h"
#include "base/pool.h"

namespace px {

class Device;

struct Cpu {
  Isa isa;
  Pool& pool;
  Device* device = nullptr;  // computes in the processor's place what has a form for it
};

}  // namespace px
