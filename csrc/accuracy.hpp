// How far the vector functions of math.hpp are from the truth.
#pragma once

#include <cstdint>
#include <utility>

namespace recollect {

enum class Function : int { exp, sigmoid, tanh };

// The largest error in units of the last place, and the argument where it was found. float32: over every stride-th bit
// pattern; float64: over every stride-th of 2^24 arguments, all exponents and both signs. The truth is the library's
// function in the next wider type. Results below the smallest normal number count in units of that number's last place,
// and exp is asked for x <= 0 alone.
#define RECOLLECT_DECLARE(isa)                                                                    \
  namespace isa {                                                                                 \
  std::pair<double, double> worst_error(Function function, bool wide, uint64_t stride);           \
  }
RECOLLECT_DECLARE(baseline)
RECOLLECT_DECLARE(avx2)
RECOLLECT_DECLARE(avx512)
#undef RECOLLECT_DECLARE

}  // namespace recollect
