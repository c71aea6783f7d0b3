// The only file that knows Python: recollect._core.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "cpu.hpp"
#include "peak.hpp"

namespace nb = nanobind;

namespace {

double peak_flops(double seconds) {
  const std::string isa = recollect::chosen_instruction_set();
#if defined(__x86_64__)
  if (isa == "avx512") return recollect::avx512::peak_flops(seconds);
  if (isa == "avx2") return recollect::avx2::peak_flops(seconds);
#endif
  return recollect::baseline::peak_flops(seconds);
}

}  // namespace

NB_MODULE(_core, module) {
  module.doc() = "The compiled core of Recollect.";
  module.def("instruction_sets", &recollect::instruction_sets,
             "Instruction sets that this build and this processor share, the widest last.");
  module.def("chosen_instruction_set", &recollect::chosen_instruction_set,
             "The widest instruction set, or the one that RECOLLECT_ISA names; ValueError if it is not offered.");
  module.def("peak_flops", &peak_flops, nb::arg("seconds"), nb::call_guard<nb::gil_scoped_release>(),
             "Measured float32 operations a second on one thread, from registers alone; an FMA counts as two.");
}
