// What a cell sees of one row and one vector of units, and what it gives back. A cell is two pointwise functions.
#pragma once

#include "../math.hpp"
#include "../simd.hpp"

namespace recollect::RECOLLECT_ISA {

// The state before the step. gap: the time since the step before, where the layer is told.
template <class T>
struct Before {
  Vec<T> c, h;
  T gap;
};

template <class T>
struct After {
  Vec<T> c, h;
};

// Gradients that reach the state before the step without going through R.
template <class T>
struct Back {
  Vec<T> dc, dh;
};

// The cell's own parameters for these units: row n of E.
template <class T>
struct Own {
  const T* at;
  int64_t stride;
  int lanes;
  Vec<T> operator()(int n) const { return load_part(at + n * stride, lanes); }
};

// What squashes the candidate and the output; the slope is taken from the value that came out.
template <class T>
struct Tanh {
  static Vec<T> value(Vec<T> x) { return tanh(x); }
  static Vec<T> slope(Vec<T> value) { return T{1} - value * value; }
};

template <class T>
struct Relu {
  static Vec<T> value(Vec<T> x) { return x < T{0} ? Vec<T>{} : x; }  // NaN stays NaN
  static Vec<T> slope(Vec<T> value) { return value > T{0} ? splat(T{1}) : Vec<T>{}; }
};

}  // namespace recollect::RECOLLECT_ISA
