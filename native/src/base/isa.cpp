#include "base/isa.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace px {
namespace {

constexpr std::array<std::string_view, 5> kNames{"scalar", "avx2", "avx512", "avx512bf16", "amx"};

// Whether there are matrix units for bf16 whose tiles Linux keeps for this process: it has to be asked for them, and
// refuses where a thread's stack for signals could not hold them.
bool has_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned kTile = 1u << 24, kBf16 = 1u << 22;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kTile) == 0 || (d & kBf16) == 0) return false;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;  // asm/prctl.h of kernels from 5.16 on
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

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
  if (!__builtin_cpu_supports("avx512bf16")) return found;
  found.push_back(Isa::kAvx512Bf16);
  if (has_tiles()) found.push_back(Isa::kAmx);
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
        "environment PROXIMAL_ISA: expected scalar, avx2, avx512, avx512bf16 or amx, got '", wanted, "'");
  const auto isa = static_cast<Isa>(name - kNames.begin());
  check(std::ranges::find(usable_isas(), isa) != usable_isas().end(), PX_UNSUPPORTED, "environment PROXIMAL_ISA: '",
        wanted, "' is more than this machine has; its best is ", std::string(name_of(usable_isas().back())));
  return isa;
}

}  // namespace px
