#include "base/isa.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace px {
namespace {

constexpr std::array<std::string_view, 4> kNames{"scalar", "avx2", "avx512", "avx512bf16"};

// The compiler's checks ask the processor and whether the operating system keeps the wide registers.
std::vector<Isa> detect() {
  std::vector<Isa> found{Isa::kScalar};
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2"))
    return found;
  found.push_back(Isa::kAvx2);
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512cd"))
    return found;
  found.push_back(Isa::kAvx512);
  if (__builtin_cpu_supports("avx512bf16")) found.push_back(Isa::kAvx512Bf16);
  return found;
}

}  // namespace

std::string_view name_of(Isa isa) { return kNames[static_cast<size_t>(isa)]; }

const std::vector<Isa>& usable_isas() {
  static const std::vector<Isa> isas = detect();
  return isas;
}

Isa choose_isa() {
  const char* wanted = std::getenv("PROXIMAL_ISA");
  if (wanted == nullptr || *wanted == '\0') return usable_isas().back();
  const auto name = std::ranges::find(kNames, std::string_view(wanted));
  check(name != kNames.end(), PX_INVALID_ARGUMENT,
        "environment PROXIMAL_ISA: expected scalar, avx2, avx512 or avx512bf16, got '", wanted, "'");
  const auto isa = static_cast<Isa>(name - kNames.begin());
  check(std::ranges::find(usable_isas(), isa) != usable_isas().end(), PX_UNSUPPORTED, "environment PROXIMAL_ISA: '",
        wanted, "' is more than this machine has; its best is ", std::string(name_of(usable_isas().back())));
  return isa;
}

}  // namespace px
