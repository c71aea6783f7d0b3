// What the processor can do, asked at run time.
#pragma once

#include <string>
#include <vector>

namespace recollect {

// Names of the instruction sets that both this build and this processor have, the widest last:
// "baseline", "avx2", "avx512" on x86-64; "neon" on arm64; "baseline" elsewhere.
std::vector<std::string> instruction_sets();

// The widest of them, or the one that the environment variable RECOLLECT_ISA names.
// Throws std::invalid_argument if that one is not among instruction_sets().
std::string chosen_instruction_set();

}  // namespace recollect
