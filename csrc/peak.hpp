// The machine's own float32 peak: the yardstick of every kernel.
#pragma once

namespace recollect {

// One copy for each instruction set that peak.cpp is compiled for.
#define RECOLLECT_DECLARE(isa) \
  namespace isa {              \
  double peak_flops(double seconds); \
  }
RECOLLECT_DECLARE(baseline)
RECOLLECT_DECLARE(avx2)
RECOLLECT_DECLARE(avx512)
#undef RECOLLECT_DECLARE

}  // namespace recollect
