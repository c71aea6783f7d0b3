// The cell with a forget gate: c = f * c + i * g, h = o * squash(c); gates i f g o.
// Gers, Schmidhuber & Cummins 2000, "Learning to forget", section 3. The equations are in nn/cells.py, their
// derivatives are derived in docs/explanation/kernel.md.
#pragma once

#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, template <class> class Squash>
struct Lstm {
  static constexpr Shape shape{.gates = 4, .saved = 4};

  RECOLLECT_INLINE static Vec<T> forward(const Vec<T>* sums, const Before<T>& before, const Own<T>&, Vec<T>* saved) {
    values<T, Sigmoid, Sigmoid, Squash, Sigmoid>(sums, saved);
    const Vec<T> i = saved[0], f = saved[1], g = saved[2];
    return f * before.c + i * g;
  }

  RECOLLECT_INLINE static Vec<T> show(Vec<T> o, Vec<T> c) { return o * value<T, Squash>(c); }

  RECOLLECT_INLINE static Back<T> backward(const Vec<T>* saved, const Before<T>& before, const Own<T>&, After<T> after, Vec<T>* grads) {
    const Vec<T> i = saved[0], f = saved[1], g = saved[2], o = saved[3];
    const Vec<T> s = value<T, Squash>(f * before.c + i * g);
    const Vec<T> dc = after.c + after.h * o * Squash<T>::slope(s);
    grads[0] = dc * g * i * (T{1} - i);
    grads[1] = dc * before.c * f * (T{1} - f);
    grads[2] = dc * i * Squash<T>::slope(g);
    grads[3] = after.h * s * o * (T{1} - o);
    return {dc * f, Vec<T>{}};
  }
};

}  // namespace recollect::RECOLLECT_ISA
