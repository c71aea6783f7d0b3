// The lstm that forgets what it overwrites, f = 1 - i; gates i g o.
// Greff et al. 2017, "LSTM: a search space odyssey", section 3 (CIFG).
#pragma once

#include "cell.hpp"

namespace recollect::RECOLLECT_ISA {

template <class T, template <class> class Squash>
struct Coupled {
  static constexpr Shape shape{.gates = 3, .saved = 3};

  RECOLLECT_INLINE static Vec<T> forward(const Vec<T>* sums, const Before<T>& before, const Own<T>&, Vec<T>* saved) {
    values<T, Sigmoid, Squash, Sigmoid>(sums, saved);
    const Vec<T> i = saved[0], g = saved[1];
    return (T{1} - i) * before.c + i * g;
  }

  RECOLLECT_INLINE static Vec<T> show(Vec<T> o, Vec<T> c) { return o * value<T, Squash>(c); }

  RECOLLECT_INLINE static Back<T> backward(const Vec<T>* saved, const Before<T>& before, const Own<T>&, After<T> after, Vec<T>* grads) {
    const Vec<T> i = saved[0], g = saved[1], o = saved[2];
    const Vec<T> s = value<T, Squash>((T{1} - i) * before.c + i * g);
    const Vec<T> dc = after.c + after.h * o * Squash<T>::slope(s);
    grads[0] = dc * (g - before.c) * i * (T{1} - i);
    grads[1] = dc * i * Squash<T>::slope(g);
    grads[2] = after.h * s * o * (T{1} - o);
    return {dc * (T{1} - i), Vec<T>{}};
  }
};

}  // namespace recollect::RECOLLECT_ISA
