// The only file that knows Python: recollect._core.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "accuracy.hpp"
#include "cpu.hpp"
#include "peak.hpp"
#include "recurrence.hpp"

namespace nb = nanobind;
using recollect::Kind;
using recollect::Layer;
using recollect::Sequence;
using recollect::Squash;

namespace {

double peak_flops(double seconds) {
  const std::string isa = recollect::chosen_instruction_set();
#if defined(__x86_64__)
  if (isa == "avx512") return recollect::avx512::peak_flops(seconds);
  if (isa == "avx2") return recollect::avx2::peak_flops(seconds);
#endif
  return recollect::baseline::peak_flops(seconds);
}

std::pair<double, double> worst_error(const std::string& name, bool wide, uint64_t stride) {
  using recollect::Function;
  if (name != "exp" && name != "sigmoid" && name != "tanh") throw std::invalid_argument("there is no " + name);
  if (stride == 0) throw std::invalid_argument("stride is 0, and must be at least 1");
  const Function function = name == "exp" ? Function::exp : name == "tanh" ? Function::tanh : Function::sigmoid;
  const std::string isa = recollect::chosen_instruction_set();
#if defined(__x86_64__)
  if (isa == "avx512") return recollect::avx512::worst_error(function, wide, stride);
  if (isa == "avx2") return recollect::avx2::worst_error(function, wide, stride);
#endif
  return recollect::baseline::worst_error(function, wide, stride);
}

// Holds on to the interpreter: letting go of it would take as long as a small step.
void step(Layer& layer, recollect::Address x, recollect::Address h0, recollect::Address c0, recollect::Address y,
          recollect::Address hT, recollect::Address cT) {
  layer.x.at = x;
  layer.h0 = h0;
  layer.c0 = c0;
  layer.y.at = y;
  layer.hT = hT;
  layer.cT = cT;
  recollect::forward(layer);
}

void bind_layer(nb::module_& module) {
  nb::enum_<Kind>(module, "Kind")
      .value("lstm", Kind::lstm)
      .value("peephole", Kind::peephole)
      .value("coupled", Kind::coupled)
      .value("layernorm", Kind::layernorm)
      .value("decay", Kind::decay)
      .value("gru", Kind::gru)
      .value("rnn", Kind::rnn);
  nb::enum_<Squash>(module, "Squash").value("tanh", Squash::tanh).value("relu", Squash::relu);
  nb::class_<Sequence>(module, "Sequence", "An address, and how many values lie between two times and two rows.")
      .def("__init__", [](Sequence* self, recollect::Address at, int64_t time, int64_t row) {
        new (self) Sequence{at, time, row};
      });
  nb::class_<Layer>(module, "Layer", "A layer over a sequence, by addresses: csrc/recurrence.hpp says what each is.")
      .def(nb::init<>())
      .def(nb::init<const Layer&>())
      .def_rw("kind", &Layer::kind)
      .def_rw("squash", &Layer::squash)
      .def_rw("wide", &Layer::wide)
      .def_rw("reverse", &Layer::reverse)
      .def_rw("threads", &Layer::threads)
      .def_rw("T", &Layer::T)
      .def_rw("B", &Layer::B)
      .def_rw("I", &Layer::I)
      .def_rw("H", &Layer::H)
      .def_rw("P", &Layer::P)
      .def_rw("x", &Layer::x)
      .def_rw("lengths", &Layer::lengths)
      .def_rw("h0", &Layer::h0)
      .def_rw("c0", &Layer::c0)
      .def_rw("W", &Layer::W)
      .def_rw("R", &Layer::R)
      .def_rw("b", &Layer::b)
      .def_rw("E", &Layer::E)
      .def_rw("Q", &Layer::Q)
      .def_rw("gaps", &Layer::gaps)
      .def_rw("h_mask", &Layer::h_mask)
      .def_rw("zone_c", &Layer::zone_c)
      .def_rw("zone_h", &Layer::zone_h)
      .def_rw("zone_mean", &Layer::zone_mean)
      .def_rw("seed", &Layer::seed)
      .def_rw("y", &Layer::y)
      .def_rw("hT", &Layer::hT)
      .def_rw("cT", &Layer::cT)
      .def_rw("gates", &Layer::gates)
      .def_rw("gate", &Layer::gate)
      .def_rw("cells", &Layer::cells)
      .def_rw("norms", &Layer::norms)
      .def_rw("inner", &Layer::inner)
      .def_rw("dy", &Layer::dy)
      .def_rw("dhT", &Layer::dhT)
      .def_rw("dcT", &Layer::dcT)
      .def_rw("dx", &Layer::dx)
      .def_rw("dh0", &Layer::dh0)
      .def_rw("dc0", &Layer::dc0)
      .def_rw("dW", &Layer::dW)
      .def_rw("dR", &Layer::dR)
      .def_rw("db", &Layer::db)
      .def_rw("dE", &Layer::dE)
      .def_rw("dQ", &Layer::dQ);
}

}  // namespace

NB_MODULE(_core, module) {
  nb::set_leak_warnings(false);  // at exit a traceback may still hold a Layer: nothing that a user could mend
  module.doc() = "The compiled core of Recollect.";
  module.def("instruction_sets", &recollect::instruction_sets,
             "Instruction sets that this build and this processor share, the widest last.");
  module.def("chosen_instruction_set", &recollect::chosen_instruction_set,
             "The widest instruction set, or the one that RECOLLECT_ISA names; ValueError if it is not offered.");
  module.def("peak_flops", &peak_flops, nb::arg("seconds"), nb::call_guard<nb::gil_scoped_release>(),
             "Measured float32 operations a second on one thread, from registers alone; an FMA counts as two.");
  module.def("worst_error", &worst_error, nb::arg("name"), nb::arg("double"), nb::arg("stride"),
             nb::call_guard<nb::gil_scoped_release>(),
             "Largest error of exp, sigmoid or tanh in units of the last place, and where; csrc/accuracy.hpp says how.");
  bind_layer(module);
  module.def("forward", &recollect::forward, nb::arg("layer"), nb::call_guard<nb::gil_scoped_release>(),
             "Read a sequence: fills what the layer names as written by the forward pass. Checks no shape.");
  module.def("step", &step, nb::arg("layer"), nb::arg("x"), nb::arg("h0"), nb::arg("c0"), nb::arg("y"), nb::arg("hT"),
             nb::arg("cT"), "forward of one step at these addresses, everything else as it was; for streams.");
  module.def("backward", &recollect::backward, nb::arg("layer"), nb::call_guard<nb::gil_scoped_release>(),
             "The gradients of a sequence that forward has read. Checks no shape.");
}
