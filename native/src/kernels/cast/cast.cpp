#include "kernels/cast/cast.h"

#include "kernels/checks.h"

namespace px::kernels {

void cast(const Cpu& cpu, const float* x, int64_t n, uint16_t* out) {
  check_count(n, "n");
  cpu.isa == Isa::kScalar ? cast_ref(x, n, out) : cast_cpu(cpu, x, n, out);
}

void cast(const Cpu& cpu, const uint16_t* x, int64_t n, float* out) {
  check_count(n, "n");
  cpu.isa == Isa::kScalar ? cast_ref(x, n, out) : cast_cpu(cpu, x, n, out);
}

}  // namespace px::kernels
