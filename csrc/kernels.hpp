// What each instruction set's copy of the kernels offers.
#pragma once

#include "plan.hpp"
#include "recurrence.hpp"

namespace recollect {

#define RECOLLECT_DECLARE(isa)                              \
  namespace isa {                                           \
  int rows(); /* at most so many go into one block */       \
  void forward(const Layer& layer, const Plan& plan);       \
  void backward(const Layer& layer, const Plan& plan);      \
  }
RECOLLECT_DECLARE(baseline)
RECOLLECT_DECLARE(avx2)
RECOLLECT_DECLARE(avx512)
#undef RECOLLECT_DECLARE

}  // namespace recollect
