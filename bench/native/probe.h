// The machine's limits, measured: rates of memory and of arithmetic.
#pragma once

#include <nlohmann/json.hpp>

#include "base/isa.h"

namespace px::bench {

// About a second on pinned threads. Rates of memory in bytes a second, counted as a program sees them: without the
// reads that ordinary stores cause. Arithmetic in FLOP a second.
//
//   read, copy, copy_nt, triad, triad_nt, update: with all threads ("nt": stores past the caches; update: four arrays
//   read and three of them written, as an optimizer does); read_one: with one thread
//   fp32, bf16, fp32_one, bf16_one: multiply-adds in registers, at the level given
nlohmann::json probe(Isa isa, int threads);

}  // namespace px::bench
