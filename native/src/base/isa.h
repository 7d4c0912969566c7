// Instruction sets that the kernels are compiled for, and the one that an engine uses.
#pragma once

#include <string_view>
#include <vector>

namespace px {

// Each includes those before it. Scalar: the references, in double and one element at a time.
enum class Isa { kScalar, kAvx2, kAvx512, kAvx512Bf16, kAmx };

// scalar, avx2, avx512, avx512bf16, amx.
std::string_view name_of(Isa isa);

// What this processor and its operating system run, in ascending order; at least scalar.
const std::vector<Isa>& usable_isas();

// The best one, or the one that the environment variable PROXIMAL_ISA names. Throws PX_INVALID_ARGUMENT when that is no
// level, PX_UNSUPPORTED when this machine lacks it.
Isa choose_isa();

}  // namespace px
