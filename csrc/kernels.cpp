// Compiled once for each instruction set, each time into a namespace of its own (RECOLLECT_ISA): the table of cells.
#include "kernels.hpp"

#include "backward.hpp"
#include "cells/coupled.hpp"
#include "cells/decay.hpp"
#include "cells/gru.hpp"
#include "cells/layernorm.hpp"
#include "cells/lstm.hpp"
#include "cells/peephole.hpp"
#include "cells/rnn.hpp"
#include "forward.hpp"
#include "whole_row.hpp"

namespace recollect::RECOLLECT_ISA {

namespace {

// Calls work with the type of the numbers and the cell that the layer names.
template <template <class, template <class> class> class Cell, class Work>
void choose(const Layer& layer, Work&& work) {
  const bool relu = layer.squash == Squash::relu;
  if (layer.wide) {
    relu ? work.template operator()<double, Cell<double, Relu>>() : work.template operator()<double, Cell<double, Tanh>>();
  } else {
    relu ? work.template operator()<float, Cell<float, Relu>>() : work.template operator()<float, Cell<float, Tanh>>();
  }
}

template <class Work>
void choose(const Layer& layer, Work&& work) {
  switch (layer.kind) {
    case Kind::lstm: return choose<Lstm>(layer, work);
    case Kind::peephole: return choose<Peephole>(layer, work);
    case Kind::coupled: return choose<Coupled>(layer, work);
    case Kind::layernorm: return choose<LayerNorm>(layer, work);
    case Kind::decay: return choose<Decay>(layer, work);
    case Kind::gru: return choose<Gru>(layer, work);
    case Kind::rnn: return choose<Rnn>(layer, work);
    default: return;
  }
}

}  // namespace

int rows() { return kRows; }

void forward(const Layer& layer, const Plan& plan) {
  choose(layer, [&]<class T, class Cell>() {
    if constexpr (Cell::shape.whole) {
      Forward<T>(layer, plan, Cell::shape, &Forward<T>::hold, &Forward<T>::template finish_whole<Cell>).run();
    } else {
      Forward<T>(layer, plan, Cell::shape, &Forward<T>::template finish<Cell>, nullptr).run();
    }
  });
}

void backward(const Layer& layer, const Plan& plan) {
  choose(layer, [&]<class T, class Cell>() {
    if constexpr (Cell::shape.whole) {
      Backward<T>(layer, plan, Cell::shape, &Backward<T>::hold, &Backward<T>::template retrace_whole<Cell>).run();
    } else {
      Backward<T>(layer, plan, Cell::shape, &Backward<T>::template retrace<Cell>, nullptr).run();
    }
  });
}

}  // namespace recollect::RECOLLECT_ISA
