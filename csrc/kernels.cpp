// Compiled once for each instruction set, each time into a namespace of its own (RECOLLECT_ISA): the table of cells.
#include "kernels.hpp"

#include "backward.hpp"
#include "cells/lstm.hpp"
#include "forward.hpp"

namespace recollect::RECOLLECT_ISA {

namespace {

template <class T>
using LstmTanh = Lstm<T, Tanh>;
template <class T>
using LstmRelu = Lstm<T, Relu>;

// Calls work with the type of the numbers and the cell that the layer names.
template <class Work>
void choose(const Layer& layer, Work&& work) {
  const auto with = [&]<template <class> class Tanhs, template <class> class Relus>() {
    const bool tanh = layer.squash == Squash::tanh;
    if (layer.wide) return tanh ? work.template operator()<double, Tanhs<double>>() : work.template operator()<double, Relus<double>>();
    return tanh ? work.template operator()<float, Tanhs<float>>() : work.template operator()<float, Relus<float>>();
  };
  switch (layer.kind) {
    case Kind::lstm: return with.template operator()<LstmTanh, LstmRelu>();
    default: return;
  }
}

}  // namespace

int rows() { return kRows; }

void forward(const Layer& layer, const Plan& plan) {
  choose(layer, [&]<class T, class Cell>() { Forward<T, Cell>(layer, plan).run(); });
}

void backward(const Layer& layer, const Plan& plan) {
  choose(layer, [&]<class T, class Cell>() { Backward<T, Cell>(layer, plan).run(); });
}

}  // namespace recollect::RECOLLECT_ISA
